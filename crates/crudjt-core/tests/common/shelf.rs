//! A shelf in this process, on which a test looks for copies.

use std::collections::HashMap;
use std::sync::Arc;
#[cfg(not(feature = "shuttle"))]
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crudjt_core::clock::{Clock, ManualClock, Signal};
use crudjt_core::{SHELF_GRACE, Shelf, ShelfCopy, Token};
#[cfg(feature = "shuttle")]
use shuttle::sync::Mutex;

/// What a shelf has, and what it was told.
#[derive(Default)]
struct Contents {
    /// Data and expiry, by id.
    copies: HashMap<u64, (Vec<u8>, u64)>,
    /// The ids that changed, in their order.
    changed: Vec<u64>,
    is_closed: bool,
}

/// A shelf.
#[derive(Default)]
pub struct TestShelf(Mutex<Contents>);

impl TestShelf {
    /// What a reader finds.
    pub fn find(&self, token: &Token) -> Option<(Vec<u8>, u64)> {
        let contents = self.0.lock().unwrap();
        contents.copies.get(&token.id()).filter(|_| !contents.is_closed).cloned()
    }

    /// The ids of the changes that it was told since it was asked last.
    pub fn told(&self) -> Vec<u64> {
        std::mem::take(&mut self.0.lock().unwrap().changed)
    }

    pub fn is_closed(&self) -> bool {
        self.0.lock().unwrap().is_closed
    }
}

impl Shelf for TestShelf {
    fn mark(&self) -> u64 {
        self.0.lock().unwrap().changed.len() as u64
    }

    fn put(&self, mark: u64, copy: &ShelfCopy<'_>) {
        let mut contents = self.0.lock().unwrap();
        if !contents.changed[mark as usize..].contains(&copy.id) {
            contents.copies.insert(copy.id, (copy.data.to_vec(), copy.expiry));
        }
    }

    fn take_off(&self, id: u64) {
        let mut contents = self.0.lock().unwrap();
        contents.changed.push(id);
        contents.copies.remove(&id);
    }

    fn close(&self) {
        self.0.lock().unwrap().is_closed = true;
    }
}

/// A clock that moves on by itself when somebody waits for the readers of a shelf.
pub struct WaitedClock {
    clock: Arc<ManualClock>,
    waited: AtomicU64,
}

impl WaitedClock {
    pub fn new(clock: Arc<ManualClock>) -> Arc<WaitedClock> {
        Arc::new(WaitedClock { clock, waited: AtomicU64::new(0) })
    }

    /// For how long somebody has waited so.
    pub fn waited(&self) -> u64 {
        self.waited.load(Ordering::Relaxed)
    }
}

impl Clock for WaitedClock {
    fn wall(&self) -> u64 {
        self.clock.wall()
    }

    fn monotonic(&self) -> u64 {
        self.clock.monotonic()
    }

    fn boot(&self) -> Option<u64> {
        self.clock.boot()
    }

    fn wait(&self, signal: &Arc<Signal>, until: Option<u64>) {
        let left = until.map_or(0, |until| until.saturating_sub(self.clock.monotonic()));
        if u128::from(left) == SHELF_GRACE.as_millis() {
            self.waited.fetch_add(left, Ordering::Relaxed);
            self.clock.advance(left);
        } else {
            self.clock.wait(signal, until);
        }
    }
}
