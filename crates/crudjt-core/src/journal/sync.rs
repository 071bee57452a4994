//! Making appended entries durable, and marking how far that went.
//!
//! One sync runs at a time; who waits for it shares it. Frozen segments are synced before the
//! active one, so what is durable is always a prefix.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::Segment;
use super::header::Mark;
use crate::Result;
use crate::sabotage::{Breakage, broken};

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
    /// The turn of the mark; holding it is the right to sync.
    turn: Mutex<bool>,
    synced: AtomicU64,
    times: Mutex<SyncTimes>,
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

    /// Lets go of the segments.
    pub(crate) fn forget(&self) {
        self.frozen.lock().clear();
    }

    /// Returns when `sequence` is durable; true if this call did the work. `capture` tells the
    /// journal's end.
    pub(crate) fn sync_through(
        &self,
        sequence: u64,
        capture: impl FnOnce() -> Captured,
    ) -> Result<bool> {
        if self.synced() >= sequence {
            return Ok(false);
        }
        let mut turn = self.turn.lock();
        if self.synced() >= sequence {
            return Ok(false);
        }
        let end = capture();
        let mark = Mark { sequence: end.sequence, newest_time: end.newest_time };
        if broken(Breakage::MarkAhead) {
            end.segment.write_mark(*turn, mark)?;
        }
        if !broken(Breakage::FrozenUnsynced) {
            self.sync_frozen()?;
        }
        end.segment.sync(end.offset)?;
        end.segment.write_mark(*turn, mark)?;
        *turn = !*turn;
        self.synced.fetch_max(end.sequence, Ordering::AcqRel);
        Ok(true)
    }

    fn sync_frozen(&self) -> Result<()> {
        loop {
            // Rotation takes this lock too: it must not be held while the disk works.
            let Some((segment, end)) = self.frozen.lock().first().cloned() else { return Ok(()) };
            segment.sync(end)?;
            self.frozen.lock().remove(0);
        }
    }
}
