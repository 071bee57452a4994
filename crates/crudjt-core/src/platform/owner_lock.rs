//! One owner per store: advisory locks on the file `lock` and on the B-tree's file, which the system
//! releases however the owner ends. The owner's identity is in another file, since a locked file
//! cannot be read on Windows.
//!
//! Invariant: who owns a folder is who holds the locks on the files to which its path leads now. An
//! owner whose lock, B-tree or folder was removed or replaced has lost it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::error::Owner;
use crate::error::is_full;
use crate::platform::clock::{Clock, Signal};
use crate::platform::storage::{Folder, Held, Mode, Storage, StorageFile, read_all};
use crate::{Error, Result};

const LOCK_FILE: &str = "lock";
const OWNER_FILE: &str = "owner";
const OWNER_SIZE_MAX: u64 = 4096;
const RETRY: Duration = Duration::from_millis(20);
/// How long after taking over the folder of an owner that did not close its shelf a store answers no
/// call: for as long as its readers may believe in it, and a killed process may take to close its
/// sockets after its locks.
pub const SHELF_GRACE: Duration = Duration::from_millis(50);
/// The second line of the owner's file while readers may have a shelf.
const SHELF_LINE: &str = "shelf";

impl Owner {
    fn current() -> Owner {
        Owner {
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            pid: std::process::id(),
        }
    }

    fn parse(text: &str) -> Option<Owner> {
        let (pid, host) = text.lines().next()?.trim_end().split_once(' ')?;
        // Whoever may write to the folder decides on this text, and it is printed on terminals.
        let is_name = host.chars().all(|char| char.is_alphanumeric() || "-._".contains(char));
        is_name.then_some(Owner { host: host.to_owned(), pid: pid.parse().ok()? })
    }
}

/// Ownership of a store's folder, or the exclusion of owners, until it is dropped or released.
pub(crate) struct Ownership {
    folder: PathBuf,
    /// The name of the file that the owner writes.
    written: &'static str,
    /// The folder, and the locks on files, by name.
    held: Mutex<Vec<(&'static str, Box<dyn Held>)>>,
    /// Whether the owner's file tells that readers may have a shelf.
    has_shelf: AtomicBool,
    /// Monotonic time until which readers may believe in the shelf of the owner before.
    readers_until: u64,
}

impl Ownership {
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether everything held is still what its path leads to. Once released, nothing is.
    pub(crate) fn is_current(&self) -> bool {
        let held = self.held.lock();
        !held.is_empty() && held.iter().all(|(_, held)| held.is_in_place())
    }

    /// Locks a file that the owner writes.
    pub(crate) fn hold(&self, folder: Folder<'_>, name: &'static str) -> Result<()> {
        match lock_written(folder, name)? {
            Lock::Taken(lock) => self.held.lock().push((name, lock)),
            Lock::Missing => {}
            Lock::Elsewhere => return Err(locked(folder)),
        }
        Ok(())
    }

    /// Releases the lock on a file that is to be renamed or replaced.
    pub(crate) fn let_go(&self, name: &str) {
        self.held.lock().retain(|(held, _)| *held != name);
    }

    /// Renames a file. The one that is written is locked anew when another takes its place.
    pub(crate) fn rename(&self, storage: &dyn Storage, from: &Path, to: &Path) -> io::Result<()> {
        let is_written = |path: &Path| path.file_name().is_some_and(|name| name == self.written);
        if is_written(from) || is_written(to) {
            self.let_go(self.written);
        }
        storage.rename(from, to)?;
        if is_written(to) {
            let folder = Folder { storage, path: &self.folder };
            self.hold(folder, self.written).map_err(io::Error::other)?;
        }
        Ok(())
    }

    /// Writes into the owner's file whether readers may have a shelf.
    pub(crate) fn record_shelf(&self, folder: Folder<'_>, has_shelf: bool) -> Result<()> {
        if self.has_shelf.load(Ordering::Acquire) == has_shelf {
            return Ok(());
        }
        replace_owner(folder, has_shelf).map_err(|error| Error::unusable(folder.path, error))?;
        self.has_shelf.store(has_shelf, Ordering::Release);
        Ok(())
    }

    /// Blocks while readers may believe in the shelf of an owner that did not close it.
    pub(crate) fn wait_for_readers(&self, clock: &dyn Clock) {
        sabotage!(GraceSkipped, return);
        while clock.monotonic() < self.readers_until {
            clock.wait(&Arc::default(), Some(self.readers_until));
        }
    }

