//! The store's time: never earlier than the newest time recorded, so that a clock that steps back
//! revives no token; and whether the clock is trusted after a jump ahead.

use crate::platform::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use crate::platform::sync::Mutex;

use crate::platform::clock::Clock;

pub(super) const HOUR: u64 = 3_600_000;

/// The store's time.
pub(crate) struct Timekeeper {
    clock: Arc<dyn Clock>,
    newest: AtomicU64,
    trust: Mutex<Trust>,
}

struct Trust {
    wall: u64,
    monotonic: u64,
    /// Monotonic time from which the wall clock is trusted again.
    trusted_from: u64,
}

impl Timekeeper {
    /// Starts from the newest time recorded. If that is more than an hour ahead of the system
    /// clock, it is ignored; also returns by how many milliseconds, or 0.
    pub(crate) fn new(clock: Arc<dyn Clock>, recorded: u64) -> (Timekeeper, u64) {
        let (wall, monotonic) = (clock.wall(), clock.monotonic());
        let ahead = recorded.saturating_sub(wall);
        let ignored = if ahead > HOUR { ahead } else { 0 };
        let newest = if ignored > 0 { wall } else { recorded.max(wall) };
        let trust = Mutex::new(Trust { wall, monotonic, trusted_from: 0 });
        (Timekeeper { clock, newest: AtomicU64::new(newest), trust }, ignored)
    }

    /// Milliseconds since 1970, never less than before.
    pub(crate) fn now(&self) -> u64 {
        let wall = self.clock.wall();
        let newest = self.newest.load(Ordering::Acquire);
        if wall > newest { self.newest.fetch_max(wall, Ordering::AcqRel).max(wall) } else { newest }
    }

    pub(crate) fn monotonic(&self) -> u64 {
        self.clock.monotonic()
    }

    /// Whether records may be removed for good by this clock; also returns by how many milliseconds
    /// it was just found to have jumped ahead, or 0.
    pub(crate) fn is_trusted(&self) -> (bool, u64) {
        let mut trust = self.trust.lock();
        let (wall, monotonic) = (self.clock.wall(), self.clock.monotonic());
        let passed = monotonic.saturating_sub(trust.monotonic);
        let jump = wall.saturating_sub(trust.wall).saturating_sub(passed);
        (trust.wall, trust.monotonic) = (wall, monotonic);
        let jumped = if jump > HOUR { jump } else { 0 };
        if jumped > 0 {
            trust.trusted_from = monotonic + HOUR;
        }
        (monotonic >= trust.trusted_from, jumped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::ManualClock;

    const START: u64 = 1_700_000_000_000;

    #[test]
    fn time_never_goes_back() {
        let clock = ManualClock::new(START);
        let (time, _) = Timekeeper::new(clock.clone(), 0);
        assert_eq!(time.now(), START);
        clock.set_wall(START - 5000);
        assert_eq!(time.now(), START);
        let (reopened, ignored) = Timekeeper::new(clock, START);
        assert_eq!((reopened.now(), ignored), (START, 0));
    }

    #[test]
    fn a_recorded_time_more_than_an_hour_ahead_is_ignored() {
        let (time, ignored) = Timekeeper::new(ManualClock::new(START), START + HOUR + 1);
        assert_eq!((time.now(), ignored), (START, HOUR + 1));
        let (time, ignored) = Timekeeper::new(ManualClock::new(START), START + HOUR);
        assert_eq!((time.now(), ignored), (START + HOUR, 0));
    }

    #[test]
    fn a_jump_ahead_is_trusted_after_an_hour() {
        let clock = ManualClock::new(START);
        let (time, _) = Timekeeper::new(clock.clone(), 0);
        clock.advance(10 * HOUR);
        assert_eq!(time.is_trusted(), (true, 0));
        clock.set_wall(START + 20 * HOUR);
        assert_eq!(time.is_trusted(), (false, 10 * HOUR));
        clock.advance(HOUR - 1);
        assert_eq!(time.is_trusted(), (false, 0));
        clock.advance(1);
        assert_eq!(time.is_trusted(), (true, 0));
    }
}
