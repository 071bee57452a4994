//! A clock whose wall time steps whenever somebody reads it: between any two steps of a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crudjt_core::clock::{Clock, ManualClock, Signal};

pub struct UnsteadyClock {
    clock: Arc<ManualClock>,
    /// The state of a random number generator.
    state: AtomicU64,
    /// The longest step, in milliseconds.
    longest: u64,
    calm: AtomicBool,
}

impl UnsteadyClock {
    pub fn new(clock: Arc<ManualClock>, seed: u64, longest: u64) -> Arc<UnsteadyClock> {
        let (state, calm) = (AtomicU64::new(seed), AtomicBool::new(false));
        Arc::new(UnsteadyClock { clock, state, longest, calm })
    }

    /// No more steps, or some again.
    pub fn calm(&self, calm: bool) {
        self.calm.store(calm, Ordering::Relaxed);
    }

    fn next(&self) -> u64 {
        let mut mixed = self.state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// Steps at every fourth reading.
    fn step(&self) {
        let drawn = self.next();
        if drawn.is_multiple_of(4) && !self.calm.load(Ordering::Relaxed) {
            let by = (drawn >> 3) % (2 * self.longest + 1);
            // Not by less than the store takes for drift.
            self.clock.step_wall((by as i64 - self.longest as i64) / 100 * 100);
        }
    }
}

impl Clock for UnsteadyClock {
    fn wall(&self) -> u64 {
        self.step();
        self.clock.wall()
    }

    fn monotonic(&self) -> u64 {
        self.step();
        self.clock.monotonic()
    }

    fn boot(&self) -> Option<u64> {
        self.clock.boot()
    }

    fn wait(&self, signal: &Arc<Signal>, until: Option<u64>) {
        self.clock.wait(signal, until);
    }
}
