//! Making appended entries durable, and marking how far that went.
//!
//! One sync runs at a time; who waits for it shares it. Frozen segments are synced before the
//! active one, so what is durable is always a prefix. A sync that failed is never tried again: the
//! system may take for written what it could not write. Its segments are then written anew, once.

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
    /// Frozen segments and their ends that no sync has reached.
    frozen: Mutex<Vec<(Arc<Segment>, u64)>>,
    /// Holding it is the right to sync.
    state: Mutex<SyncState>,
    synced: AtomicU64,
    times: Mutex<SyncTimes>,
}

#[derive(Default)]
struct SyncState {
    /// Which of the two marks is written next.
    first_mark: bool,
    /// Why what is not synced can't be any more.
    lost: Option<Error>,
}

impl Syncer {
    /// Notes that everything up to `sequence` was durable at opening.
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

    /// Takes a segment over that gets no more entries. Called under the append lock.
    pub(crate) fn freeze(&self, segment: Arc<Segment>, end: u64) {
        self.frozen.lock().push((segment, end));
    }

    /// Whether there are segments that get no more entries and that no sync has reached.
    pub(crate) fn has_frozen(&self) -> bool {
        !self.frozen.lock().is_empty()
    }

    /// Lets go of the segments.
    pub(crate) fn forget(&self) {
        self.frozen.lock().clear();
    }

    /// Returns when `sequence` is durable; true if this call did the work. `capture` tells the
    /// journal's end. When a sync fails, `give_up` has to see to it that nothing is appended any
    /// more; what was appended is then written anew by `maker`.
    ///
    /// # Errors
    /// What a sync failed with, also where writing anew succeeded; without that, for good.
    pub(crate) fn sync_through(
        &self,
        sequence: u64,
        capture: impl Fn() -> Captured,
        give_up: impl FnOnce(Error) -> Error,
        maker: &SegmentMaker,
    ) -> Result<bool> {
        if self.synced() >= sequence {
            return Ok(false);
        }
        let mut state = self.state.lock();
        if self.synced() >= sequence {
            return Ok(false);
        }
        if let Some(error) = &state.lost {
            return Err(error.clone());
        }
        let Err(error) = self.sync_to(&mut state, &capture()) else { return Ok(true) };
        let error = give_up(error);
        sabotage!(SyncRetried, return Err(error));
        if self.rewrite_to(&capture(), maker).is_err() {
            state.lost = Some(error.clone());
        }
        Err(error)
    }

    fn sync_to(&self, state: &mut SyncState, end: &Captured) -> Result<()> {
        let mark = SyncMark { sequence: end.sequence, newest_time: end.newest_time };
        sabotage!(MarkAhead, end.segment.write_sync_mark(state.first_mark, mark)?);
        self.sync_frozen()?;
        end.segment.sync(end.offset)?;
        end.segment.write_sync_mark(state.first_mark, mark)?;
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
