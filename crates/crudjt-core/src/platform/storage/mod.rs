//! The only way to the disk. Journal, keyring, B-tree and lock go through these traits, so that a
//! test can count, fail or tear every access.
//!
//! Assumptions about the medium: a sync returns after the data is on it; a sector of 512 bytes is
//! written completely or not at all, or its checksum reveals the torn write; a rename is atomic.

mod closed;
mod disk;
#[expect(unsafe_code, reason = "a memory mapping is made and touched through raw pointers")]
mod map_unsafe;
pub mod sim;

use std::fmt::Debug;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

pub(crate) use closed::ClosedStorage;
pub use disk::Disk;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// An existing file, for reading only.
    Read,
    /// An existing file.
    Existing,
    /// A new file; an error if it exists.
    New,
    /// An existing file, or a new one if there is none.
    Either,
}

/// A file system.
pub trait Storage: Send + Sync {
    /// Creates a folder and its parents, accessible to the owner alone, unless it exists.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// The names of the files in a folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Opens a regular file for reading and, except with [`Mode::Read`], for writing. Follows no
    /// symbolic link in the last part of the path.
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn StorageFile>>;
    /// Renames a file, replacing any file of the new name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Returns when the folder's entries are on the medium.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Locks a file, an existing one or with [`Mode::Either`] also a new one, until the result is
    /// dropped; `None` if somebody else has the lock.
    fn lock(&self, path: &Path, mode: Mode) -> io::Result<Option<Box<dyn Held>>>;
    /// Holds a folder, to notice when it is removed, renamed or replaced.
    fn hold_folder(&self, folder: &Path) -> io::Result<Box<dyn Held>>;
    /// Whether writes to mapped, allocated files in this folder always succeed.
    fn maps_well(&self, folder: &Path) -> bool;
    /// Whether other users may write to the folder.
    fn is_shared(&self, _folder: &Path) -> bool {
        false
    }
    /// Fails once the storage's owner has lost its folder; see `platform/owned_storage.rs`.
    fn check_owner(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A locked file or a folder, held until dropped.
pub trait Held: Send + Sync {
    /// Whether its path still leads to it: to the same inode of the same device.
    fn is_in_place(&self) -> bool;
}

/// An open file. All offsets are in bytes from its start.
pub trait StorageFile: Send + Sync + Debug {
    /// The file's length.
    fn size(&self) -> io::Result<u64>;
    /// Fills `out` from `offset`; an error if the file is too short.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
    /// Writes all of `data` at `offset`.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;
    /// Truncates the file or extends it with zeros.
    fn set_size(&self, size: u64) -> io::Result<()>;
    /// Extends the file to `size` and allocates its blocks now, so that writes below `size` cannot
    /// run out of space.
    fn allocate(&self, size: u64) -> io::Result<()>;
    /// Returns when the data and the length are on the medium.
    fn sync(&self) -> io::Result<()>;
    /// Maps the first `size` bytes into memory, shared with the file.
    fn map(&self, size: u64) -> io::Result<Box<dyn Mapping>>;
}

/// The mapped bytes of a file. Nobody else accesses a range while it is written.
pub trait Mapping: Send + Sync {
    /// Copies `data` to `offset`; false if that is outside the mapping.
    fn write(&self, offset: u64, data: &[u8]) -> bool;
    /// Fills `out` from `offset`; false if that is outside the mapping.
    fn read(&self, offset: u64, out: &mut [u8]) -> bool;
    /// Returns when the range is on the medium.
    fn sync(&self, range: Range<u64>) -> io::Result<()>;
    /// Prefaults the range: its pages are mapped now instead of at the first access.
    fn populate(&self, _range: Range<u64>) {}
    /// Prefaults a range that holds only zeros and that nobody else accesses meanwhile, by whatever
    /// means is cheapest.
    fn prepare(&self, range: Range<u64>) {
        self.populate(range);
    }
}

/// A folder of a [`Storage`].
#[derive(Clone, Copy)]
pub(crate) struct Folder<'a> {
    pub(crate) storage: &'a dyn Storage,
    pub(crate) path: &'a Path,
}

impl Folder<'_> {
    /// Opens a file of the folder.
    pub(crate) fn open(self, name: &str, mode: Mode) -> io::Result<Arc<dyn StorageFile>> {
        self.storage.open(&self.path.join(name), mode)
    }

    /// Replaces a file atomically: writes and syncs a new one, then renames it. After a crash the
    /// file has the old content or the new one.
    pub(crate) fn replace(self, name: &str, content: &[u8]) -> io::Result<()> {
        let path = self.path.join(name);
        let fresh = path.with_extension("new");
        write_synced(self.storage, &fresh, content)?;
        self.storage.rename(&fresh, &path)?;
        self.storage.sync_folder(self.path)
    }
}

/// Creates a file anew. What is in its place, left by an interrupted attempt or planted by somebody
/// else, is removed: a link is never written through.
pub(crate) fn create_anew(storage: &dyn Storage, path: &Path) -> io::Result<Arc<dyn StorageFile>> {
    match storage.open(path, Mode::New) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            storage.remove(path)?;
            storage.open(path, Mode::New)
        }
        opened => opened,
    }
}

/// Reads a whole file.
pub(crate) fn read_all(file: &dyn StorageFile) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; file.size()? as usize];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}

fn write_synced(storage: &dyn Storage, path: &Path, content: &[u8]) -> io::Result<()> {
    let file = create_anew(storage, path)?;
    file.write_at(0, content)?;
    sabotage!(KeyringUnsynced, return Ok(()));
    file.sync()
}