    /// Releases everything.
    pub(crate) fn release(&self) {
        self.held.lock().clear();
    }
}

/// Keeps others from opening the store while the result lives. Changes no file: a store without a
/// lock file was never owned, so there is nothing to lock.
pub(crate) fn keep_out(
    folder: Folder<'_>,
    names: &[String],
    written: &'static str,
) -> Result<Option<Ownership>> {
    if !names.iter().any(|name| name == LOCK_FILE) {
        return Ok(None);
    }
    try_own(folder, Mode::Existing, written)?.map(Some).ok_or_else(|| locked(folder))
}

/// Takes ownership until the result is dropped, waiting up to `wait` for another owner. The file
/// `written` is locked too if there is one.
pub(crate) fn own(
    folder: Folder<'_>,
    written: &'static str,
    clock: &dyn Clock,
    wait: Duration,
) -> Result<Ownership> {
    let deadline = clock.monotonic() + wait.as_millis() as u64;
    loop {
        if let Some(mut ownership) = try_own(folder, Mode::Either, written)? {
            let has_shelf = owner_text(folder).lines().nth(1) == Some(SHELF_LINE);
            if has_shelf {
                ownership.readers_until = clock.monotonic() + SHELF_GRACE.as_millis() as u64;
                ownership.has_shelf = AtomicBool::new(true);
            }
            write_owner(folder, has_shelf)?;
            return Ok(ownership);
        }
        let now = clock.monotonic();
        if now >= deadline {
            return Err(locked(folder));
        }
        let next = deadline.min(now + RETRY.as_millis() as u64);
        clock.wait(&Arc::new(Signal::default()), Some(next));
    }
}

/// The lock on a file that its owner writes.
enum Lock {
    Taken(Box<dyn Held>),
    Elsewhere,
    Missing,
}

fn try_own(folder: Folder<'_>, mode: Mode, written: &'static str) -> Result<Option<Ownership>> {
    let unusable = |error| Error::unusable(folder.path, error);
    let lock = folder.storage.lock(&folder.path.join(LOCK_FILE), mode).map_err(unusable)?;
    let Some(lock) = lock else { return Ok(None) };
    let mut held = vec![(LOCK_FILE, lock)];
    match lock_written(folder, written)? {
        Lock::Taken(lock) => held.push((written, lock)),
        Lock::Missing => {}
        Lock::Elsewhere => return Ok(None),
    }
    held.push((".", folder.storage.hold_folder(folder.path).map_err(unusable)?));
    Ok(Some(Ownership {
        folder: folder.path.to_path_buf(),
        written,
        held: Mutex::new(held),
        has_shelf: AtomicBool::new(false),
        readers_until: 0,
    }))
}

/// Locks the file that is written, as SQLite does: whoever removes the lock file does not let a
/// second owner in. Windows needs no such lock, since it removes no locked file, and its locks would
/// keep this process's other handles from reading.
fn lock_written(folder: Folder<'_>, name: &str) -> Result<Lock> {
    sabotage!(TreeUnlocked, return Ok(Lock::Missing));
    if cfg!(windows) {
        return Ok(Lock::Missing);
    }
    match folder.storage.lock(&folder.path.join(name), Mode::Existing) {
        Ok(Some(lock)) => Ok(Lock::Taken(lock)),
        Ok(None) => Ok(Lock::Elsewhere),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Lock::Missing),
        Err(error) => Err(Error::storage(&folder.path.join(name), "lock its B-tree", error)),
    }
}

fn locked(folder: Folder<'_>) -> Error {
    Error::Locked { path: folder.path.to_path_buf(), owner: read_owner(folder) }
}

/// Keeps the line of a shelf: this owner may be killed before it has waited for the readers.
fn write_owner(folder: Folder<'_>, has_shelf: bool) -> Result<()> {
    match replace_owner(folder, has_shelf) {
        Err(error) if is_full(&error) && has_shelf => Ok(()),
        // A name is not worth a store: on a full disk it stays unknown.
        Err(error) if is_full(&error) => {
            let _ = folder.storage.remove(&folder.path.join(OWNER_FILE));
            Ok(())
        }
        written => written.map_err(|error| Error::unusable(folder.path, error)),
    }
}

fn replace_owner(folder: Folder<'_>, has_shelf: bool) -> io::Result<()> {
    let owner = Owner::current();
    let shelf = if has_shelf { format!("{SHELF_LINE}\n") } else { String::new() };
    folder.replace(OWNER_FILE, format!("{} {}\n{shelf}", owner.pid, owner.host).as_bytes())
}

fn read_owner(folder: Folder<'_>) -> Owner {
    Owner::parse(&owner_text(folder)).unwrap_or_default()
}

fn owner_text(folder: Folder<'_>) -> String {
    let short = |file: &Arc<dyn StorageFile>| file.size().is_ok_and(|size| size < OWNER_SIZE_MAX);
    let file = folder.open(OWNER_FILE, Mode::Read).ok().filter(short);
    let bytes = file.and_then(|file| read_all(file.as_ref()).ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether a file of this name belongs to this module.
pub(crate) fn is_own_file(name: &str) -> bool {
    [LOCK_FILE, OWNER_FILE, "owner.new"].contains(&name)
}
