//! The storage of the process that owns a store's folder: once the folder is lost, everything that
//! goes by the name of a file is refused, so the files of the next owner are never touched.
//!
//! Open files need no check: they stay the files that this process opened, and the lock on the B-tree
//! keeps others out of them. Reads and writes therefore cost nothing more.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::error::NotOwned;
use crate::platform::owner_lock::Ownership;
use crate::platform::storage::{Held, Mode, Storage, StorageFile};

/// A storage, as long as its folder is owned.
pub(crate) struct OwnedStorage {
    storage: Arc<dyn Storage>,
    ownership: Arc<Ownership>,
}

impl OwnedStorage {
    pub(crate) fn new(storage: Arc<dyn Storage>, ownership: Arc<Ownership>) -> OwnedStorage {
        OwnedStorage { storage, ownership }
    }
}

impl Storage for OwnedStorage {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.storage.create_folder(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.storage.list(folder)
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn StorageFile>> {
        self.check_owner()?;
        self.storage.open(path, mode)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check_owner()?;
        self.ownership.rename(self.storage.as_ref(), from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.check_owner()?;
        self.storage.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.check_owner()?;
        self.storage.sync_folder(folder)
    }

    fn lock(&self, path: &Path, mode: Mode) -> io::Result<Option<Box<dyn Held>>> {
        self.storage.lock(path, mode)
    }

    fn hold_folder(&self, folder: &Path) -> io::Result<Box<dyn Held>> {
        self.storage.hold_folder(folder)
    }

    fn maps_well(&self, folder: &Path) -> bool {
        self.storage.maps_well(folder)
    }

    fn is_shared(&self, folder: &Path) -> bool {
        self.storage.is_shared(folder)
    }

    fn check_owner(&self) -> io::Result<()> {
        sabotage!(OwnershipUnchecked, return Ok(()));
        self.storage.check_owner()?;
        match self.ownership.is_current() {
            true => Ok(()),
            false => Err(io::Error::other(NotOwned::Lost(self.ownership.folder().to_path_buf()))),
        }
    }
}
