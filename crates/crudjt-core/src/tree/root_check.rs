//! Reads what leads to all records of a B-tree's file, before redb or a reader trusts it.

use std::io;

use super::redb_file::block_file::BlockFile;
use super::redb_file::block_format::damaged;
use super::redb_file::catalog::{Definition, check_system, find_table};
use super::redb_file::header::FileHeader;
use super::redb_file::page_ownership;
use super::tables::{AppliedMark, TableName};
use super::tree_file::committed_mark;

/// Checks what redb must be able to trust, and gives the applied mark; `None` for a file without a
/// commit.
pub(super) fn check(blocks: &BlockFile, check_pages: bool) -> io::Result<Option<AppliedMark>> {
    if check_pages {
        page_ownership::check(blocks, true)?;
    }
    let header = FileHeader::read_intact(blocks)?.filter(|header| header.data.is_some());
    let Some(header) = header else { return Ok(None) };
    check_system(blocks, &header)?;
    committed_mark(blocks, &header).map(Some)
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
