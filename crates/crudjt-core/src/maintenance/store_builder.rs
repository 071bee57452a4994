//! Builds a store from records that are already sealed.
//!
//! Invariant: until the store is finished the folder holds the file `incomplete`, and an opening is
//! refused; without that file it is a store with all its records.

use std::io;
use std::path::Path;

use super::store_reader::size;
use crate::crypto::EpochRow;
use crate::crypto::keyring::{Keyring, StoreId};
use crate::engine::INCOMPLETE;
use crate::journal::{Begin, SegmentMaker};
use crate::options::Options;
use crate::platform::owner_lock::{self, Ownership};
use crate::platform::storage::Mode;
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
    _ownership: Ownership,
}

impl StoreBuilder {
    /// Begins a store in a folder that does not exist or is empty.
    ///
    /// # Errors
    /// [`Error::Path`] if it is not empty; those of writing.
    pub(super) fn begin(like: &Options, target: &Path, store: StoreId) -> Result<StoreBuilder> {
        let options = Options { path: target.to_path_buf(), on_event: None, ..like.clone() };
        let storage = options.environment.storage.as_ref();
        require_empty(&options)?;
        storage.create_folder(target).map_err(|error| Error::unusable(target, error))?;
        let marked = storage
            .open(&target.join(INCOMPLETE), Mode::New)
            .and_then(|file| file.sync())
            .and_then(|()| storage.sync_folder(target));
        marked.map_err(|error| Error::unusable(target, error))?;
        let ownership = owner_lock::own(
            options.folder(),
            options.environment.clock.as_ref(),
            std::time::Duration::ZERO,
        )?;
        let tree = Tree::open(&options, store)?;
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

fn require_empty(options: &Options) -> Result<()> {
    match options.environment.storage.list(&options.path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::unusable(&options.path, error)),
        Ok(names) if names.is_empty() => Ok(()),
        Ok(_) => {
            let reason = "the folder is not empty: choose one that does not exist yet".to_owned();
            Err(Error::Path { path: options.path.clone(), reason })
        }
    }
}
