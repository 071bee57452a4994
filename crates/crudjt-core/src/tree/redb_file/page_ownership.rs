//! Counts the blocks of a B-tree's file before redb takes it over. redb believes what stands there:
//! it writes over a page in use that its allocator calls free, frees a page as often as it is
//! named, and panics over what comes of it, with a lock held that ends the process. Checksums keep
//! accidents from it; files are foreign, though, and whoever can write them can make those fit.
//!
//! So every block is, once: part of a page in the newest commit's trees, of one that waits to be
//! free, free, or nobody's. Pages are named in branches and in what redb keeps for itself, so leaves of
//! ours are not read. A branch that is damaged is left out: redb won't get it either.

use std::io;
use std::ops::Range;

use fixedbitset::FixedBitSet;
use redb::StorageBackend;

use super::allocator::{self, Row};
use super::block_file::{BLOCK, BlockFile};
use super::header::FileHeader;
use super::pages::{Definition, Node, PageExtent, REGION_PAGES, Root, TABLES, Widths, children};

const DEPTH_MAX: usize = 40;
const ALLOCATOR: &[u8] = b"allocator_state";
/// Lists of pages that go when no reader needs them any more: u16 count, u64 pages.
const WAITING: [&[u8]; 2] = [b"data_pages_unreachable", b"system_pages_unreachable"];
/// 2^28 blocks are a terabyte.
const BLOCKS_MAX: u64 = 1 << 28;
const UNREADABLE: &str = "what it says of its pages can't be read";
const ALLOCATOR_WIDTHS: Widths = Widths { key: Some(5), value: None };
const WAITING_WIDTHS: Widths = Widths { key: Some(16), value: None };

/// The blocks that begin a branch, which redb may read as one.
///
/// # Errors
/// `InvalidData` with what is wrong if redb must not have this file; others if it can't be read.
pub(in crate::tree) fn check(blocks: &BlockFile) -> io::Result<FixedBitSet> {
    let Some(header) = read(blocks, 0, 1)?.and_then(|block| FileHeader::parse(&block)) else {
        return Ok(FixedBitSet::new());
    };
    if header.fell_back || !header.two_phases || !header.is_ours {
        return Err(wrong("its header is damaged"));
    }
    let length = blocks.len()? / BLOCK as u64;
    if length > BLOCKS_MAX {
        return Err(wrong("it is larger than a terabyte"));
    }
    let mut ownership =
        PageOwnership { blocks, regions: empty(length), branches: FixedBitSet::new() };
    ownership.count(&header)?;
    Ok(ownership.branches)
}

fn empty(blocks: u64) -> Vec<FixedBitSet> {
    let pages = usize::try_from(blocks.saturating_sub(1)).unwrap_or(usize::MAX);
    let regions = (0..pages).step_by(REGION_PAGES);
    regions.map(|at| FixedBitSet::with_capacity(REGION_PAGES.min(pages - at))).collect()
}

struct PageOwnership<'b> {
    blocks: &'b BlockFile,
    /// For each region the blocks that are counted.
    regions: Vec<FixedBitSet>,
    branches: FixedBitSet,
}

