//! Where the store is written: all that the append lock guards.
//!
//! Invariants: the memtable is the active one of the engine's tables, which only who holds the lock
//! replaces, so whoever appends finds it here; a change is told to the watchers before the lock is left.

use std::sync::Arc;

use crate::cache::Watchers;
use crate::journal::Tail;
use crate::memtable::Memtable;

/// The end of the journal, its memtable, and who is told of changes.
pub(super) struct Front {
    pub(super) tail: Tail,
    pub(super) memtable: Arc<Memtable>,
    pub(super) watchers: Watchers,
}

impl Front {
    pub(super) fn new(tail: Tail, memtable: Arc<Memtable>) -> Front {
        Front { tail, memtable, watchers: Watchers::default() }
    }

    /// Goes on in another segment, with another memtable.
    pub(super) fn go_on(&mut self, begun: Tail, memtable: Arc<Memtable>) {
        let unsynced_since = self.tail.unsynced_since;
        self.tail = begun;
        self.tail.unsynced_since = unsynced_since;
        self.memtable = memtable;
    }

    /// Lets go of the files.
    pub(super) fn shut(&mut self, empty: Arc<Memtable>) {
        self.tail.segment = Arc::new(self.tail.segment.shut());
        self.memtable = empty;
    }
}
