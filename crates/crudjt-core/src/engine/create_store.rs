//! Creates a new store, or starts over where creating one was interrupted.

use super::folder::SET_ASIDE;
use super::has_records::has_records;
use crate::crypto::keyring::{KEYRING_FILES, Keyring};
use crate::journal::{self, SegmentMaker};
use crate::options::Options;
use crate::platform::owner_lock::Ownership;
use crate::platform::storage::Mode;
use crate::tree::{OpenedTree, TREE_FILE, Tree, store_of_tree};
use crate::{Error, Result};

/// Bytes that the B-tree of an interrupted attempt takes at most.
const UNFINISHED: u64 = 256 << 10;

/// Creates a store: the B-tree first, then a segment, the keyring last, so that an interrupted
/// attempt can be told from a store that has lost its keyring.
pub(super) fn create_store(
    options: &Options,
    ownership: &Ownership,
    names: &[String],
) -> Result<(Keyring, OpenedTree)> {
    if journal::any_in_use(options)? || has_tokens(options, names)? {
        let [first, _] = KEYRING_FILES;
        return Err(Error::no_keyring(&options.path.join(first)));
    }
    ownership.let_go(TREE_FILE);
    clear_attempt(options, names)?;
    let mut keyring = Keyring::new()?;
    let opened = Tree::open_as(options, keyring.store, TREE_FILE)?;
    ownership.hold(options.folder(), TREE_FILE)?;
    SegmentMaker::new(options, keyring.store).first()?;
    if let Some(newest) = options.secrets.first() {
        keyring.add_domain(newest, options.environment.clock.wall())?;
    }
    keyring.save(options.folder())?;
    Ok((keyring, opened))
}

/// Whether the B-tree was ever given a token. An unreadable one counts as unfinished, unless it is larger
/// than a new one.
fn has_tokens(options: &Options, names: &[String]) -> Result<bool> {
    if !names.iter().any(|name| name == TREE_FILE) {
        return Ok(false);
    }
    if let Some(store) = store_of_tree(options)
        && has_records(options, store)?
    {
        return Ok(true);
    }
    let path = options.path.join(TREE_FILE);
    let file = options.environment.storage.open(&path, Mode::Read);
    let size = file.and_then(|file| file.size());
    Ok(size.map_err(|error| Error::storage(&path, "open its B-tree", error))? > UNFINISHED)
}

/// Removes what an interrupted attempt left. The B-tree should be empty, but nothing has verified
/// that, so it is kept under another name.
fn clear_attempt(options: &Options, names: &[String]) -> Result<()> {
    let storage = options.environment.storage.as_ref();
    for name in names {
        let path = options.path.join(name);
        let cleared = if name == TREE_FILE {
            storage.rename(&path, &options.path.join(SET_ASIDE))
        } else if journal::is_segment(name) {
            storage.remove(&path)
        } else {
            Ok(())
        };
        cleared.map_err(|error| Error::storage(&path, "be created", error))?;
    }
    Ok(())
}
