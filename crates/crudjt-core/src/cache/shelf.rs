//! What the engine knows of a shelf: copies of records for readers that do not ask the store.
//!
//! Invariants: a copy is taken off after the change was journalled and before anybody can see it; a
//! copy that was read before a change and arrives after it is refused, by the mark. So whoever finds a
//! copy, finds what the store would have given. Records with a read limit are never copied.

use std::time::Duration;

/// For how long a reader of a shelf believes in its owner after it last saw it alive.
pub const SHELF_LEASE: Duration = Duration::from_millis(1);

/// A record as it was read.
#[derive(Clone, Copy)]
pub struct ShelfCopy<'a> {
    /// The 16 bytes that the token's text stands for.
    pub token: &'a [u8; 16],
    /// The id of the record.
    pub id: u64,
    /// When it expires, in milliseconds since 1970 of the store's time; the maximum for never.
    pub expiry: u64,
    /// Its data.
    pub data: &'a [u8],
}

/// A shelf.
pub trait Shelf: Send + Sync {
    /// The number of changes so far, to be taken before a record is read.
    fn mark(&self) -> u64;

    /// Puts a copy on the shelf, unless its record was changed since the mark was taken.
    fn put(&self, mark: u64, copy: &ShelfCopy<'_>);

    /// Counts a change of a record and takes its copy off. The engine's locks are held: the store must
    /// not be called from here.
    fn take_off(&self, id: u64);

    /// Ends the shelf: after this, no reader finds anything on it. Called again, it does nothing. The
    /// engine's locks are held, as in `take_off`.
    fn close(&self);
}
