//! The locks, atomics and thread-locals of all shared state: those of `parking_lot` and `std` or,
//! with the feature `shuttle`, those of a model checker that explores thread interleavings
//! (`tests/schedules.rs`).
//!
//! Locks that are held only briefly, with nothing of this module used meanwhile, stay outside: the
//! checker need not interleave them.

use std::ops::Deref;

#[cfg(not(feature = "shuttle"))]
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard, RwLock, RwLockWriteGuard};
#[cfg(not(feature = "shuttle"))]
pub(crate) use std::{sync::atomic, thread_local};

#[cfg(feature = "shuttle")]
pub(crate) use checked::Condvar;
#[cfg(feature = "shuttle")]
pub(crate) use shuttle::{sync::atomic, thread_local};
#[cfg(feature = "shuttle")]
pub(crate) use shuttle_parking_lot::{Mutex, MutexGuard, RwLock, RwLockWriteGuard};

/// Pads a hot shared value to its own cache line to avoid false sharing. 128 bytes: processors fetch
/// lines in pairs.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct CachePadded<T>(pub(crate) T);

impl<T> Deref for CachePadded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(feature = "shuttle")]
mod checked {
    use super::MutexGuard;

    /// Wakes up whenever another thread runs: callers must expect spurious wakeups anyway.
    #[derive(Default)]
    pub(crate) struct Condvar;

    impl Condvar {
        pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            MutexGuard::unlocked(guard, shuttle::thread::yield_now);
        }

        pub(crate) fn notify_all(&self) {}
    }
}
