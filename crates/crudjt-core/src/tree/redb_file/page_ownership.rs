//! Checks that each page of a B-tree's file has one owner: the newest commit's trees, the lists of
//! pages that wait to be freed, or the allocator's free list. A page without an owner is only lost.
//!
//! redb trusts its file in this: it overwrites a page in use that its allocator lists as free, frees a
//! page as often as it is named, and panics on what follows, possibly twice, which aborts the process.
//! Block checksums keep accidental damage from it; someone who can write the file can forge those. So
//! this is a check of forged files: `verify` runs it, an opening only with
//! [`crate::Options::check_pages`].
//!
//! Pages are named in branches and in redb's own tables. A block that is damaged is skipped: redb does
//! not get it either. Leaves name no page; they are read only where nothing else verifies that they
//! are leaves.

use std::io;
use std::ops::Range;

use fixedbitset::FixedBitSet;
use redb::StorageBackend;

use super::allocator;
use super::block_file::BlockFile;
use super::block_format::BLOCK;
use super::catalog::{CATALOG, Definition, Row};
use super::header::FileHeader;
use super::page::{DEPTH_MAX, Page, Widths};
use super::page_number::{PageExtent, PageRef, REGION_BLOCKS};
use crate::error::is_lost;

const ALLOCATOR: &[u8] = b"allocator_state";
/// Lists of pages that are freed once no reader needs them: u16 count, u64 page numbers.
const WAITING: [&[u8]; 2] = [b"data_pages_unreachable", b"system_pages_unreachable"];
/// 2^28 blocks are a terabyte.
const BLOCKS_MAX: u64 = 1 << 28;
const UNREADABLE: &str = "its lists of pages are unreadable";
const ALLOCATOR_WIDTHS: Widths = Widths { key: Some(5), value: None };
const WAITING_WIDTHS: Widths = Widths { key: Some(16), value: None };

/// Checks the header and the ownership of all pages; with `read_leaves` also that each leaf is one.
///
/// # Errors
/// `InvalidData` with what is wrong; those of reading the file.
pub(in crate::tree) fn check(blocks: &BlockFile, read_leaves: bool) -> io::Result<()> {
    account(blocks, read_leaves).map(drop)
}

/// The blocks without an owner, in ascending order: of pages below damaged ones.
///
/// # Errors
/// As of [`check`].
pub(super) fn unowned(blocks: &BlockFile) -> io::Result<Vec<u64>> {
    let regions = (0..).zip(account(blocks, false)?);
    let block = |region, start| PageExtent { region, start, count: 1 }.block();
    Ok(regions
        .flat_map(|(at, region)| {
            region.zeroes().map(move |start| block(at, start)).collect::<Vec<_>>()
        })
        .collect())
}

/// For each region the blocks that have an owner.
fn account(blocks: &BlockFile, read_leaves: bool) -> io::Result<Vec<FixedBitSet>> {
    let Some(header) = FileHeader::read_intact(blocks)? else { return Ok(Vec::new()) };
    let count = blocks.count()?;
    if count > BLOCKS_MAX {
        return Err(wrong("it is larger than a terabyte"));
    }
    let mut ownership = PageOwnership { blocks, read_leaves, regions: empty(count) };
    ownership.check(&header)?;
    Ok(ownership.regions)
}

fn empty(blocks: u64) -> Vec<FixedBitSet> {
    let pages = usize::try_from(blocks.saturating_sub(1)).unwrap_or(usize::MAX);
    let regions = (0..pages).step_by(REGION_BLOCKS);
    regions.map(|at| FixedBitSet::with_capacity(REGION_BLOCKS.min(pages - at))).collect()
}

struct PageOwnership<'b> {
    blocks: &'b BlockFile,
    read_leaves: bool,
    /// For each region the blocks that have an owner.
    regions: Vec<FixedBitSet>,
}

