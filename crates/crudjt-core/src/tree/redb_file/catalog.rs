//! The catalog: redb's B-trees of table names and their definitions.
//!
//! ```text
//! definition: u8 3, u64 rows, u8 root?, root, u8 fixed key?, u32 width, u8 fixed value?, u32 width, …
//! ```

use std::io;

use super::block_file::BlockFile;
use super::block_format::damaged;
use super::fields::Key;
use super::header::{FileHeader, root};
use super::page::{Page, Widths, descend};
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

/// Looks up a table of the newest commit, whose root redb does not expose.
///
/// # Errors
/// `InvalidData` if the commit is damaged or has no such table; those of reading the file.
pub(in crate::tree) fn find_table(
    blocks: &BlockFile,
    header: &FileHeader,
    name: &str,
) -> io::Result<Definition> {
    let row = find_row(blocks, header.data, CATALOG, Key::Name(name.as_bytes()))?;
    row.and_then(|row| Definition::parse(&row)).ok_or_else(|| damaged(0))
}

/// Looks up a row, verifying each page on the way.
///
/// # Errors
/// `InvalidData` if a page is damaged; those of reading the file.
pub(in crate::tree) fn find_row(
    blocks: &BlockFile,
    root: Option<PageRef>,
    widths: Widths,
    key: Key<'_>,
) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    descend(root, |page| {
        let extent = PageExtent::of(page.number).ok_or_else(|| damaged(0))?;
        blocks.read_page(extent, &mut bytes)?;
        let step = Page::verified(&bytes, widths, page.checksum)
            .and_then(|bytes| Page::parse(bytes, widths)?.search(key));
        Ok(step.ok_or_else(|| damaged(extent.block()))?.map(<[u8]>::to_vec))
    })
}
