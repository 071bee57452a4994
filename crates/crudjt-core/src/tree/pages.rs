//! redb's file format (version 3), as far as it takes to read a committed tree without redb: that
//! stops at the first damaged page and refuses a file as a whole, this reads all that can be read.
//!
//! ```text
//! block 0:    9 magic, u8 flags (1: slot 1 is the newest commit, 2: it was not closed), 2 × 0,
//!             u32 page size, u32 header pages and u32 data pages of a region, u32 whole regions,
//!             u32 data pages of the last region; slots of 128 bytes at 64 and 192
//! slot:       u8 version (3), u8 data root?, u8 system root?, 5 × 0, root, root, …; u128 checksum at 112
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

use super::blocks::BLOCK;
use crate::bytes::Reader;

const MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";
const VERSION: u8 = 3;
const NEWEST_IS_SECOND: u8 = 1;
const NOT_CLOSED: u8 = 2;
const SLOTS_AT: [usize; 2] = [64, 192];
const SLOT_SUM_AT: usize = 112;
const LEAF: u8 = 1;
const BRANCH: u8 = 2;
const DEFINITION: u8 = 3;
/// No page of ours has more than 2^12 blocks, which are 16 MiB: a hostile one is not to take more.
const ORDER_MAX: u64 = 12;
const ORDER_AT: u32 = 59;
/// The most pages of a region.
const REGION_MAX: u64 = 1 << 20;

/// Where a tree begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Root {
    pub(super) page: u64,
    pub(super) sum: u128,
}

impl Root {
    fn parse(reader: &mut Reader<'_>) -> Option<Root> {
        let root = Root { page: reader.u64()?, sum: reader.uint(16)? };
        reader.u64()?;
        Some(root)
    }

    fn parse_if(present: u8, reader: &mut Reader<'_>) -> Option<Option<Root>> {
        Root::parse(reader).map(|root| (present != 0).then_some(root))
    }
}

/// The newest commit, and how pages lie in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) data: Option<Root>,
    pub(super) system: Option<Root>,
    /// Whether the slot of the newest commit is damaged and this is the one before.
    pub(super) fell_back: bool,
    /// Blocks that the file has; 0 if it was not closed, when that may be out of date; the largest
    /// number if what is told of regions can't be.
    pub(super) block_count: u64,
    header_pages: u64,
    region_pages: u64,
}

impl Header {
    /// `None` where neither commit can be read.
    pub(super) fn parse(block: &[u8]) -> Option<Header> {
        let mut reader = Reader(block);
        let (magic, flags, _, size) =
            (reader.take(9)?, reader.u8()?, reader.take(2)?, reader.u32()?);
        if magic != MAGIC || size as usize != BLOCK {
            return None;
        }
        let (header_pages, region_pages) = (u64::from(reader.u32()?), u64::from(reader.u32()?));
        let (whole, rest) = (u64::from(reader.u32()?), u64::from(reader.u32()?));
        let last = if rest > 0 { header_pages + rest } else { 0 };
        let blocks = whole.saturating_mul(header_pages + region_pages).saturating_add(1 + last);
        let can_be = (1..=REGION_MAX).contains(&region_pages) && header_pages <= REGION_MAX;
        let block_count = match flags & NOT_CLOSED {
            _ if !can_be => u64::MAX,
            0 => blocks,
            _ => 0,
        };
        let mut slots = SLOTS_AT.map(|at| block.get(at..).and_then(slot));
        if flags & NEWEST_IS_SECOND != 0 {
            slots.reverse();
        }
        let [newest, before] = slots;
        let (data, system) = newest.or(before)?;
        let fell_back = newest.is_none();
        Some(Header { data, system, fell_back, block_count, header_pages, region_pages })
    }

    /// The first block of a page and how many it has; `None` for one that can't be.
    pub(super) fn blocks(&self, page: u64) -> Option<(u64, usize)> {
        let (order, region) = (page >> ORDER_AT, page >> 20 & 0xF_FFFF);
        if !can_be(page) {
            return None;
        }
        let index = page & 0xF_FFFF >> order;
        let region_start = region * (self.header_pages + self.region_pages) + self.header_pages;
        Some((1 + region_start + (index << order), 1 << order))
    }
}

/// Whether a page of ours may have this number: it says how large the page is.
pub(super) fn can_be(page: u64) -> bool {
    page >> ORDER_AT <= ORDER_MAX
}

/// Whether the numbers of a branch's children can be; true for any other page.
pub(super) fn children_can_be(page: &[u8]) -> bool {
    let mut reader = Reader(page);
    let (Some(BRANCH), Some(_), Some(keys)) = (reader.u8(), reader.u8(), reader.u16()) else {
        return true;
    };
    let children = usize::from(keys) + 1;
    let numbers = page.get(8 + 16 * children..8 + 24 * children).unwrap_or_default();
    let mut numbers = numbers.chunks_exact(8).filter_map(|number| number.first_chunk());
    numbers.all(|number| can_be(u64::from_le_bytes(*number)))
}

/// Where the trees of both commits in the first block begin.
pub(super) fn roots_of_commits(block: &[u8]) -> Vec<Root> {
    let slots = SLOTS_AT.map(|at| block.get(at..).and_then(slot));
    let both = |(data, system): Roots| [data, system];
    slots.into_iter().flatten().flat_map(both).flatten().collect()
}

type Roots = (Option<Root>, Option<Root>);

fn slot(bytes: &[u8]) -> Option<Roots> {
    let (body, sum) = (bytes.get(..SLOT_SUM_AT)?, bytes.get(SLOT_SUM_AT..SLOT_SUM_AT + 16)?);
    let mut reader = Reader(body);
    let (version, data, system) = (reader.u8()?, reader.u8()?, reader.u8()?);
    if version != VERSION || page_sum(body).to_le_bytes() != sum {
        return None;
    }
    reader.take(5)?;
    Some((Root::parse_if(data, &mut reader)?, Root::parse_if(system, &mut reader)?))
}

fn page_sum(bytes: &[u8]) -> u128 {
    XxHash3_128::oneshot(bytes)
}

/// Bytes that each key and each value of a table has; `None` where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Widths {
    pub(super) key: Option<usize>,
    pub(super) value: Option<usize>,
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
        let mut reader = Reader(bytes);
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
        let mut reader = Reader(page);
        let (kind, _, count) = (reader.u8()?, reader.u8()?, usize::from(reader.u16()?));
        match kind {
            LEAF => leaf(&mut reader, widths, count),
            BRANCH => branch(&mut reader, widths.key, count),
            _ => None,
        }
    }
}

fn leaf(reader: &mut Reader<'_>, widths: Widths, count: usize) -> Option<(Node, usize)> {
    let (key_ends, value_ends) =
        (read_ends(reader, widths.key, count)?, read_ends(reader, widths.value, count)?);
    let tables = key_ends.len() + value_ends.len();
    let keys = ranges(4 + 4 * tables, widths.key, &key_ends, count)?;
    let values = ranges(keys.last()?.end, widths.value, &value_ends, count)?;
    let end = values.last()?.end;
    Some((Node::Leaf(keys.into_iter().zip(values).collect()), end))
}

fn branch(reader: &mut Reader<'_>, width: Option<usize>, count: usize) -> Option<(Node, usize)> {
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
fn read_ends(reader: &mut Reader<'_>, width: Option<usize>, count: usize) -> Option<Vec<usize>> {
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
