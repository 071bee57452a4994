//! Finds the leaves below damaged branches, to which nothing leads any more.
//!
//! Each page of a file has one owner: a tree of the newest commit, the lists of pages that wait to be
//! freed, or the allocator's free list (see `page_ownership.rs`). An older version of a leaf is in one
//! of the latter, whatever its content says. So a leaf without an owner is of the newest commit, below a
//! branch that is damaged. Where that does not hold, or what is found contradicts what is known of the
//! table, nothing counts as found: no record comes back that may have been deleted.

use redb::StorageBackend;

use super::block_file::BlockFile;
use super::block_format::BLOCK;
use super::page::{Page, Widths};
use super::page_number::PageExtent;
use super::page_ownership;

const WIDTHS: Widths = Widths::U128_TO_BYTES;

/// The table whose leaves are searched for.
pub(in crate::tree) struct Searched<'b> {
    pub(in crate::tree) blocks: &'b BlockFile,
    /// How many rows it has.
    pub(in crate::tree) rows: u64,
    /// Whether a row is one of the table.
    pub(in crate::tree) is_row: fn(u128, &[u8]) -> bool,
}

/// What is reachable of a table.
#[derive(Default)]
pub(in crate::tree) struct Reachable {
    pub(super) rows: u64,
    pub(super) lost: Vec<KeyRange>,
}

/// Orphaned leaves by ascending keys.
#[derive(Default)]
pub(in crate::tree) struct Orphans {
    leaves: Vec<Orphan>,
    /// Whether no row is missing with them.
    pub(super) is_whole: bool,
}

/// A leaf and its range of keys.
struct Orphan {
    page: PageExtent,
    first: u128,
    last: u128,
    rows: u64,
}

impl Orphans {
    /// The pages with keys in a range.
    pub(super) fn within(&self, range: KeyRange) -> impl Iterator<Item = PageExtent> {
        self.leaves.iter().filter(move |leaf| range.holds(leaf)).map(|leaf| leaf.page)
    }
}

impl Searched<'_> {
    /// What is found; nothing where that is not provable.
    pub(in crate::tree) fn orphans(&self, reach: impl FnOnce() -> Option<Reachable>) -> Orphans {
        self.find(reach).unwrap_or_default()
    }

    fn find(&self, reach: impl FnOnce() -> Option<Reachable>) -> Option<Orphans> {
        let unowned = page_ownership::unowned(self.blocks).ok()?;
        let reachable = (!unowned.is_empty()).then(reach)??;
        let mut leaves = self.leaves(&unowned);
        leaves.retain(|leaf| reachable.lost.iter().any(|range| range.holds(leaf)));
        leaves.sort_unstable_by_key(|leaf| leaf.first);
        let is_disjoint =
            leaves.windows(2).all(|two| matches!(two, [left, right] if left.last < right.first));
        let rows = reachable.rows + leaves.iter().map(|leaf| leaf.rows).sum::<u64>();
        (is_disjoint && rows <= self.rows)
            .then_some(Orphans { leaves, is_whole: rows == self.rows })
    }

    /// The leaves of the table among these blocks, which ascend.
    fn leaves(&self, mut blocks: &[u64]) -> Vec<Orphan> {
        let mut leaves = Vec::new();
        while let [_, rest @ ..] = blocks {
            blocks = match self.leaf(blocks) {
                Some(leaf) => {
                    let rest = blocks.get(leaf.page.count..).unwrap_or_default();
                    leaves.push(leaf);
                    rest
                }
                None => rest,
            };
        }
        leaves
    }

    /// The leaf in the first of these blocks, with as few of them as it takes.
    fn leaf(&self, blocks: &[u64]) -> Option<Orphan> {
        let first = *blocks.first()?;
        let mut bytes = Vec::new();
        PageExtent::all_at(first).find_map(|page| {
            let last = blocks.get(page.count - 1)?;
            (*last == first + page.count as u64 - 1).then_some(())?;
            bytes.resize(page.count * BLOCK, 0);
            self.blocks.read(first * BLOCK as u64, &mut bytes).ok()?;
            self.parse(page, &bytes)
        })
    }

    fn parse(&self, page: PageExtent, bytes: &[u8]) -> Option<Orphan> {
        let Page::Leaf(leaf) = Page::parse(bytes, WIDTHS)? else { return None };
        let rows = leaf.rows()?;
        let keys = rows.iter().map(|(key, _)| number(key)).collect::<Option<Vec<_>>>()?;
        let ascend = keys.is_sorted_by(|left, right| left < right);
        let are_rows = keys.iter().zip(&rows).all(|(key, (_, value))| (self.is_row)(*key, value));
        let (first, last) = (*keys.first()?, *keys.last()?);
        (ascend && are_rows).then_some(Orphan { page, first, last, rows: rows.len() as u64 })
    }
}

/// Keys above the first and up to the second; `None` for no bound.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyRange(Option<u128>, Option<u128>);

impl KeyRange {
    pub(super) fn new(above: Option<&[u8]>, up_to: Option<&[u8]>) -> KeyRange {
        KeyRange(above.and_then(number), up_to.and_then(number))
    }

    fn holds(self, leaf: &Orphan) -> bool {
        self.0.is_none_or(|above| above < leaf.first)
            && self.1.is_none_or(|up_to| leaf.last <= up_to)
    }
}

fn number(key: &[u8]) -> Option<u128> {
    key.first_chunk().map(|bytes| u128::from_le_bytes(*bytes))
}
