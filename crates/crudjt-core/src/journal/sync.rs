//! Makes appended entries durable and records how far in the sync mark.
//!
//! One sync runs at a time, and all callers that wait for it share it (group commit). Frozen
//! segments are synced before the active one, so the durable entries are always a prefix. A failed
//! sync is never retried: a system may drop what it could not write and then report it as written.
//! Its segments are rewritten to fresh files instead, once.

use crate::platform::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use crate::platform::sync::Mutex;

use super::header::SyncMark;
use super::{Segment, SegmentMaker};
use crate::{Error, Result};

/// The end of the journal at one moment.
pub(crate) struct Captured {
    pub(crate) segment: Arc<Segment>,
    pub(crate) offset: u64,
    /// The last entry's sequence.
    pub(crate) sequence: u64,
    pub(crate) newest_time: u64,
}

/// When the last sync ended and how long it took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SyncTimes {
    pub(crate) ended_at: Option<u64>,
    pub(crate) took_us: Option<u64>,
}

/// Makes the journal durable.
#[derive(Default)]
pub(crate) struct Syncer {
    /// Frozen segments that are not synced yet, with their ends.
    frozen: Mutex<Vec<(Arc<Segment>, u64)>>,
    /// Held by the one sync that runs.
    state: Mutex<SyncState>,
    synced: AtomicU64,
    times: Mutex<SyncTimes>,
}

#[derive(Default)]
struct SyncState {
    /// Which of the two marks is written next.
    first_mark: bool,
    /// Why entries that are not durable cannot become so any more.
    lost: Option<Error>,
}

impl Syncer {
    /// A syncer for a journal that is durable up to `sequence`.
    pub(crate) fn starting_at(sequence: u64) -> Syncer {
        Syncer { synced: AtomicU64::new(sequence), ..Syncer::default() }
    }

    /// The last sequence known to be durable.
    pub(crate) fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    pub(crate) fn times(&self) -> SyncTimes {
        *self.times.lock()
    }

    pub(crate) fn set_times(&self, times: SyncTimes) {
        *self.times.lock() = times;
    }

    /// Adds a segment that gets no more entries. Called under the append lock.
    pub(crate) fn freeze(&self, segment: Arc<Segment>, end: u64) {
        self.frozen.lock().push((segment, end));
    }

    /// Whether any frozen segment is not synced yet.
    pub(crate) fn has_frozen(&self) -> bool {
        !self.frozen.lock().is_empty()
    }

    /// Releases the segments.
    pub(crate) fn release_files(&self) {
        self.frozen.lock().clear();
    }

    /// Returns once `sequence` is durable; true if this call did the sync. `capture` returns the
    /// journal's end. If the sync fails, `stop_appends` must latch the store; then `maker` rewrites
    /// what was appended.
    ///
    /// # Errors
    /// The error of a failed sync, even if the rewrite succeeded; if it did not, that of every
    /// later call too.
    pub(crate) fn sync_through(
        &self,
        sequence: u64,
        capture: impl Fn() -> Captured,
        stop_appends: impl FnOnce(Error) -> Error,
        maker: &SegmentMaker,
    ) -> Result<bool> {
        if self.synced() >= sequence {
            return Ok(false);
        }
        let mut state = self.state.lock();
        if self.synced() >= sequence {
            return Ok(false);
        }
        self.sync_held(&mut state, capture, stop_appends, maker).map(|()| true)
    }

    /// Syncs even if no entry was appended since the last sync: the beginning of a segment becomes
    /// durable only with a sync.
    ///
    /// # Errors
    /// Those of [`Syncer::sync_through`].
    pub(crate) fn sync_begin(
        &self,
        capture: impl Fn() -> Captured,
        stop_appends: impl FnOnce(Error) -> Error,
        maker: &SegmentMaker,
    ) -> Result<()> {
        self.sync_held(&mut self.state.lock(), capture, stop_appends, maker)
    }

    fn sync_held(
        &self,
        state: &mut SyncState,
        capture: impl Fn() -> Captured,
        stop_appends: impl FnOnce(Error) -> Error,
        maker: &SegmentMaker,
    ) -> Result<()> {
        if let Some(error) = &state.lost {
            return Err(error.clone());
        }
        let Err(error) = self.sync_to(state, &capture(), maker) else { return Ok(()) };
        let error = stop_appends(error);
        sabotage!(SyncRetried, return Err(error));
        if self.rewrite_to(&capture(), maker).is_err() {
            state.lost = Some(error.clone());
        }
        Err(error)
    }

    fn sync_to(&self, state: &mut SyncState, end: &Captured, maker: &SegmentMaker) -> Result<()> {
        let mark = SyncMark { sequence: end.sequence, newest_time: end.newest_time };
        sabotage!(MarkAhead, end.segment.write_sync_mark(state.first_mark, mark)?);
        self.sync_frozen()?;
        end.segment.sync(end.offset)?;
        end.segment.write_sync_mark(state.first_mark, mark)?;
        // Entries in files that are no longer the store's are on disk, but not durable.
        maker.check_owner()?;
        state.first_mark = !state.first_mark;
        self.synced.fetch_max(end.sequence, Ordering::AcqRel);
        Ok(())
    }

    fn rewrite_to(&self, end: &Captured, maker: &SegmentMaker) -> Result<()> {
        for (segment, end) in self.frozen.lock().drain(..) {
            maker.rewrite(&segment, end)?;
        }
        maker.rewrite(&end.segment, end.offset)?;
        self.synced.fetch_max(end.sequence, Ordering::AcqRel);
        Ok(())
    }

    fn sync_frozen(&self) -> Result<()> {
        sabotage!(FrozenUnsynced, return Ok(()));
        loop {
            // Rotation takes this lock too: it must not be held while the disk works.
            let Some((segment, end)) = self.frozen.lock().first().cloned() else { return Ok(()) };
            segment.sync(end)?;
            self.frozen.lock().remove(0);
        }
    }
}
