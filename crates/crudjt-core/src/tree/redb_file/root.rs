//! Where the records of the newest commit begin, which redb does not tell.

use std::io;

use redb::StorageBackend;

use super::super::tables::{RECORDS_NAME, WIDTHS};
use super::block_file::{BLOCK, BlockFile, damaged};
use super::header::FileHeader;
use super::pages::{Definition, Node, PageExtent, Root, TABLES};
use super::walk::DEPTH_MAX;

/// The root of the table of records, and how many it has.
///
/// # Errors
/// `InvalidData` if the commit can't be read; others if the file can't be.
pub(in crate::tree) fn of_records(blocks: &BlockFile) -> io::Result<(Option<Root>, u64)> {
    let mut block = vec![0; BLOCK];
    blocks.read(0, &mut block)?;
    let header = FileHeader::parse(&block).filter(|header| !header.fell_back);
    let mut next = header.ok_or_else(|| damaged(0))?.data;
    for _ in 0..DEPTH_MAX {
        let Some(at) = next else { break };
        match step(blocks, at)? {
            CatalogStep::Down(child) => next = Some(child),
            CatalogStep::Here(definition) => return Ok((definition.root, definition.rows)),
        }
    }
    Err(damaged(0))
}

enum CatalogStep {
    Down(Root),
    Here(Definition),
}

/// Looks for the table in a page of the tree of tables.
fn step(blocks: &BlockFile, at: Root) -> io::Result<CatalogStep> {
    let extent = PageExtent::of(at.page).ok_or_else(|| damaged(0))?;
    let mut page = Vec::new();
    blocks.read_page(extent, &mut page)?;
    found(&page, at.sum).ok_or_else(|| damaged(extent.block()))
}

fn found(page: &[u8], sum: u128) -> Option<CatalogStep> {
    let name = RECORDS_NAME.as_bytes();
    match Node::parse(page, TABLES, sum)? {
        Node::Leaf(rows) => {
            let (_, row) = rows.into_iter().find(|(key, _)| page.get(key.clone()) == Some(name))?;
            let definition = Definition::parse(page.get(row)?)?;
            (definition.widths == WIDTHS).then_some(CatalogStep::Here(definition))
        }
        Node::Branch(children, keys) => {
            let at =
                keys.partition_point(|key| page.get(key.clone()).is_some_and(|key| key < name));
            children.get(at).copied().map(CatalogStep::Down)
        }
    }
}
