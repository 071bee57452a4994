//! The locks, atomics and thread-locals of everything that several threads use at once: those of
//! `parking_lot` and `std` or, with the feature `shuttle`, those of a checker that tries the orders
//! in which threads can run (`tests/schedules.rs`).
//!
//! What is locked for moments only, with nothing of this module used meanwhile, stays out of it:
//! the checker need not look between.

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

#[cfg(feature = "shuttle")]
mod checked {
    use super::MutexGuard;

    /// One that wakes up whenever it is somebody else's turn, which a caller must expect anyway.
    #[derive(Default)]
    pub(crate) struct Condvar;

    impl Condvar {
        pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            MutexGuard::unlocked(guard, shuttle::thread::yield_now);
        }

        pub(crate) fn notify_all(&self) {}
    }
}
