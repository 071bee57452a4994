//! The public handle on an open store.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cache::{ReaderIndex, Shelf};
use crate::call::{Change, Limits, Reading};
use crate::crypto::token::Token;
use crate::engine::{self, Engine, EngineHandle, Stats};
use crate::maintenance::{self, BackedUp, Progress};
use crate::options::Options;
use crate::platform::canonical::canonical;
use crate::{Error, Result};

/// A handle on an open store; safe to use from several threads at once.
pub struct Store {
    shared: EngineHandle,
    refuses: AtomicBool,
    closed: AtomicBool,
}

impl Store {
    /// Opens a store, creating it if there is none; blocks on the disk. If this process has it open
    /// with the same secrets and options, the handle shares that engine.
    ///
    /// # Errors
    /// [`Error::SecretKey`], [`Error::UnknownKey`], [`Error::Locked`], [`Error::AlreadyOpen`],
    /// [`Error::Path`], [`Error::Full`], [`Error::Storage`], [`Error::Damaged`], [`Error::Version`].
    pub fn open(mut options: Options) -> Result<Store> {
        // A link is resolved only if its target exists. Opening reports the error, if any.
        let _ = options.environment.storage.create_folder(&options.path);
        options.path = canonical(&options.path);
        let shared = engine::open_shared(options)?;
        Ok(Store { shared, refuses: AtomicBool::new(false), closed: AtomicBool::new(false) })
    }

    /// The store's folder.
    pub fn path(&self) -> &Path {
        self.shared.engine.path()
    }

    /// Stores `data` and returns its token, once that survives the end of the process.
    ///
    /// # Errors
    /// [`Error::Busy`]: nothing was done, see [`Store::wait_for_room`]; [`Error::TooLarge`];
    /// [`Error::Limit`]; [`Error::Closed`]; [`Error::Storage`] and [`Error::Full`] if writing fails.
    pub fn create(&self, data: &[u8], limits: Limits) -> Result<Token> {
        self.check()?.create(data, limits, None)
    }

    /// The same for a caller that caches the data in a slot, which is added to `index`. Not for
    /// tokens with a read limit.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub fn create_kept(
        &self,
        data: &[u8],
        limits: Limits,
        index: &ReaderIndex,
        slot: u64,
    ) -> Result<Token> {
        self.check()?.create(data, limits, Some((index, slot)))
    }

    /// Reads a token's data into `out`; [`OUT_BYTES`] bytes have room for any. A token with a read
    /// limit loses one read, and dies with the last. `index` tells which data the caller has
    /// cached. For anything but a live token the result is [`Reading::Absent`].
    ///
    /// # Errors
    /// [`Error::TooLarge`] if `out` is too small, no read is counted then; [`Error::Storage`] if a
    /// block is not readable; for a counted read also those of [`Store::create`].
    ///
    /// [`OUT_BYTES`]: crate::OUT_BYTES
    pub fn read(
        &self,
        token: &[u8],
        index: Option<&ReaderIndex>,
        out: &mut [u8],
    ) -> Result<Reading> {
        self.check()?.read(token, index, out)
    }

    /// Counts every change in the change counters of `index`, so that cached data is known to be
    /// current at less cost.
    pub fn watch(&self, index: &mut ReaderIndex) {
        self.shared.engine.watch(index.watch());
    }

    /// Undoes [`Store::watch`]: changes cost less again.
    pub fn unwatch(&self, index: &ReaderIndex) {
        if let Some(counters) = index.counters() {
            self.shared.engine.unwatch(counters);
        }
    }

    /// Reads as [`Store::read`] does, and puts the record on the shelf, if the store has one and the
    /// record no read limit.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_to_shelf(&self, token: &[u8], out: &mut [u8]) -> Result<Reading> {
        self.check()?.read_to_shelf(token, out)
    }

    /// Gives the store a shelf, which [`Store::read_to_shelf`] fills until the store is closed or gets
    /// another one. From then on, an opening that finds the store not closed waits for [`SHELF_GRACE`].
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Path`] or [`Error::Storage`] if the file `owner` cannot be written;
    /// [`Error::Closed`].
    ///
    /// [`SHELF_GRACE`]: crate::SHELF_GRACE
    pub fn set_shelf(&self, shelf: Option<Arc<dyn Shelf>>) -> Result<()> {
        self.check()?.set_shelf(shelf)
    }

    /// Replaces a live token's data and limits; false if there is no live token.
    ///
    /// # Errors
    /// As [`Store::create`]; the old record is then unchanged.
    pub fn update(&self, token: &[u8], data: &[u8], change: Change) -> Result<bool> {
        self.check()?.update(token, data, change)
    }

    /// Deletes a token; false if there is no live token.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub fn delete(&self, token: &[u8]) -> Result<bool> {
        self.check()?.delete(token)
    }

    /// Blocks until a call that failed with [`Error::Busy`] may be retried.
    ///
    /// # Errors
    /// What keeps the store from taking writes.
    pub fn wait_for_room(&self) -> Result<()> {
        self.check()?.wait_for_room()
    }

    /// Blocks until everything acknowledged so far is synced to disk.
    ///
    /// # Errors
    /// [`Error::Storage`] if syncing fails.
    pub fn flush(&self) -> Result<()> {
        self.check()?.flush()
    }

    /// Blocks until everything acknowledged so far is in the B-tree.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Full`].
    pub fn checkpoint(&self) -> Result<()> {
        self.check()?.checkpoint()
    }

    /// Removes all expired records from the B-tree and returns their number. Blocks.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Full`].
    pub fn sweep(&self) -> Result<u64> {
        self.check()?.sweep()
    }

    /// Copies the store, while it is in use, into a folder that is missing or empty. The copy is a
    /// store of its own with everything acknowledged before the call, and a prefix of later
    /// changes. Blocks; other calls continue. An interrupted copy is refused when it is opened.
    /// `progress` is in records.
    ///
    /// # Errors
    /// [`Error::Path`] if the folder cannot be created or is not empty, [`Error::Full`],
    /// [`Error::Storage`] if a block is not readable, [`Error::Closed`] if the store is closed
    /// meanwhile.
    pub fn backup(&self, target: &Path, progress: Progress<'_>) -> Result<BackedUp> {
        maintenance::backup_open(self.check()?, &canonical(target), progress)
    }

    /// The store's statistics.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn stats(&self) -> Result<Stats> {
        self.check()?.stats()
    }

    /// Makes all further calls fail with [`Error::Closed`]; [`Store::close`] is still to be called.
    pub fn refuse_calls(&self) {
        self.refuses.store(true, Ordering::Release);
    }

    /// The store's time, in milliseconds since 1970, which decides what has expired.
    pub fn time(&self) -> u64 {
        self.shared.engine.time()
    }

    /// Closes the handle with everything durable; the last one releases the store. Calls after it
    /// fail with [`Error::Closed`]; closing again does nothing.
    ///
    /// # Errors
    /// What kept the store from being made durable; it is released all the same.
    pub fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.refuse_calls();
        self.shared.release()
    }

    fn check(&self) -> Result<&Engine> {
        match self.refuses.load(Ordering::Acquire) {
            true => Err(Error::Closed),
            false => Ok(&self.shared.engine),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // There is no caller to report an error to; what was acknowledged is in the journal.
        let _ = self.close();
    }
}