impl PageOwnership<'_> {
    fn check(&mut self, header: &FileHeader) -> io::Result<()> {
        for (_, table) in self.tables(header.data)? {
            if let Some(root) = table.root {
                self.assign(root.number)?;
                self.assign_below(root, table.widths, DEPTH_MAX)?;
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
                return Err(wrong("it has an unknown table"));
            }
        }
        // A file without a commit has no allocator state.
        if header.data.is_none() && header.system.is_none() {
            return Ok(());
        }
        let regions = allocator.and_then(|rows| allocator::regions(&rows, header.transaction));
        self.assign_free(&regions.ok_or_else(|| wrong("its free list is damaged"))?)
    }

    /// Gives a page an owner: it lies in the file and has none yet.
    fn assign(&mut self, page: u64) -> io::Result<()> {
        let extent = PageExtent::of(page);
        let assigned = extent.is_some_and(|extent| {
            let region = self.regions.get_mut(extent.region);
            region.is_some_and(|region| assign(region, extent.start..extent.start + extent.count))
        });
        if assigned { Ok(()) } else { Err(wrong("a page lies outside the file or is used twice")) }
    }

    fn assign_list(&mut self, list: &[u8]) -> io::Result<()> {
        let (count, pages) = list.split_first_chunk().ok_or_else(|| wrong(UNREADABLE))?;
        let pages = pages.get(..8 * usize::from(u16::from_le_bytes(*count)));
        let (pages, _) = pages.ok_or_else(|| wrong(UNREADABLE))?.as_chunks();
        pages.iter().try_for_each(|page| self.assign(u64::from_le_bytes(*page)))
    }

    /// No page that the allocator lists as free has another owner, and it knows of all that have one.
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
            let is_free = known.free().all(|blocks| assign(region, blocks));
            // The file is truncated after a commit, whose allocator still lists what was cut off.
            let cut = length..known.blocks.max(length);
            if unknown || !is_free || !region.contains_all_in_range(cut) {
                return Err(wrong("a page in use is listed as free"));
            }
        }
        Ok(())
    }

    fn tables(&mut self, root: Option<PageRef>) -> io::Result<Vec<(Vec<u8>, Definition)>> {
        let rows = self.rows(root, CATALOG, &[])?;
        let parse = |(name, row): Row| Some((name, Definition::parse(&row)?));
        let tables = rows.into_iter().map(parse).collect::<Option<_>>();
        tables.ok_or_else(|| wrong(UNREADABLE))
    }

    /// Assigns the pages below one, and gives whether it is a leaf: as all levels are full, its
    /// siblings are then leaves too.
    fn assign_below(&mut self, page: PageRef, widths: Widths, depth: usize) -> io::Result<bool> {
        let Some(bytes) = self.read(page)? else { return Ok(false) };
        let Page::Branch(branch) = parse(&bytes, widths)? else { return Ok(true) };
        let (children, depth) = children(branch.children(), depth)?;
        children.iter().try_for_each(|(child, _)| self.assign(child.number))?;
        for (child, _) in children {
            if self.assign_below(child, widths, depth)? && !self.read_leaves {
                break;
            }
        }
        Ok(false)
    }

    /// The rows of a small table, whose keys must ascend.
    fn rows(
        &mut self,
        root: Option<PageRef>,
        widths: Widths,
        fields: &'static [usize],
    ) -> io::Result<Vec<Row>> {
        let mut rows = Ordered { fields, rows: Vec::new(), above: None };
        if let Some(root) = root {
            self.rows_below(root, widths, DEPTH_MAX, &mut rows)?;
        }
        Ok(rows.rows)
    }

    fn rows_below(
        &mut self,
        page: PageRef,
        widths: Widths,
        depth: usize,
        rows: &mut Ordered,
    ) -> io::Result<()> {
        self.assign(page.number)?;
        let bytes = self.read(page)?.ok_or_else(|| wrong(UNREADABLE))?;
        match parse(&bytes, widths)? {
            Page::Leaf(leaf) => {
                let mut all = leaf.rows().ok_or_else(|| wrong(UNREADABLE))?.into_iter();
                all.try_for_each(|(key, value)| rows.add(key, value))
            }
            Page::Branch(branch) => {
                let (children, depth) = children(branch.children(), depth)?;
                children.into_iter().try_for_each(|(child, bound)| {
                    self.rows_below(child, widths, depth, rows)?;
                    bound.map_or(Ok(()), |bound| rows.reach(bound))
                })
            }
        }
    }

    /// `None` for a page that is damaged or not there.
    fn read(&self, page: PageRef) -> io::Result<Option<Vec<u8>>> {
        let Some(extent) = PageExtent::of(page.number) else { return Ok(None) };
        let mut bytes = vec![0; extent.count * BLOCK];
        match self.blocks.read(extent.block() * BLOCK as u64, &mut bytes) {
            Ok(()) => Ok(Some(bytes)),
            Err(error) if is_lost(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn parse(bytes: &[u8], widths: Widths) -> io::Result<Page<'_>> {
    Page::parse(bytes, widths).ok_or_else(|| wrong(UNREADABLE))
}

/// The children of a branch, and the depth that is left below it.
fn children<T>(children: Option<Vec<T>>, depth: usize) -> io::Result<(Vec<T>, usize)> {
    let depth = depth.checked_sub(1).ok_or_else(|| wrong("it has too many levels"))?;
    Ok((children.ok_or_else(|| wrong(UNREADABLE))?, depth))
}

/// Rows by ascending key.
struct Ordered {
    /// The widths of the little-endian numbers that a key consists of; none for text.
    fields: &'static [usize],
    rows: Vec<Row>,
    /// The rank that the next key's must exceed.
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

    /// A branch's key: all keys so far are up to it, those to come above it.
    fn reach(&mut self, key: &[u8]) -> io::Result<()> {
        let rank = Some(self.rank(key));
        let fits = rank >= self.above;
        self.above = rank;
        if fits { Ok(()) } else { Err(wrong(UNREADABLE)) }
    }

    /// Bytes that compare as the key does.
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

/// Marks blocks as owned; false if one of them already was or lies outside the region.
fn assign(region: &mut FixedBitSet, blocks: Range<usize>) -> bool {
    let is_new = blocks.end <= region.len() && !region.contains_any_in_range(blocks.clone());
    if is_new {
        region.insert_range(blocks);
    }
    is_new
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
