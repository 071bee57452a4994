//! The store's folder: taking it over, and what may be in it besides the store's own files.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::clock_file::CLOCK_FILE;
use super::damage_file::{DAMAGE_FILE, DAMAGE_FILE_FRESH};
use crate::crypto::keyring;
use crate::event::Event;
use crate::journal;
use crate::options::Options;
use crate::platform::owner_lock::{self, Ownership};
use crate::tree::{DAMAGED_TREES, FRESH_TREE, TREE_FILE, remove_fresh};
use crate::{Error, Result};

/// In a folder whose backup or repair has not finished.
pub(crate) const INCOMPLETE: &str = "incomplete";
/// A B-tree that was found without a keyring.
pub(super) const SET_ASIDE: &str = "records.old";
/// Starts the names of files by which a client proves to a master that it may write to the folder.
/// The library writes and removes them.
const TICKET_PREFIX: &str = "ticket-";

/// Creates the folder and takes it over; returns the names of the files in the folder.
pub(super) fn enter(options: &mut Options) -> Result<(Arc<Ownership>, Vec<String>)> {
    let path = options.path.clone();
    let unusable = |error: io::Error| Error::unusable(&path, error);
    options.environment.storage.create_folder(&path).map_err(unusable)?;
    let ownership = options.own(TREE_FILE, options.lock_wait)?;
    let storage = options.environment.storage.as_ref();
    if options.in_project {
        options.tell(Event::InProject { path: path.clone() });
    }
    if storage.is_shared(&path) {
        options.tell(Event::SharedFolder { path: path.clone() });
    }
    let names = storage.list(&path).map_err(unusable)?;
    refuse_incomplete(&options.path, &names)?;
    let names = undo_interrupted(options, names)?;
    remove_tickets(options, &names);
    report_foreign_files(options, &names);
    for kept in DAMAGED_TREES.iter().filter(|kept| names.iter().any(|name| name == *kept)) {
        options.tell(Event::DamageKept { path: options.path.join(kept) });
    }
    Ok((ownership, names))
}

/// Removes the new B-tree of an interrupted compaction or rebuilding, and puts the old one back if it
/// was already renamed. Returns the names that are left.
fn undo_interrupted(options: &Options, mut names: Vec<String>) -> Result<Vec<String>> {
    if !names.iter().any(|name| name == FRESH_TREE) {
        return Ok(names);
    }
    // Whichever was renamed last, see `rebuild.rs`.
    let last =
        DAMAGED_TREES.iter().rev().find_map(|kept| names.iter().position(|name| name == kept));
    if let Some(damaged) = last
        && !names.iter().any(|name| name == TREE_FILE)
    {
        let (path, back) = (options.path.join(names.remove(damaged)), options.path.join(TREE_FILE));
        let renamed = options.environment.storage.rename(&path, &back);
        renamed.map_err(|error| Error::storage(&path, "put its B-tree back", error))?;
        names.push(TREE_FILE.to_owned());
    }
    remove_fresh(options)?;
    Ok(names)
}

/// Refuses a folder whose backup or repair has not finished.
pub(crate) fn refuse_incomplete(path: &Path, names: &[String]) -> Result<()> {
    if !names.iter().any(|name| name == INCOMPLETE) {
        return Ok(());
    }
    let what = "this copy of a store is incomplete since its backup or repair was interrupted: remove the folder and run it again";
    Err(Error::damaged(path, what))
}

/// Removes leftover tickets, whose clients talked to an owner that is gone.
fn remove_tickets(options: &Options, names: &[String]) {
    for name in names.iter().filter(|name| name.starts_with(TICKET_PREFIX)) {
        // One that stays is harmless: nobody else knows its name.
        let _ = options.environment.storage.remove(&options.path.join(name));
    }
}

fn report_foreign_files(options: &Options, names: &[String]) {
    let foreign = names.iter().map(String::as_str).filter(|name| !is_own_file(name));
    let names = foreign.take(5).collect::<Vec<_>>().join(", ");
    if !names.is_empty() {
        options.tell(Event::ForeignFiles { path: options.path.clone(), names });
    }
}

fn is_own_file(name: &str) -> bool {
    [TREE_FILE, FRESH_TREE, SET_ASIDE, CLOCK_FILE, DAMAGE_FILE, DAMAGE_FILE_FRESH].contains(&name)
        || DAMAGED_TREES.contains(&name)
        || keyring::is_own_file(name)
        || journal::is_own_file(name)
        || owner_lock::is_own_file(name)
        || name.starts_with(TICKET_PREFIX)
}
