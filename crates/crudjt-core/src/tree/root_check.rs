//! Checks and restores what leads to all records of a B-tree's file, before redb or a reader trusts it.

use std::io;

use super::database::Tree;
use super::redb_file::block_file::BlockFile;
use super::redb_file::block_format::damaged;
use super::redb_file::catalog::{Definition, check_system, find_table};
use super::redb_file::header::FileHeader;
use super::redb_file::{page_ownership, restore};
use super::tables::{AppliedMark, TableName};
use super::tree_file::committed_mark;
use crate::event::Event;

impl Tree {
    pub(super) fn tell_restored(&self, restored: bool) {
        if let Some(tell) = self.on_event.as_ref().filter(|_| restored) {
            tell(Event::TreeRestored { path: self.path.clone() });
        }
    }

    /// Restores what root blocks of the file are damaged.
    pub(super) fn restore_roots(&self, blocks: &BlockFile) -> io::Result<()> {
        restore::restore_roots(blocks).map(|restored| self.tell_restored(restored))
    }

    /// Checks what redb must be able to trust, and gives the applied mark; `None` for a file without
    /// a commit.
    pub(super) fn check(&self, blocks: &BlockFile) -> io::Result<Option<AppliedMark>> {
        if self.check_pages {
            page_ownership::check(blocks, true)?;
        }
        let header = FileHeader::read_intact(blocks)?.filter(|header| header.data.is_some());
        let Some(header) = header else { return Ok(None) };
        check_system(blocks, &header)?;
        committed_mark(blocks, &header).map(Some)
    }
}

/// The newest commit, and its tables of records and expiries.
pub(super) fn newest_tables(
    blocks: &BlockFile,
) -> io::Result<(FileHeader, Definition, Definition)> {
    let header = FileHeader::read_intact(blocks)?.ok_or_else(|| damaged(0))?;
    let records = find_table(blocks, &header, TableName::Records.text())?;
    let expiries = find_table(blocks, &header, TableName::Expiries.text())?;
    Ok((header, records, expiries))
}
