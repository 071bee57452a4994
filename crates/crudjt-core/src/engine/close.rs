//! Closes a store in order: no more calls, everything into the B-tree, the journal reduced to an
//! empty segment.

use crate::platform::sync::atomic::Ordering;
use std::sync::Arc;

use super::Engine;
use super::checkpoint::{CommitState, CoveredSegment};
use super::memtables::Memtables;
use crate::journal::Begin;
use crate::memtable::Memtable;
use crate::{Error, Result};

impl Engine {
    /// Refuses further calls, makes everything durable and releases the store. If that fails, the
    /// store is released all the same; what was synced is then still in the journal.
    pub(crate) fn close(&self) -> Result<()> {
        let last = {
            let append_state = self.append_state.lock();
            if self.closed.swap(true, Ordering::AcqRel) {
                return Ok(());
            }
            append_state.cursor.next
        };
        self.close_shelf();
        self.stop_threads();
        self.check_wall();
        let persisted = self.persist(last);
        self.release_files();
        // A running backup notices at its next step that the store is closed.
        let backing_up = self.backing_up.lock();
        let closed = self.tree.close();
        self.ownership.release();
        drop(backing_up);
        persisted.and(closed)
    }

    /// Undoes an opening that failed after the engine was assembled.
    pub(super) fn abandon(&self) {
        self.closed.store(true, Ordering::Release);
        self.stop_threads();
        self.release_files();
        // The error to report is that of the opening.
        let _ = self.tree.close();
        self.ownership.release();
    }

    /// Drops everything that maps or opens segments: Windows cannot remove or truncate such files,
    /// and a closed handle may live long.
    fn release_files(&self) {
        self.release_memtables();
        self.syncer.release_files();
        self.time.release_files();
        *self.commit_state.lock() = CommitState::default();
    }

    fn release_memtables(&self) {
        let active = Arc::new(Memtable::new(Vec::new(), 0, 0));
        self.append_state.lock().release_files(active.clone());
        self.memtables.store(Arc::new(Memtables { active, frozen: Vec::new() }));
    }

    fn stop_threads(&self) {
        self.sync_signal.raise();
        self.tree_signal.raise();
        self.backpressure.notify();
        self.spare_segments.halt();
        for thread in self.threads.lock().drain(..) {
            // A thread that panicked has latched its failure.
            let _ = thread.join();
        }
    }

    /// Syncs, then brings everything into the B-tree; the empty segment replaces the journal. A full
    /// disk keeps the journal.
    fn persist(&self, last: Begin) -> Result<()> {
        // Without a sync nobody would notice.
        let _ = self.check_owner();
        let synced = self.sync_through(last.sequence - 1);
        if let Some(error) = self.failed.get() {
            return Err(error.clone());
        }
        synced?;
        match self.settle(last) {
            // Everything is durable in the journal: the next opening brings it into the B-tree.
            Err(Error::Full { .. }) => Ok(()),
            settled => settled,
        }
    }

    /// Brings everything into the B-tree and removes the journal.
    fn settle(&self, last: Begin) -> Result<()> {
        self.make_empty_segment(last)?;
        let mut commits = self.commit_state.lock();
        let memtables = self.memtables.load_full();
        for memtable in &memtables.frozen {
            let end = memtable.end().unwrap_or(last);
            self.commit_memtable(&mut commits, memtable, end)?;
        }
        self.commit_memtable(&mut commits, &memtables.active, last)?;
        drop(memtables);
        self.commit_again(&mut commits)?;
        self.release_memtables();
        let CommitState { covered, removable } = std::mem::take(&mut *commits);
        self.remove_segments(removable.into_iter().chain(covered).collect())
    }

    /// Makes the empty segment, from which the next opening can tell that the B-tree has not fallen
    /// back. It precedes the commits, since they remove segments and the active one may have no
    /// durable begin. The spare is removed first, since segments are used in the order of their
    /// numbers.
    fn make_empty_segment(&self, last: Begin) -> Result<()> {
        let (spare, number) = self.spare_segments.take_rest();
        let unused = spare.iter().map(CoveredSegment::new).collect();
        drop(spare);
        self.remove_segments(unused)?;
        self.spare_segments.maker().release_reserve();
        self.spare_segments.maker().empty_segment(number, last).map(drop)
    }

    /// A segment that stays is not needed and does no harm: the next close removes it.
    fn remove_segments(&self, segments: Vec<CoveredSegment>) -> Result<()> {
        for covered in segments {
            let _ = self.options.environment.storage.remove(&covered.path);
        }
        let synced = self.options.environment.storage.sync_folder(self.path());
        synced.map_err(|error| Error::storage(self.path(), "sync its folder", error))
    }
}
