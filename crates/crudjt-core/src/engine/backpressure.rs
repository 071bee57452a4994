//! Backpressure: writers wait while too much is frozen or there is no spare segment.

use crate::platform::sync::atomic::{AtomicBool, Ordering};

use crate::platform::sync::{Condvar, Mutex};

use super::Engine;
use super::append::Reserve;
use crate::journal::largest_entry;
use crate::{Error, Result};

/// Where callers wait that were refused as busy.
#[derive(Default)]
pub(super) struct Backpressure {
    lock: Mutex<()>,
    changed: Condvar,
    /// The error of the last commit, if the next one may succeed.
    pub(super) stalled: Mutex<Option<Error>>,
    /// Whether the last append that had to rotate was refused.
    pub(super) refused: AtomicBool,
}

impl Backpressure {
    /// Wakes all callers that wait.
    pub(super) fn notify(&self) {
        let _lock = self.lock.lock();
        self.changed.notify_all();
    }
}

impl Engine {
    /// Once an append was refused, a create asks for room before it takes an id: ids of refused
    /// creates would leave gaps, which take memory.
    pub(super) fn ask_for_room(&self, data: &[u8]) -> Result<()> {
        if !self.backpressure.refused.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut append_state = self.append_state.lock();
        self.make_room(&mut append_state, largest_entry(data.len()), Reserve::ForChanges)?;
        self.backpressure.refused.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Blocks until a call that was refused as busy may be retried. Creates the domain of a new
    /// secret. Without background threads, commits and makes a spare segment.
    ///
    /// # Errors
    /// What keeps the store from taking writes, a full disk included.
    pub(crate) fn wait_for_room(&self) -> Result<()> {
        self.make_own_domain()?;
        loop {
            if !self.options.environment.timers {
                self.commit_frozen()?;
            }
            if !self.options.environment.spare_thread {
                self.spare_segments.restock();
            }
            let mut waiting = self.backpressure.lock.lock();
            self.check_writable()?;
            if let Some(error) = self.backpressure.stalled.lock().clone() {
                return Err(error);
            }
            match self.spare_segments.is_ready() {
                true if !self.is_frozen_full() => return Ok(()),
                true if !self.options.environment.timers => {}
                _ => self.backpressure.changed.wait(&mut waiting),
            }
        }
    }
}
