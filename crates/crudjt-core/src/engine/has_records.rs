//! Determines whether a store has ever held a record, without opening it: an opening that is
//! refused leaves no trace.

use std::path::Path;

use crate::Result;
use crate::crypto::keyring::StoreId;
use crate::journal::{self, Change, EntryVisitor};
use crate::options::Options;
use crate::tree::{AppliedMark, Damage, RowVisitor, TableName, TreeFile, mark_in};

/// Looks into the B-tree, then into the journal. What is not readable counts as nothing: opening
/// will meet it and report it.
///
/// # Errors
/// If the folder cannot be listed.
pub(super) fn has_records(options: &Options, store: StoreId) -> Result<bool> {
    let mut finder = RecordFinder::default();
    if let Ok(tree) = TreeFile::open(options, store) {
        tree.walk(TableName::Meta, &mut finder)?;
    }
    if finder.mark.is_some_and(|mark| mark.highest_id > 0) {
        return Ok(true);
    }
    let applied = finder.mark.map(|mark| mark.applied);
    journal::inspect(options, store, applied, &mut finder)?;
    Ok(finder.found)
}

#[derive(Default)]
struct RecordFinder {
    mark: Option<AppliedMark>,
    found: bool,
}

impl RowVisitor for RecordFinder {
    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.mark = mark_in(key, value).or(self.mark);
        Ok(())
    }

    fn lost(&mut self, _damage: Damage, _above: Option<&[u8]>, _up_to: Option<&[u8]>) {}

    fn read(&mut self, _blocks: u64) {}
}

impl EntryVisitor for RecordFinder {
    fn entry(&mut self, _sequence: u64, change: Change, _record: &[u8]) {
        self.found |= !matches!(change, Change::Epoch(_));
    }

    fn wrong(&mut self, _file: &Path, _sequence: Option<u64>, _what: &str) {}

    fn read(&mut self, _bytes: u64) {}
}
