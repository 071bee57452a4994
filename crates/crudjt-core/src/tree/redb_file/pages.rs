//! redb's file format (version 3), as far as it takes to read a committed tree without redb: that
//! stops at the first damaged page and refuses a file as a whole, this reads all that can be read.
//!
//! ```text
//! root:       u64 page, u128 checksum, u64 rows
//! page:       20 bits index, 20 bits region, …, 5 bits order: 2^order blocks
//! leaf:       u8 1, 0, u16 rows, [u32 ends of keys], [u32 ends of values], keys, values
//! branch:     u8 2, 0, u16 keys, 4 × 0, u128 checksums and u64 pages of keys + 1 children,
//!             [u32 ends of keys], keys
//! definition: u8 3, u64 rows, u8 root?, root, u8 fixed key?, u32 width, u8 fixed value?, u32 width, …
//! ```
//!
//! Ends are there only where the width is not fixed. A checksum covers a page up to its last end.

use std::ops::Range;

use twox_hash::XxHash3_128;

use crate::bytes::ByteReader;

pub(super) const LEAF: u8 = 1;
pub(super) const BRANCH: u8 = 2;
const DEFINITION: u8 = 3;
/// No page of ours has more than 2^12 blocks, which are 16 MiB: a hostile one is not to take more.
const ORDER_MAX: u64 = 12;
const ORDER_AT: u32 = 59;
/// Blocks of a region, in every file that redb makes unless told otherwise; the last region may have
/// less.
pub(super) const REGION_PAGES: usize = 1 << 20;

/// Where a tree begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tree) struct Root {
    pub(super) page: u64,
    pub(super) sum: u128,
}

impl Root {
    fn parse(reader: &mut ByteReader<'_>) -> Option<Root> {
        let root = Root { page: reader.u64()?, sum: reader.uint(16)? };
        reader.u64()?;
        Some(root)
    }

    pub(super) fn parse_if(present: u8, reader: &mut ByteReader<'_>) -> Option<Option<Root>> {
        Root::parse(reader).map(|root| (present != 0).then_some(root))
    }
}

/// Where a page lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageExtent {
    pub(super) region: usize,
    /// The first of its pages of one block, in the region.
    pub(super) start: usize,
    /// Blocks that it has.
    pub(super) count: usize,
}

impl PageExtent {
    /// `None` for a page that can't be.
    pub(super) fn of(page: u64) -> Option<PageExtent> {
        let (order, region) = (page >> ORDER_AT, page >> 20 & 0xF_FFFF);
        if order > ORDER_MAX {
            return None;
        }
        let index = page & 0xF_FFFF >> order;
        let start = usize::try_from(index << order).ok()?;
        Some(PageExtent { region: usize::try_from(region).ok()?, start, count: 1 << order })
    }

    /// The first block.
    pub(super) fn block(self) -> u64 {
        1 + (self.region * REGION_PAGES + self.start) as u64
    }
}

/// Whether a page says that it is a branch.
pub(super) fn is_branch(page: &[u8]) -> bool {
    page.first() == Some(&BRANCH)
}

/// The numbers of a branch's children; `None` for any other page.
pub(super) fn children(page: &[u8]) -> Option<Vec<u64>> {
    let mut reader = ByteReader(page);
    let (_, keys) = (reader.u16()?, reader.u16()?);
    if !is_branch(page) {
        return None;
    }
    let count = usize::from(keys) + 1;
    let numbers = page.get(8 + 16 * count..8 + 24 * count).unwrap_or_default();
    let numbers = numbers.chunks_exact(8).filter_map(|number| number.first_chunk());
    Some(numbers.map(|number| u64::from_le_bytes(*number)).collect())
}

pub(super) fn page_sum(bytes: &[u8]) -> u128 {
    XxHash3_128::oneshot(bytes)
}

/// Bytes that each key and each value of a table has; `None` where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tree) struct Widths {
    pub(in crate::tree) key: Option<usize>,
    pub(in crate::tree) value: Option<usize>,
}

/// The widths of a list of tables: names and definitions.
pub(super) const TABLES: Widths = Widths { key: None, value: None };

