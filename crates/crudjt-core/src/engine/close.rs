//! Closing in order: no more calls, everything into the B-tree, the journal down to a witness.

use crate::platform::sync::atomic::Ordering;
use std::sync::Arc;

use super::{Engine, Spent, TreeTurn};
use crate::journal::Begin;
use crate::memtable::{Memtable, Tables};
use crate::{Error, Result};

impl Engine {
    /// Refuses further calls, makes everything durable and releases the store. The store is
    /// released also when that fails; what was synced is then still in the journal.
    pub(crate) fn close(&self) -> Result<()> {
        let last = {
            let front = self.front.lock();
            if self.closed.swap(true, Ordering::AcqRel) {
                return Ok(());
            }
            front.tail.next
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
        let mut turn = self.tree_turn.lock();
        *turn = TreeTurn::default();
    }

    fn let_go_of_memtables(&self) {
        let active = Arc::new(Memtable::new(Vec::new(), 0, 0));
        self.front.lock().shut(active.clone());
        self.tables.store(Arc::new(Tables { active, frozen: Vec::new() }));
    }

    fn stop_threads(&self) {
        self.sync_signal.raise();
        self.tree_signal.raise();
        self.tell_room();
        self.supply.halt();
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
        let mut turn = self.tree_turn.lock();
        let tables = self.tables.load_full();
        for memtable in &tables.frozen {
            let end = memtable.end().unwrap_or(last);
            self.commit_memtable(&mut turn, memtable, end)?;
        }
        self.commit_memtable(&mut turn, &tables.active, last)?;
        drop(tables);
        self.commit_again(&mut turn)?;
        self.let_go_of_memtables();
        let TreeTurn { covered, removable } = std::mem::take(&mut *turn);
        self.remove_segments(removable.into_iter().chain(covered).collect())
    }

    /// Makes the segment without entries that replaces the journal, and from which the next opening
    /// can tell that the B-tree has not fallen back. Commits remove segments, and the beginning of
    /// an active one without entries may not be durable: so the witness is there before them. The
    /// spare goes first, since segments are used in the order of their numbers.
    fn make_witness(&self, last: Begin) -> Result<()> {
        let (spare, number) = self.supply.take_rest();
        let spent = spare.iter().map(Spent::of).collect();
        drop(spare);
        self.remove_segments(spent)?;
        self.supply.maker().witness(number, last).map(drop)
    }

    /// One that stays is not needed and does no harm: the next close removes it.
    fn remove_segments(&self, segments: Vec<Spent>) -> Result<()> {
        for spent in segments {
            let _ = self.options.seams.storage.remove(&spent.path);
        }
        let synced = self.options.seams.storage.sync_folder(self.path());
        synced.map_err(|error| Error::storage(self.path(), "sync its folder", error))
    }
}
