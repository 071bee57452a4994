//! Injected time: the engine reads a [`Clock`] and waits on a [`Signal`] with it, so that tests
//! control time. Wall time is in milliseconds since 1970, monotonic time in milliseconds since an
//! arbitrary start.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex};

/// The engine's source of time.
pub trait Clock: Send + Sync {
    /// Wall time in milliseconds since 1970.
    fn wall(&self) -> u64;
    /// Monotonic time in milliseconds.
    fn monotonic(&self) -> u64;
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
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Starts counting monotonic time.
    pub fn new() -> SystemClock {
        SystemClock { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis() as u64)
    }

    fn monotonic(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    fn wait(&self, signal: &Arc<Signal>, until: Option<u64>) {
        signal
            .wait(until.map(|until| Duration::from_millis(until.saturating_sub(self.monotonic()))));
    }
}

/// A clock that a test controls.
pub struct ManualClock {
    times: Mutex<(u64, u64)>,
    sleepers: Mutex<Vec<Weak<Signal>>>,
}

impl ManualClock {
    /// Creates a clock at `wall` milliseconds since 1970.
    pub fn new(wall: u64) -> Arc<ManualClock> {
        Arc::new(ManualClock { times: Mutex::new((wall, 0)), sleepers: Mutex::new(Vec::new()) })
    }

    /// Advances both times and wakes waiting threads.
    pub fn advance(&self, milliseconds: u64) {
        let mut times = self.times.lock();
        times.0 += milliseconds;
        times.1 += milliseconds;
        drop(times);
        self.wake();
    }

    /// Sets the wall clock alone, as an administrator or a time server does.
    pub fn set_wall(&self, wall: u64) {
        self.times.lock().0 = wall;
    }

    fn wake(&self) {
        for sleeper in self.sleepers.lock().drain(..).filter_map(|sleeper| sleeper.upgrade()) {
            sleeper.raise();
        }
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> u64 {
        self.times.lock().0
    }

    fn monotonic(&self) -> u64 {
        self.times.lock().1
    }

    fn wait(&self, signal: &Arc<Signal>, until: Option<u64>) {
        self.sleepers.lock().push(Arc::downgrade(signal));
        if until.is_none_or(|until| self.monotonic() < until) {
            signal.wait(None);
        }
    }
}
