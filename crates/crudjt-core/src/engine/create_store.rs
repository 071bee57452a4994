//! Creates a new store, or starts over where creating one was interrupted.

use super::folder::SET_ASIDE;
use crate::crypto::keyring::{KEYRING_FILES, Keyring};
use crate::journal::{self, SegmentMaker};
use crate::options::Options;
use crate::platform::owner_lock::Ownership;
use crate::tree::{TREE_FILE, Tree};
use crate::{Error, Result};

/// Creates a store: the B-tree first, then a segment, the keyring last, so that an interrupted
/// attempt can be told from a store that has lost its keyring.
pub(super) fn create_store(
    options: &Options,
    ownership: &Ownership,
    names: &[String],
) -> Result<(Keyring, Tree)> {
    if journal::any_in_use(options)? {
        let [first, _] = KEYRING_FILES;
        return Err(Error::no_keyring(&options.path.join(first)));
    }
    ownership.let_go(TREE_FILE);
    clear_attempt(options, names)?;
    let mut keyring = Keyring::new()?;
    let tree = Tree::open_as(options, keyring.store, TREE_FILE)?;
    ownership.hold(options.folder(), TREE_FILE)?;
    SegmentMaker::new(options, keyring.store).first()?;
    if let Some(newest) = options.secrets.first() {
        keyring.add_domain(newest, options.environment.clock.wall())?;
    }
    keyring.save(options.folder())?;
    Ok((keyring, tree))
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
