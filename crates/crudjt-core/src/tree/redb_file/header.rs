//! The first block of redb's file (version 3): its two commits, and how pages lie behind it.
//!
//! ```text
//! block 0: 9 magic, u8 flags (1: slot 1 is the newest commit, 2: it was not closed, 4: committed in
//!          two phases), 2 × 0, u32 page size, u32 header pages and u32 data pages of a region,
//!          u32 whole regions, u32 data pages of the last region; slots of 128 bytes at 64 and 192
//! slot:    u8 version (3), u8 data root?, u8 system root?, 5 × 0, root, root, 32 unused,
//!          u64 transaction, …; u128 checksum at 112
//! ```

use super::block_file::BLOCK;
use super::pages::{REGION_PAGES, Root, page_sum};
use crate::bytes::ByteReader;

const MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";
const VERSION: u8 = 3;
const NEWEST_IS_SECOND: u8 = 1;
const NOT_CLOSED: u8 = 2;
const TWO_PHASES: u8 = 4;
const SLOTS_AT: [usize; 2] = [64, 192];
const SLOT_SUM_AT: usize = 112;

/// The newest commit, and how pages lie in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileHeader {
    pub(super) data: Option<Root>,
    pub(super) system: Option<Root>,
    /// The number of the transaction that made the commit.
    pub(super) transaction: u64,
    /// Whether the slot of the newest commit is damaged and this is the one before.
    pub(super) fell_back: bool,
    /// Whether it was committed in two phases, as this engine always does.
    pub(super) two_phases: bool,
    /// Whether versions and regions are those of all files of ours.
    pub(super) is_ours: bool,
    /// Blocks that the file has; 0 if it was not closed, when that may be out of date.
    pub(super) block_count: u64,
}

impl FileHeader {
    /// `None` where neither commit can be read.
    pub(super) fn parse(block: &[u8]) -> Option<FileHeader> {
        let mut reader = ByteReader(block);
        let (magic, flags, _, size) =
            (reader.take(9)?, reader.u8()?, reader.take(2)?, reader.u32()?);
        let (header_pages, region_pages) = (reader.u32()?, reader.u32()?);
        let (whole, rest) = (u64::from(reader.u32()?), u64::from(reader.u32()?));
        if magic != MAGIC || size as usize != BLOCK {
            return None;
        }
        let is_known = |at: usize| block.get(at) == Some(&VERSION);
        let has_our_regions = header_pages == 0 && region_pages as usize == REGION_PAGES;
        let is_ours = has_our_regions && SLOTS_AT.into_iter().all(is_known);
        let block_count = match flags & NOT_CLOSED {
            0 if has_our_regions => 1 + whole * REGION_PAGES as u64 + rest,
            _ => 0,
        };
        let mut slots = SLOTS_AT.map(|at| block.get(at..).and_then(CommitSlot::parse));
        if flags & NEWEST_IS_SECOND != 0 {
            slots.reverse();
        }
        let [newest, before] = slots;
        let (fell_back, two_phases) = (newest.is_none(), flags & TWO_PHASES != 0);
        let CommitSlot { data, system, transaction } = newest.or(before)?;
        Some(FileHeader { data, system, transaction, fell_back, two_phases, is_ours, block_count })
    }
}

/// One of the two commits.
#[derive(Clone, Copy)]
struct CommitSlot {
    data: Option<Root>,
    system: Option<Root>,
    transaction: u64,
}

impl CommitSlot {
    fn parse(bytes: &[u8]) -> Option<CommitSlot> {
        let (body, sum) = (bytes.get(..SLOT_SUM_AT)?, bytes.get(SLOT_SUM_AT..SLOT_SUM_AT + 16)?);
        let mut reader = ByteReader(body);
        let (version, data, system) = (reader.u8()?, reader.u8()?, reader.u8()?);
        if version != VERSION || page_sum(body).to_le_bytes() != sum {
            return None;
        }
        reader.take(5)?;
        let (data, system) =
            (Root::parse_if(data, &mut reader)?, Root::parse_if(system, &mut reader)?);
        reader.take(32)?;
        Some(CommitSlot { data, system, transaction: reader.u64()? })
    }
}
