//! Contains panics in redb: a panic is an error of this store, not of the process.
//!
//! A panic can leave a lock of redb's transaction poisoned; the destructors of its tables and cursors
//! then panic too, and a second panic while one unwinds aborts the process. [`LeakedByPanic`] does not
//! run them: what they hold is leaked, and the file is opened anew.

use std::mem::forget;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread::panicking;

use super::tables::Redb;
use crate::{Error, Result};

/// Calls redb and translates its errors and panics; `what` completes "can't …".
pub(super) fn guarded<T>(
    path: &Path,
    what: &'static str,
    work: impl FnOnce() -> Redb<T>,
) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| translate(path, what, error)),
        Err(_) => Err(Error::damaged(path, "the B-tree is inconsistent, run `crudjt repair`")),
    }
}

fn translate(path: &Path, what: &'static str, error: redb::Error) -> Error {
    match error {
        redb::Error::Io(error) => Error::storage(path, what, error),
        redb::Error::Corrupted(text) => {
            Error::damaged(path, format!("{text}, run `crudjt repair`"))
        }
        redb::Error::DatabaseClosed => Error::Closed,
        other => Error::storage(path, what, std::io::Error::other(other)),
    }
}

/// A transaction, table or cursor of redb that is not dropped while a panic unwinds.
pub(super) struct LeakedByPanic<T>(Option<T>);

impl<T> LeakedByPanic<T> {
    pub(super) fn new(value: T) -> LeakedByPanic<T> {
        LeakedByPanic(Some(value))
    }

    pub(super) fn take(mut self) -> Option<T> {
        self.0.take()
    }
}

impl<T> Deref for LeakedByPanic<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.0 {
            Some(value) => value,
            None => unreachable!("only `take` empties it, and consumes it"),
        }
    }
}

impl<T> DerefMut for LeakedByPanic<T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.0 {
            Some(value) => value,
            None => unreachable!("only `take` empties it, and consumes it"),
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
