//! Copies of the root blocks, without which nothing else in the file is found: block 0, the list of
//! tables, and the leaf with the applied mark. The preface has two copies, written in turn.
//!
//! ```text
//! copy (1536 bytes): u16 blocks, each: u64 number, u16 length, its bytes in use; zeros; at 1528
//!                    u64 checksum of these, the store and the place of the copy
//! ```
//!
//! Invariant: a commit's copy is written with the header that makes it the newest, before the same sync
//! (`copying_backend.rs`). So the newest copy is of the newest commit, or of the one before it while
//! nothing has been written after that.

use std::io;

use super::block_file::BlockFile;
use super::block_format::{COPIES_AT, COPY_BYTES};
use super::catalog::{CATALOG, find_table};
use super::header::{FileHeader, HEADER_BYTES, as_of_a_killed_store};
use super::page::{Page, Widths};
use super::page_number::{PageExtent, PageRef};
use crate::bytes::{ByteReader, checksum_at};

const CHECKSUM_AT: usize = COPY_BYTES - 8;
/// Keeps the checksums apart from those of the blocks.
const PLACE: u64 = 1 << 63;

/// The root blocks of one commit.
#[derive(Debug, Clone)]
pub(super) struct RootCopy {
    pub(super) header: FileHeader,
    /// The number of each block and its bytes in use; the first is block 0.
    pub(super) blocks: Vec<(u64, Vec<u8>)>,
}

impl RootCopy {
    /// Copies the root blocks of the newest commit in `header`; `mark` is the table with the applied
    /// mark. `None` if there is no commit yet.
    pub(super) fn take(blocks: &BlockFile, header: &[u8], mark: &str) -> Option<RootCopy> {
        let bytes = header.get(..HEADER_BYTES)?;
        let header = FileHeader::parse_intact(bytes)?;
        let tables = header.data?;
        let mark = find_table(blocks, &header, mark).ok();
        let mark = mark.and_then(|table| page_in_one_block(blocks, table.root?, table.widths));
        let pages = page_in_one_block(blocks, tables, CATALOG).into_iter().chain(mark);
        let header_block = (0, as_of_a_killed_store(bytes));
        Some(RootCopy { header, blocks: [header_block].into_iter().chain(pages).collect() })
    }

    /// Both copies, as far as they are readable.
    pub(super) fn read_both(blocks: &BlockFile) -> [Option<RootCopy>; 2] {
        COPIES_AT.map(|place| {
            let mut bytes = [0; COPY_BYTES];
            blocks.file().read_at(place, &mut bytes).ok()?;
            RootCopy::parse(&bytes, blocks.seed() ^ place)
        })
    }

    /// Writes one of the two copies.
    pub(super) fn write(&self, blocks: &BlockFile, which: usize) -> io::Result<()> {
        let Some(place) = COPIES_AT.get(which) else { return Ok(()) };
        blocks.write_preface(*place, &self.to_bytes(blocks.seed() ^ place))
    }

    /// Whether both are of the same commit and hold the same pages. What else is in the header, such as
    /// the slot of a commit that failed, does not matter.
    pub(super) fn is_same(&self, other: &RootCopy) -> bool {
        self.header.is_same_commit(&other.header)
            && self.blocks.iter().skip(1).eq(other.blocks.iter().skip(1))
    }

    fn parse(bytes: &[u8], seed: u64) -> Option<RootCopy> {
        let (body, sum) = bytes.split_at_checked(CHECKSUM_AT)?;
        if checksum_at(seed ^ PLACE, body).to_le_bytes() != *sum {
            return None;
        }
        let mut reader = ByteReader(body);
        let count = reader.u16()?;
        let block = |_| {
            let (number, length) = (reader.u64()?, reader.u16()?);
            Some((number, reader.take(length.into())?.to_vec()))
        };
        let blocks = (0..count).map(block).collect::<Option<Vec<_>>>()?;
        let header = blocks.first().filter(|(number, _)| *number == 0);
        Some(RootCopy { header: FileHeader::parse_intact(&header?.1)?, blocks })
    }

    /// A block that finds no room is left out.
    fn to_bytes(&self, seed: u64) -> Vec<u8> {
        let (mut count, mut fields) = (0u16, Vec::new());
        for (number, bytes) in &self.blocks {
            if 2 + fields.len() + 10 + bytes.len() <= CHECKSUM_AT {
                count += 1;
                fields.extend_from_slice(&number.to_le_bytes());
                fields.extend_from_slice(&(bytes.len() as u16).to_le_bytes());
                fields.extend_from_slice(bytes);
            }
        }
        let mut out = [count.to_le_bytes().as_slice(), &fields].concat();
        out.resize(CHECKSUM_AT, 0);
        out.extend_from_slice(&checksum_at(seed ^ PLACE, &out).to_le_bytes());
        out
    }
}

/// The number and the bytes in use of a sound page of one block.
fn page_in_one_block(blocks: &BlockFile, page: PageRef, widths: Widths) -> Option<(u64, Vec<u8>)> {
    let extent = PageExtent::of(page.number).filter(|extent| extent.count == 1)?;
    let mut bytes = Vec::new();
    blocks.read_page(extent, &mut bytes).ok()?;
    Some((extent.block(), Page::verified(&bytes, widths, page.checksum)?.to_vec()))
}
