//! Fault switches for the test of the tests: each [`Breakage`] leaves one guard of the shelf out.

use std::sync::atomic::{AtomicU8, Ordering};

/// A guard that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Breakage {
    /// A copy is published whatever was changed since it was read.
    MarkUnchecked = 1,
    /// A copy stays on the shelf when its record changes.
    CopyKept,
    /// Nobody looks whether the master lives.
    LeaseUnchecked,
    /// What was copied is taken for whole.
    SequenceUnchecked,
    /// Nobody looks whether the shelf was closed.
    StateUnchecked,
    /// A closed shelf is filled.
    ClosedFilled,
    /// Only the reader's own clock decides.
    NewestIgnored,
    /// Expiry is not looked at.
    ExpiryIgnored,
    /// Descriptors are mapped as they come.
    SealsUnchecked,
}

static ON: AtomicU8 = AtomicU8::new(0);

/// Leaves this guard out and no other; `None` leaves out none.
pub fn switch(on: Option<Breakage>) {
    ON.store(on.map_or(0, |breakage| breakage as u8), Ordering::SeqCst);
}

pub(crate) fn is_on(breakage: Breakage) -> bool {
    ON.load(Ordering::SeqCst) == breakage as u8
}
