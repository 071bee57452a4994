//! The clock of a shelf: one that all processes of the machine share, that counts sleep, and that
//! nobody sets.

use crudjt_core::clock;

/// A source of time.
pub trait Clock: Send + Sync {
    /// Nanoseconds since some moment that is the same for master and readers; never goes back.
    fn nanos(&self) -> u64;
}

/// The boot, and the namespace of the clock; 0 if unknown. Who has the same has the same clock.
pub(crate) fn boot() -> u64 {
    clock::Clock::boot(&clock::SystemClock).unwrap_or(0)
}

/// The milliseconds of a number of nanoseconds.
pub(crate) fn millis(nanos: u64) -> u64 {
    nanos / 1_000_000
}

/// The system's clock: the one that the engine goes by.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

#[cfg(unix)]
impl Clock for SystemClock {
    #[inline]
    fn nanos(&self) -> u64 {
        use rustix::time::{ClockId, clock_gettime};
        #[cfg(any(target_os = "linux", target_os = "android"))]
        const CLOCK: ClockId = ClockId::Boottime;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        const CLOCK: ClockId = ClockId::Monotonic;
        let time = clock_gettime(CLOCK);
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    }
}

/// There are no shelves here.
#[cfg(not(unix))]
impl Clock for SystemClock {
    fn nanos(&self) -> u64 {
        0
    }
}
