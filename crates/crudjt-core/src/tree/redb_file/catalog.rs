//! The catalog: redb's B-trees of table names and their definitions.
//!
//! ```text
//! definition: u8 3, u64 rows, u8 root?, root, u8 fixed key?, u32 width, u8 fixed value?, u32 width, …
//! ```

use std::io;

use super::block_file::BlockFile;
use super::block_format::damaged;
use super::header::{FileHeader, root};
use super::page::{Page, Step, Widths, descend};
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

/// Looks up a table in the newest commit, which redb does not expose.
///
/// # Errors
/// `InvalidData` if the commit is damaged or has no such table; those of reading the file.
pub(in crate::tree) fn find_table(blocks: &BlockFile, name: &str) -> io::Result<Definition> {
    let header = FileHeader::read(blocks)?.filter(|header| !header.fell_back);
    let header = header.ok_or_else(|| damaged(0))?;
    let mut bytes = Vec::new();
    let found = descend(header.data, |page| {
        let extent = PageExtent::of(page.number).ok_or_else(|| damaged(0))?;
        blocks.read_page(extent, &mut bytes)?;
        search(&bytes, page.checksum, name).ok_or_else(|| damaged(extent.block()))
    })?;
    found.ok_or_else(|| damaged(0))
}

fn search(bytes: &[u8], checksum: u128, name: &str) -> Option<Step<Definition>> {
    let page = Page::parse(Page::verified(bytes, CATALOG, checksum)?, CATALOG)?;
    Some(match page.search(|stored| Some(stored.cmp(name.as_bytes())))? {
        Step::Found(row) => Step::Found(Definition::parse(row)?),
        Step::Child(child) => Step::Child(child),
        Step::Absent => Step::Absent,
    })
}
