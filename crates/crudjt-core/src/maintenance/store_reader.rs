//! A store that is only read: its keyring and B-tree, while no process can open it.

use std::path::PathBuf;

use super::finding::{FindingKind, Findings};
use crate::crypto::keyring::{Keyring, StoreId};
use crate::journal;
use crate::options::Options;
use crate::platform::owner_lock::{self, Ownership};
use crate::platform::storage::Mode;
use crate::tree::{TREE_FILE, TreeFile, store_of_tree};
use crate::{Error, Result};

/// A store, readable or not.
pub(super) struct StoreReader<'o> {
    pub(super) options: &'o Options,
    /// The newest readable copy.
    pub(super) keyring: Option<Keyring>,
    /// The store's id, from the keyring or from the B-tree.
    pub(super) store: Option<StoreId>,
    pub(super) tree: Option<TreeFile>,
    /// Bytes of all files that are read.
    pub(super) bytes: u64,
    _lock: Option<Ownership>,
}

impl<'o> StoreReader<'o> {
    /// Opens a store's files for reading; what is wrong with them goes to `findings`.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::Path`] if there is no store; [`Error::Version`].
    pub(super) fn open(options: &'o Options, findings: &mut Findings) -> Result<StoreReader<'o>> {
        let names = list(options)?;
        let lock = owner_lock::keep_out(options.folder(), &names, TREE_FILE)?;
        let keyring = keyring(options, findings)?;
        let store = keyring.as_ref().map(|keyring| keyring.store);
        let store = store.or_else(|| store_of_tree(options));
        let tree = match store {
            Some(store) => tree(options, store, findings)?,
            None => None,
        };
        let bytes = names.iter().filter_map(|name| size_of(options, name)).sum();
        Ok(StoreReader { options, keyring, store, tree, bytes, _lock: lock })
    }

    pub(super) fn tree_path(&self) -> PathBuf {
        self.options.path.join(TREE_FILE)
    }
}

/// The names of the files of a store.
pub(super) fn list(options: &Options) -> Result<Vec<String>> {
    let names = options.environment.storage.list(&options.path);
    let missing = || Error::no_store(&options.path);
    let names = names.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => missing(),
        _ => Error::unusable(&options.path, error),
    })?;
    let is_part =
        |name: &String| name == TREE_FILE || journal::is_segment(name) || is_keyring(name);
    if names.iter().any(is_part) { Ok(names) } else { Err(missing()) }
}

fn is_keyring(name: &str) -> bool {
    crate::crypto::keyring::KEYRING_FILES.contains(&name)
}

fn size_of(options: &Options, name: &str) -> Option<u64> {
    if name != TREE_FILE && !journal::is_segment(name) {
        return None;
    }
    options.environment.storage.open(&options.path.join(name), Mode::Read).ok()?.size().ok()
}

fn keyring(options: &Options, findings: &mut Findings) -> Result<Option<Keyring>> {
    let (keyring, wrong) = Keyring::inspect(options.folder());
    for (name, error) in wrong {
        if matches!(error, Error::Version { .. }) {
            return Err(error);
        }
        findings.add_error(FindingKind::Keyring, &options.path.join(name), &error);
    }
    Ok(keyring)
}

fn tree(options: &Options, store: StoreId, findings: &mut Findings) -> Result<Option<TreeFile>> {
    match TreeFile::open(options, store) {
        Ok(tree) => {
            let mut add = |place, what: String| {
                findings.add(FindingKind::Block, tree.path(), place, what);
            };
            for block in tree.restored() {
                add(
                    Some(*block),
                    "it is damaged, but has a copy: opening the store restores it".to_owned(),
                );
            }
            if tree.fell_back() {
                add(Some(0), "the newest commit is unreadable, the previous one is not".to_owned());
            }
            if tree.is_truncated() {
                add(Some(0), "the file is shorter than its header says".to_owned());
            }
            if let Some(objection) = tree.objection() {
                add(None, objection);
            }
            Ok(Some(tree))
        }
        Err(error @ Error::Version { .. }) => Err(error),
        Err(error) => {
            findings.add_error(FindingKind::Block, &options.path.join(TREE_FILE), &error);
            Ok(None)
        }
    }
}

/// Bytes of a B-tree's file.
pub(super) fn size(options: &Options, name: &str) -> Result<u64> {
    let path = options.path.join(name);
    let file = options.environment.storage.open(&path, Mode::Read);
    let size = file.and_then(|file| file.size());
    size.map_err(|error| Error::storage(&path, "open its B-tree", error))
}
