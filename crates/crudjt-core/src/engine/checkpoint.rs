//! Bringing frozen memtables into the B-tree, sweeping expired records, and freeing the journal
//! segments that two commits cover.

use crate::platform::sync::atomic::Ordering;
use std::sync::Arc;

use super::{CommitState, Engine, Spent};
use crate::journal::Begin;
use crate::memtable::{Memtable, Memtables};
use crate::tree::{AppliedMark, Batch, Committed};
use crate::{Error, Result};

/// Expired records that one checkpoint removes on the side.
const SWEEP_ALONG: usize = 2_000;
/// Records that one transaction of a full sweep removes.
const SWEEP_STEP: usize = 20_000;

impl Engine {
    /// See [`crate::Store::checkpoint`].
    pub(crate) fn checkpoint(&self) -> Result<()> {
        loop {
            self.commit_frozen()?;
            let mut append_state = self.append_state.lock();
            self.check_writable()?;
            if append_state.cursor.is_fresh() {
                return Ok(());
            }
            let rotated = self.rotate(&mut append_state);
            drop(append_state);
            match rotated {
                Ok(()) => return self.commit_frozen(),
                Err(Error::Busy) => self.wait_for_room()?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Commits every frozen memtable, oldest first.
    pub(super) fn commit_frozen(&self) -> Result<()> {
        while self.commit_oldest()? {}
        Ok(())
    }

    /// Commits the oldest frozen memtable; false if there is none.
    pub(super) fn commit_oldest(&self) -> Result<bool> {
        let mut commits = self.commit_state.lock();
        let Some(oldest) = self.memtables.load().frozen.first().cloned() else { return Ok(false) };
        self.check_writable()?;
        let Some(end) = oldest.end() else { return Ok(false) };
        let committed = self.commit_memtable(&mut commits, &oldest, end);
        self.room.stalled.lock().clone_from(&committed.as_ref().err().cloned());
        self.tell_room();
        committed.map_err(|error| self.fail(error))?;
        Ok(true)
    }

    /// Commits one memtable and lets it go.
    pub(super) fn commit_memtable(
        &self,
        commits: &mut CommitState,
        memtable: &Arc<Memtable>,
        end: Begin,
    ) -> Result<()> {
        let sweep_before = self.sweep_before();
        let committed = self.commit(Some(memtable), self.mark(end), sweep_before, SWEEP_ALONG)?;
        self.cache.invalidate(committed.changed.into_iter());
        self.memtables.rcu(|memtables| Arc::new(Memtables::without(memtables, memtable)));
        self.note_checkpoint(committed.swept);
        self.free_segments(commits, memtable.segments.iter().map(Spent::of).collect());
        Ok(())
    }

    fn commit(
        &self,
        memtable: Option<&Memtable>,
        mark: AppliedMark,
        sweep_before: Option<u64>,
        sweep_limit: usize,
    ) -> Result<Committed> {
        let before_commit: &dyn Fn() -> Result<()> = &|| self.sync_through(mark.applied.sequence);
        let collect_epochs = None;
        let batch =
            Batch { memtable, mark, before_commit, sweep_before, sweep_limit, collect_epochs };
        self.tree.commit(&batch)
    }

    /// A commit that changes nothing but frees what the one before covered.
    pub(super) fn commit_again(&self, commits: &mut CommitState) -> Result<()> {
        let made_here: Vec<u32> =
            self.sealing.load().iter().map(|epoch| epoch.row.number).collect();
        let may_go = |number: u32| !made_here.contains(&number);
        let mark = AppliedMark { newest_time: self.time.now(), ..self.tree.mark() };
        self.tree.commit(&Batch {
            memtable: None,
            mark,
            before_commit: &|| Ok(()),
            sweep_before: None,
            sweep_limit: 0,
            collect_epochs: Some(&may_go),
        })?;
        self.free_segments(commits, Vec::new());
        Ok(())
    }

    fn mark(&self, end: Begin) -> AppliedMark {
        AppliedMark {
            applied: crate::journal::Applied { sequence: end.sequence - 1, chain: end.chain },
            highest_id: self.next_id.load(Ordering::Acquire) - 1,
            newest_time: self.time.now(),
        }
    }

    /// After a commit: what the commit before covered is covered twice now and can be removed.
    fn free_segments(&self, commits: &mut CommitState, now_covered: Vec<Spent>) {
        let twice = std::mem::replace(&mut commits.covered, now_covered);
        commits.removable.extend(twice);
        // One that a reader still holds, or that the system won't remove yet, waits for the next
        // commit: it is no longer needed, so leaving it is safe.
        let storage = self.options.environment.storage.as_ref();
        commits.removable.retain(|spent| spent.is_read() || storage.remove(&spent.path).is_err());
    }

    /// Before when records are swept; `None` while the clock is not believed.
    fn sweep_before(&self) -> Option<u64> {
        let (trusted, jumped) = self.time.is_trusted();
        self.tell_jump(jumped);
        trusted.then(|| self.time.now())
    }

    /// See [`crate::Store::sweep`].
    pub(crate) fn sweep(&self) -> Result<u64> {
        let mut removed = 0;
        loop {
            self.commit_frozen()?;
            let _committing = self.commit_state.lock();
            self.check_writable()?;
            let before = self.sweep_before();
            if before.is_none() {
                return Ok(removed);
            }
            let mark = AppliedMark { newest_time: self.time.now(), ..self.tree.mark() };
            let swept = self
                .commit(None, mark, before, SWEEP_STEP)
                .map_err(|error| self.fail(error))?
                .swept;
            removed += swept;
            if swept < SWEEP_STEP as u64 {
                let mut times = self.tree_times.lock();
                times.last_sweep = Some(self.time.now());
                times.last_sweep_removed = removed;
                return Ok(removed);
            }
        }
    }

    fn note_checkpoint(&self, swept: u64) {
        let mut times = self.tree_times.lock();
        times.last_checkpoint = Some(self.time.now());
        times.last_sweep_removed += swept;
    }
}
