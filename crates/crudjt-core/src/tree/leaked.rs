//! What must not be dropped while a panic unwinds.
//!
//! A panic of redb can leave a lock of its transaction poisoned; the destructors of open tables and
//! cursors then panic too, and a second panic ends the process. So they don't run: what they hold
//! is leaked, and the B-tree's file is opened anew.

use std::mem::forget;
use std::ops::{Deref, DerefMut};
use std::thread::panicking;

/// Holds a value of redb's that a write transaction lends.
pub(super) struct LeakedByPanic<T>(Option<T>);

impl<T> LeakedByPanic<T> {
    pub(super) fn new(value: T) -> LeakedByPanic<T> {
        LeakedByPanic(Some(value))
    }

    /// Gives the value back, to be used up.
    pub(super) fn take(mut self) -> Option<T> {
        self.0.take()
    }
}

impl<T> Deref for LeakedByPanic<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.0 {
            Some(value) => value,
            None => unreachable!("only what uses it up takes it out"),
        }
    }
}

impl<T> DerefMut for LeakedByPanic<T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.0 {
            Some(value) => value,
            None => unreachable!("only what uses it up takes it out"),
        }
    }
}

impl<T> Drop for LeakedByPanic<T> {
    fn drop(&mut self) {
        if panicking() {
            forget(self.0.take());
        }
    }
}
