//! Closing in order: no more calls, everything into the B-tree, the journal down to an empty segment.

use crate::platform::sync::atomic::Ordering;
use std::sync::Arc;

use super::{CommitState, Engine, Spent};
use crate::journal::Begin;
use crate::memtable::{Memtable, Memtables};
use crate::{Error, Result};

impl Engine {
    /// Refuses further calls, makes everything durable and releases the store. The store is
    /// released also when that fails; what was synced is then still in the journal.
    pub(crate) fn close(&self) -> Result<()> {
        let last = {
            let append_state = self.append_state.lock();
            if self.closed.swap(true, Ordering::AcqRel) {
                return Ok(());
            }
            append_state.cursor.next
        };
        self.stop_threads();
        let settled = self.settle(last);
        self.let_go_of_files();
        // A backup notices at its next step that the store is closed.
        let backing_up = self.backing_up.lock();
        let closed = self.tree.close();
        self.ownership.lock().take();
        drop(backing_up);
        settled.and(closed)
    }

    /// Undoes an opening that failed after the engine was assembled.
    pub(super) fn abandon(&self) {
        self.closed.store(true, Ordering::Release);
        self.stop_threads();
        self.let_go_of_files();
        // The error that is told is the one of the opening.
        let _ = self.tree.close();
        self.ownership.lock().take();
    }

    /// Drops what maps segments or has them open: Windows can't remove or cut such a file, and a
    /// handle that nobody uses any more may live long.
    fn let_go_of_files(&self) {
        self.let_go_of_memtables();
        self.syncer.forget();
        let mut commits = self.commit_state.lock();
        *commits = CommitState::default();
    }

    fn let_go_of_memtables(&self) {
        let active = Arc::new(Memtable::new(Vec::new(), 0, 0));
        self.append_state.lock().release_files(active.clone());
        self.memtables.store(Arc::new(Memtables { active, frozen: Vec::new() }));
    }

    fn stop_threads(&self) {
        self.sync_signal.raise();
        self.tree_signal.raise();
        self.tell_room();
        self.spare_segments.halt();
        for thread in self.threads.lock().drain(..) {
            // A thread that panicked has latched its failure.
            let _ = thread.join();
        }
    }

    fn settle(&self, last: Begin) -> Result<()> {
        let synced = self.sync_through(last.sequence - 1);
        if let Some(error) = self.failed.get() {
            return Err(error.clone());
        }
        synced?;
        self.make_witness(last)?;
        let mut commits = self.commit_state.lock();
        let memtables = self.memtables.load_full();
        for memtable in &memtables.frozen {
            let end = memtable.end().unwrap_or(last);
            self.commit_memtable(&mut commits, memtable, end)?;
        }
        self.commit_memtable(&mut commits, &memtables.active, last)?;
        drop(memtables);
        self.commit_again(&mut commits)?;
        self.let_go_of_memtables();
        let CommitState { covered, removable } = std::mem::take(&mut *commits);
        self.remove_segments(removable.into_iter().chain(covered).collect())
    }

    /// Makes the segment without entries that replaces the journal, and from which the next opening
    /// can tell that the B-tree has not fallen back. Commits remove segments, and the beginning of
    /// an active one without entries may not be durable: so the empty segment is there before them. The
    /// spare goes first, since segments are used in the order of their numbers.
    fn make_witness(&self, last: Begin) -> Result<()> {
        let (spare, number) = self.spare_segments.take_rest();
        let spent = spare.iter().map(Spent::of).collect();
        drop(spare);
        self.remove_segments(spent)?;
        self.spare_segments.maker().empty_segment(number, last).map(drop)
    }

    /// One that stays is not needed and does no harm: the next close removes it.
    fn remove_segments(&self, segments: Vec<Spent>) -> Result<()> {
        for spent in segments {
            let _ = self.options.environment.storage.remove(&spent.path);
        }
        let synced = self.options.environment.storage.sync_folder(self.path());
        synced.map_err(|error| Error::storage(self.path(), "sync its folder", error))
    }
}
