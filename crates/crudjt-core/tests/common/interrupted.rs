//! A clock that does something the moment somebody reads it: what happens between two steps of a
//! call is then no matter of luck.

use std::sync::{Arc, Mutex};

use crudjt_core::clock::{Clock, ManualClock, Signal};

type Interruption = Box<dyn FnOnce() + Send>;

pub struct InterruptedClock {
    clock: Arc<ManualClock>,
    next: Mutex<Option<(usize, Interruption)>>,
}

impl InterruptedClock {
    pub fn new(clock: Arc<ManualClock>) -> Arc<InterruptedClock> {
        Arc::new(InterruptedClock { clock, next: Mutex::default() })
    }

    /// Calls `interruption` when the monotonic time has been read `after` more times and is read
    /// again.
    pub fn interrupt(&self, after: usize, interruption: impl FnOnce() + Send + 'static) {
        *self.next.lock().unwrap() = Some((after, Box::new(interruption)));
    }

    /// Whether the interruption has happened; it does not happen any more.
    pub fn has_interrupted(&self) -> bool {
        self.next.lock().unwrap().take().is_none()
    }

    fn due(&self) -> Option<Interruption> {
        let mut next = self.next.lock().unwrap();
        match next.take()? {
            (0, interruption) => Some(interruption),
            (after, interruption) => {
                *next = Some((after - 1, interruption));
                None
            }
        }
    }
}

impl Clock for InterruptedClock {
    fn wall(&self) -> u64 {
        self.clock.wall()
    }

    fn monotonic(&self) -> u64 {
        if let Some(interruption) = self.due() {
            interruption();
        }
        self.clock.monotonic()
    }

    fn boot(&self) -> Option<u64> {
        self.clock.boot()
    }

    fn wait(&self, signal: &Arc<Signal>, until: Option<u64>) {
        self.clock.wait(signal, until);
    }
}
