//! Keeps redb from taking memory without bound: before it reads a page it takes as much as the page's
//! number says, up to 4 GiB. Files are foreign, so no number may reach it that no page of ours has.
//! Those in branches are looked at whenever a block is read; those that it starts from, here.

use redb::StorageBackend;

use super::blocks::{BLOCK, BlockFile};
use super::pages::{Definition, Header, Node, Root, TABLES, can_be, roots_of_commits};

/// More pages than the lists of tables have.
const PAGES_MAX: usize = 64;

/// Whether the numbers of all pages that redb starts from can be. What can't be read is left to it.
pub(super) fn starts_can_be(blocks: &BlockFile) -> bool {
    let mut first = vec![0; BLOCK];
    if blocks.read(0, &mut first).is_err() {
        return true;
    }
    let Some(header) = Header::parse(&first) else { return true };
    let mut left = PAGES_MAX;
    // Of the commit before only where it begins: its pages may hold something else by now.
    let newest = [header.data, header.system];
    roots_of_commits(&first).iter().all(|root| can_be(root.page))
        && newest.into_iter().flatten().all(|root| tables_can_be(blocks, &header, root, &mut left))
}

/// Looks through a list of tables, whatever its checksums are: redb would not look at them.
fn tables_can_be(blocks: &BlockFile, header: &Header, root: Root, left: &mut usize) -> bool {
    let Some(rest) = left.checked_sub(1) else { return false };
    *left = rest;
    let Some(page) = page(blocks, header, root) else { return true };
    match Node::parse_unchecked(&page, TABLES) {
        None => true,
        Some(Node::Leaf(rows)) => {
            let definitions =
                rows.into_iter().filter_map(|(_, value)| Definition::parse(page.get(value)?));
            definitions.filter_map(|table| table.root).all(|root| can_be(root.page))
        }
        // Its children's numbers were looked at when it was read.
        Some(Node::Branch(children, _)) => {
            children.into_iter().all(|child| tables_can_be(blocks, header, child, left))
        }
    }
}

fn page(blocks: &BlockFile, header: &Header, root: Root) -> Option<Vec<u8>> {
    let (block, count) = header.blocks(root.page)?;
    let inside = block + count as u64 <= blocks.len().ok()? / BLOCK as u64;
    let mut page = vec![0; if inside { count * BLOCK } else { return None }];
    blocks.read(block * BLOCK as u64, &mut page).ok()?;
    Some(page)
}
