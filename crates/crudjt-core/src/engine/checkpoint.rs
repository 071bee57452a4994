//! Checkpoints: commits frozen memtables to the B-tree, frees the journal segments that two commits
//! cover; and provides the snapshot that a backup copies.

use crate::platform::sync::atomic::Ordering;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use super::Engine;
use super::memtables::Memtables;
use crate::crypto::keyring::Keyring;
use crate::journal::{Applied, Begin, Segment};
use crate::memtable::Memtable;
use crate::tree::{AppliedMark, Batch, Committed, Snapshot};
use crate::{Error, Result};

/// Expired records that one checkpoint removes along the way, at least, and for each record that it
/// brings: so that expired records never outnumber what comes.
const SWEEP_AT_LEAST: usize = 2_000;
const SWEEP_PER_RECORD: usize = 2;
/// Bytes of pages that a commit may write for each record that it removes: one in each of two trees,
/// with what is above them.
const SWEPT_BYTES: usize = 16 << 10;

/// The segments that wait to be removed.
#[derive(Default)]
pub(super) struct CommitState {
    /// Covered by the newest commit only: the next one frees them.
    pub(super) covered: Vec<CoveredSegment>,
    /// Covered by two commits, but not removable yet.
    pub(super) removable: Vec<CoveredSegment>,
}

/// A segment that the B-tree covers: its file is kept for a while, its memory is not.
pub(super) struct CoveredSegment {
    pub(super) path: PathBuf,
    segment: Weak<Segment>,
}

impl CoveredSegment {
    pub(super) fn new(segment: &Arc<Segment>) -> CoveredSegment {
        CoveredSegment { path: segment.path.clone(), segment: Arc::downgrade(segment) }
    }

    /// Whether a reader still has it: Windows would not remove its file.
    fn is_read(&self) -> bool {
        self.segment.strong_count() > 0
    }
}

impl Engine {
    /// See [`crate::Store::checkpoint`].
    pub(crate) fn checkpoint(&self) -> Result<()> {
        self.check_wall();
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
        self.backpressure.stalled.lock().clone_from(&committed.as_ref().err().cloned());
        self.backpressure.notify();
        self.spare_segments.wake();
        committed.map_err(|error| self.fail(error))?;
        Ok(true)
    }

    /// Commits one memtable and releases it.
    pub(super) fn commit_memtable(
        &self,
        commits: &mut CommitState,
        memtable: &Arc<Memtable>,
        end: Begin,
    ) -> Result<()> {
        let sweep_before = self.sweep_before();
        let sweep_limit = SWEEP_AT_LEAST.max(SWEEP_PER_RECORD * memtable.len());
        let committed = self.commit(Some(memtable), self.mark(end), sweep_before, sweep_limit)?;
        self.cache.invalidate(committed.changed.into_iter());
        self.memtables.rcu(|memtables| Arc::new(Memtables::without(memtables, memtable)));
        self.note_checkpoint(committed.swept);
        self.free_segments(commits, memtable.segments.iter().map(CoveredSegment::new).collect());
        Ok(())
    }

    pub(super) fn commit(
        &self,
        memtable: Option<&Memtable>,
        mark: AppliedMark,
        sweep_before: Option<u64>,
        sweep_limit: usize,
    ) -> Result<Committed> {
        let before_commit: &dyn Fn() -> Result<()> =
            &|| self.sync_through(mark.applied.sequence).map(drop);
        let (budget, collect_epochs) = (None, None);
        let batch = Batch {
            memtable,
            mark,
            before_commit,
            sweep_before,
            sweep_limit,
            budget,
            collect_epochs,
        };
        match self.tree.commit(&self.options, &batch) {
            Err(full @ Error::Full { .. }) => self.commit_with_reserve(batch, full),
            committed => committed,
        }
    }

