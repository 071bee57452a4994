//! Injected time: the engine reads a [`Clock`] and waits on a [`Signal`] with it, so that tests
//! control time. All times are in milliseconds.

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex};

/// The engine's source of time.
pub trait Clock: Send + Sync {
    /// Wall time since 1970. Anybody may set it.
    fn wall(&self) -> u64;
    /// Monotonic time since an arbitrary start; never goes back, and counts sleep.
    fn monotonic(&self) -> u64;
    /// Identifies the boot: processes with the same value share one monotonic clock. `None` if
    /// that is unknown.
    fn boot(&self) -> Option<u64>;
    /// Blocks until `signal` is raised or the monotonic time is `until`.
    fn wait(&self, signal: &Arc<Signal>, until: Option<u64>);
}

/// A flag that a background thread waits for. Raising it wakes the waiting thread, or the next one
/// that waits.
#[derive(Default)]
pub struct Signal {
    raised: Mutex<bool>,
    condvar: Condvar,
}

impl Signal {
    /// Wakes the waiting thread, or the next one that waits.
    pub fn raise(&self) {
        *self.raised.lock() = true;
        self.condvar.notify_all();
    }

    /// Blocks until raised or until `timeout` has passed; resets the flag.
    fn wait(&self, timeout: Option<Duration>) {
        let mut raised = self.raised.lock();
        if !*raised {
            match timeout {
                Some(timeout) => drop(self.condvar.wait_for(&mut raised, timeout)),
                None => self.condvar.wait(&mut raised),
            }
        }
        *raised = false;
    }
}

/// The system's clocks.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis() as u64)
    }

    fn monotonic(&self) -> u64 {
        monotonic()
    }

    fn boot(&self) -> Option<u64> {
        boot()
    }

    fn wait(&self, signal: &Arc<Signal>, until: Option<u64>) {
        signal
            .wait(until.map(|until| Duration::from_millis(until.saturating_sub(self.monotonic()))));
    }
}

/// The clock that counts sleep: on macOS and the BSDs, `CLOCK_MONOTONIC` does.
#[cfg(unix)]
fn monotonic() -> u64 {
    use rustix::time::{ClockId, clock_gettime};
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: ClockId = ClockId::Monotonic;
    let time = clock_gettime(CLOCK);
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}

/// Windows' performance counter counts sleep.
#[cfg(not(unix))]
fn monotonic() -> u64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed().as_millis() as u64
}

/// The boot, and the namespace that may set the clock off.
#[cfg(target_os = "linux")]
fn boot() -> Option<u64> {
    let mut bytes = std::fs::read("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/time").unwrap_or_default();
    bytes.extend_from_slice(namespace.as_os_str().as_encoded_bytes());
    Some(crate::bytes::checksum(&bytes))
}

#[cfg(not(target_os = "linux"))]
fn boot() -> Option<u64> {
    None
}

/// A clock that a test controls.
pub struct ManualClock {
    times: Mutex<Times>,
    sleepers: Mutex<Vec<Weak<Signal>>>,
}

#[derive(Clone, Copy)]
struct Times {
    wall: u64,
    monotonic: u64,
    boot: u64,
}

impl ManualClock {
    /// Creates a clock at `wall` milliseconds since 1970.
    pub fn new(wall: u64) -> Arc<ManualClock> {
        ManualClock::at(Times { wall, monotonic: 0, boot: 1 })
    }

    fn at(times: Times) -> Arc<ManualClock> {
        Arc::new(ManualClock { times: Mutex::new(times), sleepers: Mutex::new(Vec::new()) })
    }

    /// A clock of its own that shows the same.
    pub fn copy(&self) -> Arc<ManualClock> {
        ManualClock::at(*self.times.lock())
    }

    /// Advances both times and wakes waiting threads.
    pub fn advance(&self, milliseconds: u64) {
        let mut times = self.times.lock();
        times.wall += milliseconds;
        times.monotonic += milliseconds;
        drop(times);
        self.wake();
    }

    /// Sets the wall clock alone, as an administrator or a time server does.
    pub fn set_wall(&self, wall: u64) {
        self.times.lock().wall = wall;
    }

    /// Steps the wall clock alone.
    pub fn step_wall(&self, by: i64) {
        let wall = &mut self.times.lock().wall;
        *wall = wall.saturating_add_signed(by);
    }

    /// Starts another boot, on which the monotonic clock starts again.
    pub fn reboot(&self) {
        let mut times = self.times.lock();
        times.monotonic = 0;
        times.boot += 1;
    }

    fn wake(&self) {
        for sleeper in self.sleepers.lock().drain(..).filter_map(|sleeper| sleeper.upgrade()) {
            sleeper.raise();
        }
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> u64 {
        self.times.lock().wall
    }

    fn monotonic(&self) -> u64 {
        self.times.lock().monotonic
    }

    fn boot(&self) -> Option<u64> {
        Some(self.times.lock().boot)
    }

    fn wait(&self, signal: &Arc<Signal>, until: Option<u64>) {
        self.sleepers.lock().push(Arc::downgrade(signal));
        if until.is_none_or(|until| self.monotonic() < until) {
            signal.wait(None);
        }
    }
}
