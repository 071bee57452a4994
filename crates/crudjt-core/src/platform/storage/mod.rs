//! The only way to the disk. Journal, keyring, B-tree and lock go through these traits, so that a
//! test can count, fail or tear every access.
//!
//! Assumed of a real medium: a sync returns when the data is on it; a sector of 512 bytes is
//! written whole or not at all or is found by its checksum; a rename is atomic.

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
    /// It must be there, and is not going to be changed.
    Read,
    /// It must be there.
    Existing,
    /// It must not be there.
    New,
    /// It is made if it is not there.
    Either,
}

/// A folder tree.
pub trait Storage: Send + Sync {
    /// Makes a folder and its parents, for the owner alone; none is made where it is there.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// The names of the files in a folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Opens a file, for writing too unless the mode says otherwise.
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn StorageFile>>;
    /// Renames a file, replacing what has the new name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the folder's entries durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Takes the lock of a file until the result is dropped; `None` where another one has it.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Send + Sync>>>;
    /// Whether files in this folder may be mapped into memory without surprises.
    fn maps_well(&self, folder: &Path) -> bool;
}

/// An open file. All offsets are in bytes from its start.
pub trait StorageFile: Send + Sync + Debug {
    /// The file's length.
    fn size(&self) -> io::Result<u64>;
    /// Fills `out` from `offset`; an error where the file is too short.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
    /// Writes all of `data` at `offset`.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;
    /// Cuts or extends the file; what is new is zero.
    fn set_size(&self, size: u64) -> io::Result<()>;
    /// Extends the file to `size` and takes its blocks now, so that writing below can't run out of space.
    fn allocate(&self, size: u64) -> io::Result<()>;
    /// Returns when data and length are on the medium.
    fn sync(&self) -> io::Result<()>;
    /// Maps the first `size` bytes, shared with the file.
    fn map(&self, size: u64) -> io::Result<Box<dyn Mapping>>;
}

/// A file's bytes in memory. Whoever writes a range is the only one to touch it until done.
pub trait Mapping: Send + Sync {
    /// Copies `data` to `offset`; false where that is beyond the mapping.
    fn write(&self, offset: u64, data: &[u8]) -> bool;
    /// Fills `out` from `offset`; false where that is beyond the mapping.
    fn read(&self, offset: u64, out: &mut [u8]) -> bool;
    /// Returns when the range is on the medium.
    fn sync(&self, range: Range<u64>) -> io::Result<()>;
    /// Takes the memory for the range now rather than at the first touch; only for speed.
    fn populate(&self, _range: Range<u64>) {}
    /// The same for a range that holds nothing but zeros and that nobody touches meanwhile; in larger
    /// pieces where that is cheaper.
    fn prepare(&self, range: Range<u64>) {
        self.populate(range);
    }
}

/// Reads a whole file.
pub(crate) fn read_all(file: &dyn StorageFile) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; file.size()? as usize];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}

/// Writes a file whole under another name, syncs it and renames it into place: after a crash the
/// old content or the new one is there, never a mixture.
pub(crate) fn replace(storage: &dyn Storage, path: &Path, content: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    write_synced(storage, &fresh, content)?;
    storage.rename(&fresh, path)?;
    storage.sync_folder(path.parent().unwrap_or(path))
}

fn write_synced(storage: &dyn Storage, path: &Path, content: &[u8]) -> io::Result<()> {
    let file = storage.open(path, Mode::Either)?;
    file.set_size(0)?;
    file.write_at(0, content)?;
    sabotage!(KeyringUnsynced, return Ok(()));
    file.sync()
}
