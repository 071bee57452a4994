//! The append lock and what it guards: the end of the journal and the active memtable.
//!
//! Invariants: the memtable is the active one of the engine's memtables, which only the holder of
//! the lock replaces; a change is counted for the listeners before its new state can be seen.

use std::sync::Arc;

use super::Engine;
use crate::cache::ChangeListeners;
use crate::journal::AppendCursor;
use crate::memtable::Memtable;
use crate::platform::sync::MutexGuard;

/// Everything that the append lock guards.
pub(super) struct AppendState {
    pub(super) cursor: AppendCursor,
    pub(super) memtable: Arc<Memtable>,
    pub(super) listeners: ChangeListeners,
}

impl AppendState {
    pub(super) fn new(cursor: AppendCursor, memtable: Arc<Memtable>) -> AppendState {
        AppendState { cursor, memtable, listeners: ChangeListeners::default() }
    }

    /// Continues in another segment, with another memtable.
    pub(super) fn switch_to(&mut self, begun: AppendCursor, memtable: Arc<Memtable>) {
        let unsynced_since = self.cursor.unsynced_since;
        self.cursor = begun;
        self.cursor.unsynced_since = unsynced_since;
        self.memtable = memtable;
    }

    /// Releases the files.
    pub(super) fn release_files(&mut self, empty: Arc<Memtable>) {
        self.cursor.segment = Arc::new(self.cursor.segment.closed());
        self.memtable = empty;
    }
}

impl Engine {
    /// Takes the append lock once the range for an entry of `size` bytes is not being prefaulted.
    pub(super) fn lock_for_append(&self, size: u64) -> MutexGuard<'_, AppendState> {
        let mut append_state = self.append_state.lock();
        while append_state.cursor.is_prefaulting(size) {
            self.prefaulted.wait(&mut append_state);
        }
        append_state
    }
}
