//! Where the store is written: all that the append lock guards.
//!
//! Invariants: the memtable is the active one of the engine's tables, which only who holds the lock
//! replaces, so whoever appends finds it here; a change is told to the listeners before the lock is left.

use std::sync::Arc;

use crate::cache::ChangeListeners;
use crate::journal::AppendCursor;
use crate::memtable::Memtable;

/// The end of the journal, its memtable, and who is told of changes.
pub(super) struct AppendState {
    pub(super) cursor: AppendCursor,
    pub(super) memtable: Arc<Memtable>,
    pub(super) listeners: ChangeListeners,
}

impl AppendState {
    pub(super) fn new(cursor: AppendCursor, memtable: Arc<Memtable>) -> AppendState {
        AppendState { cursor, memtable, listeners: ChangeListeners::default() }
    }

    /// Goes on in another segment, with another memtable.
    pub(super) fn switch_to(&mut self, begun: AppendCursor, memtable: Arc<Memtable>) {
        let unsynced_since = self.cursor.unsynced_since;
        self.cursor = begun;
        self.cursor.unsynced_since = unsynced_since;
        self.memtable = memtable;
    }

    /// Lets go of the files.
    pub(super) fn release_files(&mut self, empty: Arc<Memtable>) {
        self.cursor.segment = Arc::new(self.cursor.segment.closed());
        self.memtable = empty;
    }
}