/// What stands in the tree of tables for one of them.
pub(super) struct Definition {
    pub(super) rows: u64,
    pub(super) root: Option<Root>,
    pub(super) widths: Widths,
}

impl Definition {
    /// `None` also for a kind of table that this store doesn't have.
    pub(super) fn parse(bytes: &[u8]) -> Option<Definition> {
        let mut reader = ByteReader(bytes);
        let (kind, rows, present) = (reader.u8()?, reader.u64()?, reader.u8()?);
        let root = Root::parse_if(present, &mut reader)?;
        let mut width = || {
            let (fixed, width) = (reader.u8()?, reader.u32()?);
            Some((fixed != 0).then_some(width as usize))
        };
        let widths = Widths { key: width()?, value: width()? };
        (kind == DEFINITION).then_some(Definition { rows, root, widths })
    }
}

/// A page taken apart: where in it things stand.
pub(super) enum Node {
    Leaf(Vec<(Range<usize>, Range<usize>)>),
    /// The children, and the keys between them: the largest that the child before may have.
    Branch(Vec<Root>, Vec<Range<usize>>),
}

impl Node {
    /// `None` unless the page has this checksum.
    pub(super) fn parse(page: &[u8], widths: Widths, sum: u128) -> Option<Node> {
        let (node, end) = Node::taken_apart(page, widths)?;
        (page_sum(page.get(..end)?) == sum).then_some(node)
    }

    /// Whatever its checksum is.
    pub(super) fn parse_unchecked(page: &[u8], widths: Widths) -> Option<Node> {
        Node::taken_apart(page, widths).map(|(node, _)| node)
    }

    /// Gives where it ends as well.
    fn taken_apart(page: &[u8], widths: Widths) -> Option<(Node, usize)> {
        let mut reader = ByteReader(page);
        let (kind, _, count) = (reader.u8()?, reader.u8()?, usize::from(reader.u16()?));
        match kind {
            LEAF => leaf(&mut reader, widths, count),
            BRANCH => branch(&mut reader, widths.key, count),
            _ => None,
        }
    }
}

fn leaf(reader: &mut ByteReader<'_>, widths: Widths, count: usize) -> Option<(Node, usize)> {
    let (key_ends, value_ends) =
        (read_ends(reader, widths.key, count)?, read_ends(reader, widths.value, count)?);
    let tables = key_ends.len() + value_ends.len();
    let keys = ranges(4 + 4 * tables, widths.key, &key_ends, count)?;
    let values = ranges(keys.last()?.end, widths.value, &value_ends, count)?;
    let end = values.last()?.end;
    Some((Node::Leaf(keys.into_iter().zip(values).collect()), end))
}

fn branch(
    reader: &mut ByteReader<'_>,
    width: Option<usize>,
    count: usize,
) -> Option<(Node, usize)> {
    reader.take(4)?;
    let sums = (0..=count).map(|_| reader.uint(16)).collect::<Option<Vec<_>>>()?;
    let pages = (0..=count).map(|_| reader.u64()).collect::<Option<Vec<_>>>()?;
    let ends = read_ends(reader, width, count)?;
    let keys = ranges(8 + 24 * (count + 1) + 4 * ends.len(), width, &ends, count)?;
    let end = keys.last()?.end;
    let children = pages.into_iter().zip(sums).map(|(page, sum)| Root { page, sum });
    Some((Node::Branch(children.collect(), keys), end))
}

/// The ends that stand in the page; none where the width is fixed.
fn read_ends(
    reader: &mut ByteReader<'_>,
    width: Option<usize>,
    count: usize,
) -> Option<Vec<usize>> {
    let stored = if width.is_none() { count } else { 0 };
    (0..stored).map(|_| reader.u32().map(|end| end as usize)).collect()
}

fn ranges(
    start: usize,
    width: Option<usize>,
    ends: &[usize],
    count: usize,
) -> Option<Vec<Range<usize>>> {
    let mut from = start;
    let range = |at: usize| {
        let end = match width {
            Some(width) => from.checked_add(width)?,
            None => ends.get(at).copied().filter(|end| *end >= from)?,
        };
        Some(std::mem::replace(&mut from, end)..end)
    };
    (0..count).map(range).collect()
}
