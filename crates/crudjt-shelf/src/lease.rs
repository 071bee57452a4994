//! The lease: for how long a reader believes in a master that it saw alive.
//!
//! Whoever opens a store that was not closed answers nothing for longer than a lease, so no reader of
//! a dead master's shelf overlooks what the next one did.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crudjt_core::SHELF_LEASE;

/// Tells whether a master lives.
pub trait Life: Send + Sync {
    /// Whether it lives; once it does not, never again.
    fn is_alive(&self) -> bool;
}

/// A reader's lease.
#[derive(Default)]
pub(crate) struct Lease {
    /// In nanoseconds of the reader's clock.
    until: AtomicU64,
    is_over: AtomicBool,
}

impl Lease {
    /// Whether the master may be believed in at `now`, which was read just before.
    #[inline]
    pub(crate) fn holds(&self, now: u64, life: &dyn Life) -> bool {
        sabotage!(LeaseUnchecked, return true);
        if self.is_over.load(Ordering::Relaxed) {
            return false;
        }
        now < self.until.load(Ordering::Relaxed) || self.renew(now, life)
    }

    /// Counts from before the look, however long that took.
    #[cold]
    fn renew(&self, now: u64, life: &dyn Life) -> bool {
        if !life.is_alive() {
            self.end();
            return false;
        }
        self.until.fetch_max(now + SHELF_LEASE.as_nanos() as u64, Ordering::Relaxed);
        true
    }

    /// Ends it for good.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}
