//! The files in a store's folder: which belong to it, and what an opening removes or refuses.

use std::io::ErrorKind;
use std::path::Path;

use crate::crypto::keyring;
use crate::options::Options;
use crate::platform::owner_lock;
use crate::tree::{FRESH_TREE, TREE_FILE};
use crate::{Error, Result, journal};

/// Marks a copy of a store that is not finished.
pub(crate) const INCOMPLETE: &str = "incomplete";
/// A B-tree that was found without a keyring.
pub(super) const SET_ASIDE: &str = "records.old";
/// A ticket: a client of the store's master creates one to prove that it may write to the folder.
const TICKET: &str = "ticket-";

/// Whether a file of this name belongs to a store.
pub(super) fn is_own_file(name: &str) -> bool {
    [TREE_FILE, FRESH_TREE, SET_ASIDE].contains(&name)
        || keyring::is_own_file(name)
        || journal::is_own_file(name)
        || owner_lock::is_own_file(name)
        || name.starts_with(TICKET)
}

/// Refuses a copy of a store that is not finished.
pub(crate) fn refuse_incomplete(path: &Path, names: &[String]) -> Result<()> {
    if !names.iter().any(|name| name == INCOMPLETE) {
        return Ok(());
    }
    let what =
        "this copy of a store was interrupted and is incomplete: remove the folder and copy again";
    Err(Error::damaged(path, what))
}

/// Removes the file that an interrupted `compact` left.
pub(crate) fn remove_fresh(options: &Options) -> Result<()> {
    let path = options.path.join(FRESH_TREE);
    match options.environment.storage.remove(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Error::storage(&path, "remove its interrupted copy", error))
        }
        _ => Ok(()),
    }
}

/// Removes leftover tickets: the owner that they were meant for is gone.
pub(super) fn remove_tickets(options: &Options, names: &[String]) {
    for name in names.iter().filter(|name| name.starts_with(TICKET)) {
        // One that remains is harmless: nobody knows its name.
        let _ = options.environment.storage.remove(&options.path.join(name));
    }
}