    /// Gives the reserve up for a commit that surely does with it: were it spent on records that come
    /// in, nothing could be swept once they have expired.
    fn commit_with_reserve(&self, batch: Batch<'_>, full: Error) -> Result<Committed> {
        let maker = self.spare_segments.maker();
        let Some(reserve) = maker.release_reserve() else { return Err(full) };
        let sweep_limit = batch.sweep_limit.min(reserve as usize / SWEPT_BYTES);
        let budget = Some((reserve / 2, full));
        let committed = self.tree.commit(&self.options, &Batch { sweep_limit, budget, ..batch });
        maker.reserve();
        committed
    }

    /// Commits without changes, to free what the commit before covered.
    pub(super) fn commit_again(&self, commits: &mut CommitState) -> Result<()> {
        let drawn_here: Vec<u32> =
            self.sealing.load().iter().map(|epoch| epoch.row.number).collect();
        let is_removable = |number: u32| !drawn_here.contains(&number);
        let mark = AppliedMark { newest_time: self.time.to_record(), ..self.tree.mark() };
        let batch = Batch {
            memtable: None,
            mark,
            before_commit: &|| Ok(()),
            sweep_before: None,
            sweep_limit: 0,
            budget: None,
            collect_epochs: Some(&is_removable),
        };
        self.tree.commit(&self.options, &batch)?;
        self.free_segments(commits, Vec::new());
        Ok(())
    }

    fn mark(&self, end: Begin) -> AppliedMark {
        AppliedMark {
            applied: Applied { sequence: end.sequence - 1, chain: end.chain },
            highest_id: self.next_id.load(Ordering::Acquire) - 1,
            newest_time: self.time.to_record(),
        }
    }

    /// After a commit: removes the segments that the commit before covered, since they are covered
    /// twice now.
    fn free_segments(&self, commits: &mut CommitState, now_covered: Vec<CoveredSegment>) {
        let twice = std::mem::replace(&mut commits.covered, now_covered);
        commits.removable.extend(twice);
        // One that a reader still has, or that the system does not remove yet, waits for the next
        // commit: it is no longer needed, so keeping it is safe.
        let storage = self.options.environment.storage.as_ref();
        let is_kept = |covered: &CoveredSegment| {
            let is_gone = |error: io::Error| error.kind() == io::ErrorKind::NotFound;
            covered.is_read() || !storage.remove(&covered.path).map_or_else(is_gone, |()| true)
        };
        commits.removable.retain(is_kept);
    }

    /// After a sweep on a full disk: what it and the commit before it cover is covered twice, so the
    /// space can go to the next segment. The segment in use has to have a durable beginning first, as
    /// the last one that is left. If nothing is covered, its own space is what is left: whether another
    /// sweep makes use of that.
    pub(super) fn free_for_space(&self, commits: &mut CommitState) -> Result<bool> {
        if !self.spare_segments.lacks_space() {
            return Ok(false);
        }
        if commits.covered.is_empty() {
            let is_idle = self.memtables.load().frozen.is_empty();
            return if is_idle { self.rotate_for_space() } else { Ok(false) };
        }
        if !self.append_state.lock().cursor.is_without_room() {
            let maker = self.spare_segments.maker();
            self.syncer.sync_begin(|| self.capture(), |error| self.latch(error), maker)?;
        }
        self.free_segments(commits, Vec::new());
        self.spare_segments.wake();
        Ok(false)
    }

    /// Checkpoints, then calls `copy` with a keyring and that commit as a snapshot. One call at a
    /// time: the blocks of the snapshot are not reused meanwhile, so the file may grow.
    pub(crate) fn with_snapshot<T>(
        &self,
        copy: impl FnOnce(&Keyring, &Snapshot<'_>) -> Result<T>,
    ) -> Result<T> {
        self.checkpoint()?;
        let _backing_up = self.backing_up.lock();
        self.check_open()?;
        let snapshot = self.tree.snapshot()?;
        // Read after the snapshot: so it has the domain of every record in it.
        let keyring = self.keyring.lock().clone();
        copy(&keyring, &snapshot)
    }

    fn note_checkpoint(&self, swept: u64) {
        let mut times = self.tree_times.lock();
        times.last_checkpoint = Some(self.time.wall());
        times.last_sweep_removed += swept;
    }
}
