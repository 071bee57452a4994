//! Builds a store from records that are already sealed.
//!
//! Invariant: until the store is finished the folder holds the file `incomplete`, and an opening is
//! refused; without that file it is a store with all its records. A folder that did not exist gets its
//! name only with that file in it: an empty one would open as a new store.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::store_reader::size;
use crate::crypto::EpochRow;
use crate::crypto::keyring::{Keyring, StoreId};
use crate::engine::INCOMPLETE;
use crate::journal::{Begin, SegmentMaker};
use crate::options::Options;
use crate::platform::canonical::canonical;
use crate::platform::owner_lock::Ownership;
use crate::platform::storage::{Mode, Storage};
use crate::tree::{AppliedMark, Rows, TREE_FILE, Tree};
use crate::{Error, Result};

/// Bytes of records in one transaction.
pub(super) const BATCH_BYTES: usize = 4 << 20;

/// A store being built.
pub(super) struct StoreBuilder {
    options: Options,
    tree: Tree,
    epochs: Vec<EpochRow>,
    rows: Rows,
    bytes: usize,
    _ownership: Arc<Ownership>,
}

impl StoreBuilder {
    /// Begins a store in a folder that does not exist or is empty.
    ///
    /// # Errors
    /// [`Error::Path`] if it is not empty; those of writing.
    pub(super) fn begin(like: &Options, target: &Path, store: StoreId) -> Result<StoreBuilder> {
        let mut options = Options { path: target.to_path_buf(), on_event: None, ..like.clone() };
        create_marked(&options)?;
        let ownership = options.own(TREE_FILE, Duration::ZERO)?;
        let tree = Tree::open_as(&options, store, TREE_FILE)?.tree;
        ownership.hold(options.folder(), TREE_FILE)?;
        let (epochs, rows) = (Vec::new(), Rows::new());
        Ok(StoreBuilder { options, tree, epochs, rows, bytes: 0, _ownership: ownership })
    }

    /// Sets the epochs of the records that follow.
    pub(super) fn declare(&mut self, epochs: Vec<EpochRow>) {
        self.epochs = epochs;
    }

    /// Adds a record, in ascending order of ids.
    pub(super) fn put(&mut self, id: u64, record: &[u8]) -> Result<()> {
        self.rows.push((id, record.to_vec()));
        self.bytes += record.len();
        if self.bytes < BATCH_BYTES { Ok(()) } else { self.fill(AppliedMark::FIRST) }
    }

    /// Adds records, in ascending order of ids.
    pub(super) fn put_all(&mut self, rows: Rows) -> Result<()> {
        self.rows = rows;
        self.fill(AppliedMark::FIRST)
    }

    fn fill(&mut self, mark: AppliedMark) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        self.tree.fill(&rows, &self.epochs, mark)
    }

    /// Finishes the store; gives the bytes of its B-tree.
    pub(super) fn finish(mut self, keyring: &Keyring, mark: AppliedMark) -> Result<u64> {
        self.fill(mark)?;
        // A B-tree that falls back by one commit must lose nothing.
        self.fill(mark)?;
        self.tree.close()?;
        let applied = mark.applied;
        let begin = Begin { sequence: applied.sequence + 1, chain: applied.chain };
        SegmentMaker::new(&self.options, keyring.store).empty_segment(0, begin)?;
        keyring.write(self.options.folder())?;
        let bytes = size(&self.options, TREE_FILE)?;
        let (storage, path) = (self.options.environment.storage.as_ref(), &self.options.path);
        let done = storage.remove(&path.join(INCOMPLETE)).and_then(|()| storage.sync_folder(path));
        done.map_err(|error| Error::storage(path, "be made", error))?;
        Ok(bytes)
    }
}

/// Makes the folder with the file `incomplete` in it.
fn create_marked(options: &Options) -> Result<()> {
    let (storage, target) = (options.environment.storage.as_ref(), &options.path);
    if !is_missing(storage, target, &[])? {
        return mark(storage, target).map_err(|error| Error::unusable(target, error));
    }
    let fresh = &with_suffix(target, ".new");
    is_missing(storage, fresh, &[INCOMPLETE])?;
    let named = mark(storage, fresh)
        .and_then(|()| storage.rename(fresh, target))
        .and_then(|()| target.parent().map_or(Ok(()), |parent| storage.sync_folder(parent)));
    named.map_err(|error| Error::unusable(target, error))
}

fn mark(storage: &dyn Storage, folder: &Path) -> io::Result<()> {
    storage.create_folder(folder)?;
    storage.open(&folder.join(INCOMPLETE), Mode::Either)?.sync()?;
    storage.sync_folder(folder)
}

/// Whether a folder does not exist; an error if it holds anything but these files.
fn is_missing(storage: &dyn Storage, folder: &Path, known: &[&str]) -> Result<bool> {
    match storage.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(Error::unusable(folder, error)),
        Ok(names) if names.iter().all(|name| known.contains(&name.as_str())) => Ok(false),
        Ok(_) => {
            let reason = "the folder is not empty: choose one that does not exist yet".to_owned();
            Err(Error::Path { path: folder.to_path_buf(), reason })
        }
    }
}

/// Refuses a folder for a copy that lies within the store's own, whatever the paths are called.
pub(super) fn refuse_within(store: &Path, target: &Path) -> Result<()> {
    if !canonical(target).starts_with(canonical(store)) {
        return Ok(());
    }
    let reason = "the folder lies within the store's own: choose one elsewhere".to_owned();
    Err(Error::Path { path: target.to_path_buf(), reason })
}

/// The path of a file or folder beside another one.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.file_name().unwrap_or_default());
    name.push(suffix);
    path.with_file_name(name)
}
