//! Expired records: journals the removal of one that a call has met, and sweeps the B-tree.

use super::Engine;
use super::append::Effect;
use super::lookup::{Address, Found};
use super::write::with_entry;
use crate::tree::AppliedMark;
use crate::{Error, Result};

/// Records that one transaction of a full sweep removes.
const SWEEP_STEP: usize = 20_000;

/// Pause between two sweeps on a full disk.
const PAUSE_WITHOUT_SPACE_MS: u64 = 250;

/// When the B-tree was last worked on, for the statistics and the next sweep.
#[derive(Default)]
pub(super) struct TreeTimes {
    pub(super) last_checkpoint: Option<u64>,
    pub(super) last_sweep: Option<u64>,
    pub(super) last_sweep_removed: u64,
    /// Monotonic time of the next full sweep.
    pub(super) next_sweep: u64,
    /// Monotonic time before which no sweep begins for want of space.
    pub(super) soonest_sweep: u64,
}

impl Engine {
    /// Reports a wall clock that has stepped.
    pub(super) fn check_wall(&self) {
        self.time.check_wall().into_iter().for_each(|event| self.options.tell(event));
    }

    /// Journals the removal of an expired record, so that no clock brings it back.
    pub(super) fn expire(&self, address: &Address<'_>) -> Result<()> {
        let _stripe = self.stripe(address.parts.id);
        match self.find_header(address) {
            Ok(Found::Expired) => self.expire_held(address),
            _ => Ok(()),
        }
    }

    /// The same with the stripe held and the record known to be expired. If this fails, it reads as
    /// absent all the same, and the next call retries: an error only if the time may be set back.
    pub(super) fn expire_held(&self, address: &Address<'_>) -> Result<()> {
        sabotage!(ExpiredUnjournalled, return Ok(()));
        let journalled = with_entry(|entry| {
            entry.remove(address.parts.id);
            self.append(address.parts.id, entry, Effect::Expired, None)
        });
        if self.time.is_trusted() { Ok(()) } else { journalled.map(drop) }
    }

    /// Sweeps if it is time to.
    pub(super) fn sweep_if_due(&self) {
        let now = self.time.monotonic();
        if self.tree_times.lock().next_sweep > now {
            return;
        }
        let interval = now.saturating_add(self.options.sweep_interval.as_millis() as u64);
        let trusted_from = self.time.trusted_from();
        let next = if now < trusted_from { trusted_from.min(interval) } else { interval };
        {
            let mut times = self.tree_times.lock();
            times.next_sweep = next;
            times.soonest_sweep = now + PAUSE_WITHOUT_SPACE_MS;
        }
        // Any other failure has latched; there is no caller to return it to.
        if let Err(Error::Full { .. }) = self.sweep() {
            self.sweep_soon();
        }
    }

    /// On a full disk the next sweep comes soon: it may be what gives space back.
    pub(super) fn sweep_soon(&self) {
        let mut times = self.tree_times.lock();
        times.next_sweep = times.next_sweep.min(times.soonest_sweep);
    }

    /// Records that expire before this are swept; `None` while the time is not trusted.
    pub(super) fn sweep_before(&self) -> Option<u64> {
        self.time.is_trusted().then(|| self.time.now())
    }

    /// See [`crate::Store::sweep`].
    pub(crate) fn sweep(&self) -> Result<u64> {
        let mut removed = 0;
        loop {
            match self.commit_frozen() {
                // The sweep may make the space that the commit lacks.
                Err(Error::Full { .. }) => {}
                committed => committed?,
            }
            let mut commits = self.commit_state.lock();
            self.check_writable()?;
            let before = self.sweep_before();
            if before.is_none() {
                return Ok(removed);
            }
            let mark = AppliedMark { newest_time: self.time.to_record(), ..self.tree.mark() };
            let swept = self
                .commit(None, mark, before, SWEEP_STEP)
                .map_err(|error| self.fail(error))?
                .swept;
            removed += swept;
            let goes_on = self.free_for_space(&mut commits)?;
            if swept < SWEEP_STEP as u64 && !goes_on {
                let mut times = self.tree_times.lock();
                times.last_sweep = Some(self.time.wall());
                times.last_sweep_removed = removed;
                return Ok(removed);
            }
        }
    }
}
