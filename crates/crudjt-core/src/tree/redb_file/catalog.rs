//! The catalog: redb's B-trees of table names and their definitions.
//!
//! ```text
//! definition: u8 3, u64 rows, u8 root?, root, u8 fixed key?, u32 width, u8 fixed value?, u32 width, …
//! ```

use std::io;

use super::block_file::BlockFile;
use super::block_format::damaged;
use super::header::{FileHeader, root};
use super::page::{DEPTH_MAX, Page, Widths};
use super::page_number::{PageExtent, PageRef};
use crate::bytes::ByteReader;

/// An ordinary table; redb's multimap tables are of another kind.
const TABLE: u8 = 3;
/// The widths of the catalog itself.
pub(in crate::tree) const CATALOG: Widths = Widths { key: None, value: None };

/// A table's root, size and widths.
pub(in crate::tree) struct Definition {
    pub(in crate::tree) rows: u64,
    pub(in crate::tree) root: Option<PageRef>,
    pub(in crate::tree) widths: Widths,
}

impl Definition {
    /// `None` also for a kind of table that this store does not use.
    pub(in crate::tree) fn parse(bytes: &[u8]) -> Option<Definition> {
        let mut reader = ByteReader(bytes);
        let (kind, rows, present) = (reader.u8()?, reader.u64()?, reader.u8()?);
        let root = root(present, &mut reader)?;
        let mut width = || {
            let (fixed, width) = (reader.u8()?, reader.u32()?);
            Some((fixed != 0).then_some(width as usize))
        };
        let widths = Widths { key: width()?, value: width()? };
        (kind == TABLE).then_some(Definition { rows, root, widths })
    }
}

/// A key and its value.
pub(in crate::tree) type Row = (Vec<u8>, Vec<u8>);

/// Looks up a table of the newest commit, whose root redb does not expose.
///
/// # Errors
/// `InvalidData` if the commit is damaged or has no such table; those of reading the file.
pub(in crate::tree) fn find_table(
    blocks: &BlockFile,
    header: &FileHeader,
    name: &str,
) -> io::Result<Definition> {
    let tables = read_rows(blocks, header.data, CATALOG)?;
    let row = tables.into_iter().find(|(key, _)| key == name.as_bytes());
    row.and_then(|(_, row)| Definition::parse(&row)).ok_or_else(|| damaged(0))
}

/// Verifies redb's own tables, of which the allocator's state is the largest: redb panics on a stale
/// block in them, and may abort the process.
///
/// # Errors
/// `InvalidData` if a page is damaged; those of reading the file.
pub(in crate::tree) fn check_system(blocks: &BlockFile, header: &FileHeader) -> io::Result<()> {
    for (_, row) in read_rows(blocks, header.system, CATALOG)? {
        let table = Definition::parse(&row).ok_or_else(|| damaged(0))?;
        read_rows(blocks, table.root, table.widths)?;
    }
    Ok(())
}

/// Reads a small table, verifying each page.
///
/// # Errors
/// `InvalidData` if a page is damaged; those of reading the file.
pub(in crate::tree) fn read_rows(
    blocks: &BlockFile,
    root: Option<PageRef>,
    widths: Widths,
) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    root.map_or(Ok(()), |root| collect(blocks, root, widths, DEPTH_MAX, &mut rows))?;
    Ok(rows)
}

fn collect(
    blocks: &BlockFile,
    page: PageRef,
    widths: Widths,
    depth: usize,
    rows: &mut Vec<Row>,
) -> io::Result<()> {
    let extent = PageExtent::of(page.number).ok_or_else(|| damaged(0))?;
    let damaged = || damaged(extent.block());
    let mut bytes = Vec::new();
    blocks.read_page(extent, &mut bytes)?;
    let bytes = Page::verified(&bytes, widths, page.checksum).ok_or_else(damaged)?;
    match Page::parse(bytes, widths).ok_or_else(damaged)? {
        Page::Leaf(leaf) => {
            let all = leaf.rows().ok_or_else(damaged)?.into_iter();
            rows.extend(all.map(|(key, value)| (key.to_vec(), value.to_vec())));
            Ok(())
        }
        Page::Branch(branch) => {
            let depth = depth.checked_sub(1).ok_or_else(damaged)?;
            let mut children = branch.children().ok_or_else(damaged)?.into_iter();
            children.try_for_each(|(child, _)| collect(blocks, child, widths, depth, rows))
        }
    }
}