impl PageOwnership<'_> {
    fn count(&mut self, header: &FileHeader) -> io::Result<()> {
        for (_, table) in self.tables(header.data)? {
            if let Some(root) = table.root {
                self.assign(root.page)?;
                self.branches_below(root.page, DEPTH_MAX)?;
            }
        }
        let mut allocator = None;
        for (name, table) in self.tables(header.system)? {
            if name == ALLOCATOR && table.widths == ALLOCATOR_WIDTHS {
                allocator = Some(self.rows(table.root, ALLOCATOR_WIDTHS, &[1, 4])?);
            } else if WAITING.contains(&name.as_slice()) && table.widths == WAITING_WIDTHS {
                let lists = self.rows(table.root, WAITING_WIDTHS, &[8, 8])?;
                lists.iter().try_for_each(|(_, list)| self.assign_list(list))?;
            } else if table.root.is_some() {
                return Err(wrong("it has a table that no store has"));
            }
        }
        // Of a file that nothing was ever committed to there is none.
        if header.data.is_none() && header.system.is_none() {
            return Ok(());
        }
        let regions = allocator.and_then(|rows| allocator::regions(&rows, header.transaction));
        self.assign_free(&regions.ok_or_else(|| wrong("its list of free blocks is damaged"))?)
    }

    /// A page that is in use: it lies in the file, and nothing else there.
    fn assign(&mut self, page: u64) -> io::Result<()> {
        let extent = PageExtent::of(page);
        let assigned = extent.is_some_and(|extent| {
            let region = self.regions.get_mut(extent.region);
            region.is_some_and(|region| assigned(region, extent.start..extent.start + extent.count))
        });
        if assigned {
            Ok(())
        } else {
            Err(wrong("it has a page outside of the file, or one twice"))
        }
    }

    fn assign_list(&mut self, list: &[u8]) -> io::Result<()> {
        let (count, pages) = list.split_first_chunk().ok_or_else(|| wrong(UNREADABLE))?;
        let pages = pages.get(..8 * usize::from(u16::from_le_bytes(*count)));
        let (pages, _) = pages.ok_or_else(|| wrong(UNREADABLE))?.as_chunks();
        pages.iter().try_for_each(|page| self.assign(u64::from_le_bytes(*page)))
    }

    /// What the allocator calls free is in use nowhere, and what is in use is known to it.
    fn assign_free(&mut self, known: &[allocator::Region]) -> io::Result<()> {
        let count = self.regions.len().max(known.len());
        self.regions.resize_with(count, FixedBitSet::new);
        let none = allocator::Region::default();
        let all = self.regions.iter_mut().zip(known.iter().chain(std::iter::repeat(&none)));
        for (region, known) in all {
            let length = region.len();
            let unknown =
                known.blocks < length && region.contains_any_in_range(known.blocks..length);
            region.grow(known.blocks);
            let is_free = known.free().all(|blocks| assigned(region, blocks));
            // The file is cut after a commit, whose allocator still speaks of what is cut off.
            let cut = length..known.blocks.max(length);
            if unknown || !is_free || !region.contains_all_in_range(cut) {
                return Err(wrong("a page in use is listed as free"));
            }
        }
        Ok(())
    }

    fn tables(&mut self, root: Option<Root>) -> io::Result<Vec<(Vec<u8>, Definition)>> {
        let rows = self.rows(root, TABLES, &[])?;
        let parse = |(name, row): Row| Some((name, Definition::parse(&row)?));
        let tables = rows.into_iter().map(parse).collect::<Option<_>>();
        tables.ok_or_else(|| wrong(UNREADABLE))
    }

    /// Follows a tree's branches and gives whether this page is a leaf. A branch's children are all
    /// leaves or none is: where one is, the others are not read.
    fn branches_below(&mut self, page: u64, depth: usize) -> io::Result<bool> {
        let Some(bytes) = self.read(page)? else { return Ok(false) };
        let Some(children) = self.children(page, &bytes, depth)? else { return Ok(true) };
        children.iter().try_for_each(|child| self.assign(*child))?;
        for child in children {
            if self.branches_below(child, depth - 1)? {
                break;
            }
        }
        Ok(false)
    }

    /// The rows of a small table, which must be in order.
    fn rows(
        &mut self,
        root: Option<Root>,
        widths: Widths,
        fields: &'static [usize],
    ) -> io::Result<Vec<Row>> {
        let mut rows = Ordered { fields, rows: Vec::new(), above: None };
        if let Some(root) = root {
            self.rows_below(root.page, widths, DEPTH_MAX, &mut rows)?;
        }
        Ok(rows.rows)
    }

    fn rows_below(
        &mut self,
        page: u64,
        widths: Widths,
        depth: usize,
        rows: &mut Ordered,
    ) -> io::Result<()> {
        self.assign(page)?;
        let bytes = self.read(page)?.ok_or_else(|| wrong(UNREADABLE))?;
        self.children(page, &bytes, depth)?;
        let at = |range: Range<usize>| bytes.get(range).unwrap_or_default();
        match Node::parse_unchecked(&bytes, widths).ok_or_else(|| wrong(UNREADABLE))? {
            Node::Leaf(all) => {
                all.into_iter().try_for_each(|(key, value)| rows.add(at(key), at(value)))
            }
            Node::Branch(children, keys) => {
                let mut keys = keys.into_iter();
                children.into_iter().try_for_each(|child| {
                    self.rows_below(child.page, widths, depth - 1, rows)?;
                    keys.next().map_or(Ok(()), |key| rows.reach(at(key)))
                })
            }
        }
    }

    /// A branch's children, after it was noted as one; `None` for a leaf.
    fn children(&mut self, page: u64, bytes: &[u8], depth: usize) -> io::Result<Option<Vec<u64>>> {
        let Some(children) = children(bytes) else { return Ok(None) };
        if depth == 0 {
            return Err(wrong("it has more levels than a tree can have"));
        }
        let block = PageExtent::of(page).map_or(0, PageExtent::block);
        self.branches.grow_and_insert(usize::try_from(block).unwrap_or(0));
        Ok(Some(children))
    }

    /// `None` for what is damaged or not there.
    fn read(&self, page: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(extent) = PageExtent::of(page) else { return Ok(None) };
        read(self.blocks, extent.block(), extent.count)
    }
}

/// Rows by ascending key.
struct Ordered {
    /// The widths of the little-endian numbers that a key consists of; none for text.
    fields: &'static [usize],
    rows: Vec<Row>,
    /// What the next key is above.
    above: Option<Vec<u8>>,
}

impl Ordered {
    fn add(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        let rank = Some(self.rank(key));
        if rank <= self.above {
            return Err(wrong(UNREADABLE));
        }
        self.above = rank;
        self.rows.push((key.to_vec(), value.to_vec()));
        Ok(())
    }

    /// All keys so far are up to this one, those to come above it.
    fn reach(&mut self, key: &[u8]) -> io::Result<()> {
        let rank = Some(self.rank(key));
        let fits = rank >= self.above;
        self.above = rank;
        if fits { Ok(()) } else { Err(wrong(UNREADABLE)) }
    }

    /// What compares byte by byte as the key does.
    fn rank(&self, key: &[u8]) -> Vec<u8> {
        let mut rest = key;
        let mut rank = Vec::with_capacity(key.len());
        for width in self.fields {
            let (field, behind) = rest.split_at(rest.len().min(*width));
            rank.extend(field.iter().rev());
            rest = behind;
        }
        rank.extend_from_slice(rest);
        rank
    }
}

/// Counts blocks that nobody has counted yet and that the region has.
fn assigned(region: &mut FixedBitSet, blocks: Range<usize>) -> bool {
    let is_new = blocks.end <= region.len() && !region.contains_any_in_range(blocks.clone());
    if is_new {
        region.insert_range(blocks);
    }
    is_new
}

/// `None` for blocks that are damaged or not there.
fn read(blocks: &BlockFile, first: u64, count: usize) -> io::Result<Option<Vec<u8>>> {
    let mut out = vec![0; count * BLOCK];
    match blocks.read(first * BLOCK as u64, &mut out) {
        Ok(()) => Ok(Some(out)),
        Err(error) if is_damage(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether it speaks of what was read, not of the reading.
pub(in crate::tree) fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
