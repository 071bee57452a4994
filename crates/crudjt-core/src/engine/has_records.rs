//! Whether a store has ever held a record, determined without opening it: a refused opening changes
//! nothing.

use std::path::Path;

use crate::Result;
use crate::crypto::keyring::StoreId;
use crate::journal::{self, Change, EntryVisitor};
use crate::options::Options;
use crate::tree::TreeFile;

/// Reads the B-tree's applied mark, then the journal. What is unreadable counts as nothing: opening
/// reports it.
///
/// # Errors
/// If the folder cannot be listed.
pub(super) fn has_records(options: &Options, store: StoreId) -> Result<bool> {
    let mark = TreeFile::open(options, store).ok().and_then(|tree| tree.mark());
    if mark.is_some_and(|mark| mark.highest_id > 0) {
        return Ok(true);
    }
    let mut found = AnyRecord(false);
    journal::inspect(options, store, mark.map(|mark| mark.applied), &mut found)?;
    Ok(found.0)
}

/// Whether an entry of the journal is about a record.
struct AnyRecord(bool);

impl EntryVisitor for AnyRecord {
    fn entry(&mut self, _: u64, change: Change, _: &[u8]) {
        self.0 |= !matches!(change, Change::Epoch(_));
    }

    fn wrong(&mut self, _: &Path, _: Option<u64>, _: &str) {}

    fn read(&mut self, _: u64) {}
}
