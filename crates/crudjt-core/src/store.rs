//! A handle on an open store: what callers hold. Handles on one store in one process share an
//! engine; the last one that closes it closes the store.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::cache::ReaderIndex;
use crate::call::{Change, Limits, Reading};
use crate::crypto::token::Token;
use crate::engine::{self, Engine, Stats};
use crate::maintenance::{self, BackedUp, Progress};
use crate::options::Options;
use crate::platform::default_path::settled;
use crate::{Error, Result};

/// A handle on an open store. All calls may be made from several threads at once.
pub struct Store {
    engine: Arc<Engine>,
    closed: AtomicBool,
}

/// The engines open in this process, by folder, and how many handles each has.
static ENGINES: Mutex<Option<HashMap<PathBuf, SharedEngine>>> = Mutex::new(None);

type SharedEngine = Arc<Mutex<Option<(Arc<Engine>, usize)>>>;

impl Store {
    /// Opens a store, making it if there is none; blocks on the disk. If this process has it open
    /// with the same secrets and options, the handle shares that engine.
    ///
    /// # Errors
    /// [`Error::SecretKey`], [`Error::UnknownKey`], [`Error::Locked`], [`Error::AlreadyOpen`],
    /// [`Error::Path`], [`Error::Full`], [`Error::Storage`], [`Error::Damaged`], [`Error::Version`].
    pub fn open(mut options: Options) -> Result<Store> {
        // A link is followed only once there is something to follow; opening tells of an error.
        let _ = options.environment.storage.create_folder(&options.path);
        options.path = settled(&options.path);
        let slot = shared_engine(&options.path);
        let mut shared = slot.lock();
        let engine = match shared.as_mut() {
            Some((engine, handles)) if engine.options().agrees_with(&options) => {
                *handles += 1;
                engine.clone()
            }
            Some(_) => return Err(Error::AlreadyOpen { path: options.path }),
            None => {
                let engine = engine::open(options)?;
                *shared = Some((engine.clone(), 1));
                engine
            }
        };
        Ok(Store { engine, closed: AtomicBool::new(false) })
    }

    /// The store's folder.
    pub fn path(&self) -> &Path {
        self.engine.path()
    }

    /// Stores `data` and gives its token. Returns once the token survives the end of the process.
    ///
    /// # Errors
    /// [`Error::Busy`]: nothing was done, see [`Store::wait_for_room`]; [`Error::TooLarge`];
    /// [`Error::Limit`]; [`Error::Closed`]; [`Error::Storage`] and [`Error::Full`] if it can't be written.
    pub fn create(&self, data: &[u8], limits: Limits) -> Result<Token> {
        self.check()?.create(data, limits, None)
    }

    /// The same for a caller who keeps the data in a slot, which `index` then knows. A token with a
    /// read limit is not to be kept.
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

    /// Reads a token's data into `out`, which has room for any if it has [`OUT_BYTES`]. A token
    /// with a read limit loses one read, and dies with the last. `index` says what data the caller
    /// still has. Anything that is no live token is [`Reading::Absent`].
    ///
    /// # Errors
    /// [`Error::TooLarge`] if `out` is too small, nothing is counted then; [`Error::Storage`] if a
    /// block can't be read; where a read is counted also what [`Store::create`] gives.
    pub fn read(
        &self,
        token: &[u8],
        index: Option<&ReaderIndex>,
        out: &mut [u8],
    ) -> Result<Reading> {
        self.check()?.read(token, index, out)
    }

    /// Has a caller told of every change, so that what it keeps is known to be true at less cost.
    pub fn watch(&self, index: &mut ReaderIndex) {
        self.engine.watch(index.watch());
    }

    /// Replaces a live token's data and limits; false if there is no live token.
    ///
    /// # Errors
    /// As [`Store::create`]; the old record then stays whole.
    pub fn update(&self, token: &[u8], data: &[u8], change: Change) -> Result<bool> {
        self.check()?.update(token, data, change)
    }

    /// Kills a token; false if there was no live one.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub fn delete(&self, token: &[u8]) -> Result<bool> {
        self.check()?.delete(token)
    }

    /// Blocks until a call that failed with [`Error::Busy`] may be tried again.
    ///
    /// # Errors
    /// What keeps the store from taking writes.
    pub fn wait_for_room(&self) -> Result<()> {
        self.check()?.wait_for_room()
    }

    /// Blocks until everything acknowledged so far is on the medium.
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

    /// Removes all expired records from the B-tree; gives how many. Blocks.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Full`].
    pub fn sweep(&self) -> Result<u64> {
        self.check()?.sweep()
    }

    /// Copies the store, while it is used, into a folder that is made or empty: a store by itself,
    /// with everything acknowledged before the call and with no part of a later change without
    /// those before it. Blocks; other calls go on. A folder that a copy did not get to the end of
    /// says so when it is opened. `progress` gets records.
    ///
    /// # Errors
    /// [`Error::Path`] if the folder can't be made or is not empty, [`Error::Full`],
    /// [`Error::Storage`] if a block can't be read, [`Error::Closed`] if the store is closed
    /// meanwhile.
    pub fn backup(&self, target: &Path, progress: Progress<'_>) -> Result<BackedUp> {
        maintenance::backup_open(self.check()?, &settled(target), progress)
    }

    /// What the store tells of itself.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn stats(&self) -> Result<Stats> {
        self.check()?.stats()
    }

    /// Gives the handle back with everything durable. The last one releases the store. Calls after
    /// it fail with [`Error::Closed`]; closing again does nothing.
    ///
    /// # Errors
    /// What kept the store from being made durable; it is released all the same.
    pub fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let slot = shared_engine(self.path());
        let mut shared = slot.lock();
        let Some((_, handles)) = shared.as_mut() else { return Ok(()) };
        *handles -= 1;
        if *handles > 0 {
            return self.engine.flush();
        }
        *shared = None;
        self.engine.close()
    }

    fn check(&self) -> Result<&Engine> {
        if self.closed.load(Ordering::Acquire) { Err(Error::Closed) } else { Ok(&self.engine) }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Nobody is left to hear of an error; what was acknowledged is in the journal.
        let _ = self.close();
    }
}

fn shared_engine(path: &Path) -> SharedEngine {
    let mut engines = ENGINES.lock();
    let engines = engines.get_or_insert_default();
    engines.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.lock().is_some());
    engines.entry(path.to_path_buf()).or_default().clone()
}
