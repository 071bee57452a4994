//! The first block of redb's file, format version 3: its two commits and the layout of its regions.
//!
//! ```text
//! block 0: 9 magic, u8 flags (1: slot 1 is the newest commit, 2: recovery required, 4: committed in
//!          two phases), 2 × 0, u32 page size, u32 header pages and u32 data pages of a region,
//!          u32 full regions, u32 data pages of the last region; slots of 128 bytes at 64 and 192
//! slot:    u8 version (3), u8 data root?, u8 system root?, 5 × 0, root, root, 32 unused,
//!          u64 transaction, …; u128 checksum at 112
//! root:    u64 page number, u128 checksum, u64 rows
//! ```

use std::io;

use redb::StorageBackend;

use super::block_file::BlockFile;
use super::block_format::BLOCK;
use super::page::page_checksum;
use super::page_number::{PageRef, REGION_BLOCKS};
use crate::bytes::ByteReader;
use crate::error::is_wrong_content;

const MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";
const VERSION: u8 = 3;
const NEWEST_IS_SECOND: u8 = 1;
const RECOVERY_REQUIRED: u8 = 2;
const TWO_PHASES: u8 = 4;
const SLOTS_AT: [usize; 2] = [64, 192];
const SLOT_CHECKSUM_AT: usize = 112;
const FLAGS_AT: usize = MAGIC.len();
/// Bytes of the header; the rest of its block is unused.
pub(super) const HEADER_BYTES: usize = 320;

/// The newest commit and the layout of the file.
#[derive(Debug, Clone, Copy)]
pub(in crate::tree) struct FileHeader {
    pub(in crate::tree) data: Option<PageRef>,
    pub(in crate::tree) system: Option<PageRef>,
    /// The transaction that made the commit.
    pub(in crate::tree) transaction: u64,
    /// Whether the slot of the newest commit is damaged and this is the previous commit.
    pub(in crate::tree) fell_back: bool,
    /// Whether it is what this engine writes: format version 3, default regions, a commit in two
    /// phases.
    is_ours: bool,
    /// Blocks of the file; 0 if recovery is required, since the count may then be out of date.
    pub(in crate::tree) block_count: u64,
}

impl FileHeader {
    /// Reads the header; `None` if it is damaged or neither commit is readable.
    pub(in crate::tree) fn read(blocks: &BlockFile) -> io::Result<Option<FileHeader>> {
        let mut block = [0; BLOCK];
        match blocks.read(0, &mut block) {
            Err(error) if !is_wrong_content(&error) => Err(error),
            read => Ok(read.ok().and_then(|()| FileHeader::parse(&block))),
        }
    }

    /// Reads a header that an opening may trust: redb's header block has no block checksum.
    ///
    /// # Errors
    /// `InvalidData` if it is damaged; those of reading the file.
    pub(in crate::tree) fn read_intact(blocks: &BlockFile) -> io::Result<Option<FileHeader>> {
        let header = FileHeader::read(blocks)?;
        if header.is_some_and(|header| !header.is_intact()) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its header is damaged"));
        }
        Ok(header)
    }

    /// Parses a header that an opening may trust.
    pub(super) fn parse_intact(block: &[u8]) -> Option<FileHeader> {
        FileHeader::parse(block).filter(FileHeader::is_intact)
    }

    fn is_intact(&self) -> bool {
        self.is_ours && !self.fell_back
    }

    /// Whether both are of the same commit.
    pub(super) fn is_same_commit(&self, other: &FileHeader) -> bool {
        let commit = |it: &FileHeader| (it.transaction, it.data, it.system);
        commit(self) == commit(other)
    }

    fn parse(block: &[u8]) -> Option<FileHeader> {
        let mut reader = ByteReader(block);
        let (magic, flags, _, size) =
            (reader.take(9)?, reader.u8()?, reader.take(2)?, reader.u32()?);
        let (header_pages, region_pages) = (reader.u32()?, reader.u32()?);
        let (full, rest) = (u64::from(reader.u32()?), u64::from(reader.u32()?));
        if magic != MAGIC || size as usize != BLOCK {
            return None;
        }
        let is_known = |at: usize| block.get(at) == Some(&VERSION);
        let has_our_regions = header_pages == 0 && region_pages as usize == REGION_BLOCKS;
        let is_ours =
            has_our_regions && flags & TWO_PHASES != 0 && SLOTS_AT.into_iter().all(is_known);
        let block_count = match flags & RECOVERY_REQUIRED {
            0 if has_our_regions => 1 + full * REGION_BLOCKS as u64 + rest,
            _ => 0,
        };
        let mut slots = SLOTS_AT.map(|at| block.get(at..).and_then(CommitSlot::parse));
        if flags & NEWEST_IS_SECOND != 0 {
            slots.reverse();
        }
        let [newest, previous] = slots;
        let fell_back = newest.is_none();
        let CommitSlot { data, system, transaction } = newest.or(previous)?;
        Some(FileHeader { data, system, transaction, fell_back, is_ours, block_count })
    }
}

/// A header with the mark that its file was not closed, after which redb trusts no count in it.
pub(super) fn as_of_a_killed_store(header: &[u8]) -> Vec<u8> {
    let mut header = header.to_vec();
    header.iter_mut().skip(FLAGS_AT).take(1).for_each(|flags| *flags |= RECOVERY_REQUIRED);
    header
}

/// One of the two commits.
#[derive(Clone, Copy)]
struct CommitSlot {
    data: Option<PageRef>,
    system: Option<PageRef>,
    transaction: u64,
}

impl CommitSlot {
    fn parse(bytes: &[u8]) -> Option<CommitSlot> {
        let (body, rest) = bytes.split_at_checked(SLOT_CHECKSUM_AT)?;
        let mut reader = ByteReader(body);
        let (version, data, system) = (reader.u8()?, reader.u8()?, reader.u8()?);
        if version != VERSION || page_checksum(body).to_le_bytes() != *rest.first_chunk()? {
            return None;
        }
        reader.take(5)?;
        let (data, system) = (root(data, &mut reader)?, root(system, &mut reader)?);
        reader.take(32)?;
        Some(CommitSlot { data, system, transaction: reader.u64()? })
    }
}

/// The root of a B-tree; the inner `None` where it is empty.
pub(super) fn root(present: u8, reader: &mut ByteReader<'_>) -> Option<Option<PageRef>> {
    let root = PageRef { number: reader.u64()?, checksum: reader.uint(16)? };
    reader.u64()?;
    Some((present != 0).then_some(root))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use redb::{Builder, TableDefinition};

    use super::*;
    use crate::Options;
    use crate::options::Environment;
    use crate::platform::storage::Mode;
    use crate::platform::storage::sim::SimDisk;
    use crate::tree::redb_file::catalog::find_table;
    use crate::tree::redb_file::page_ownership;

    const TABLE: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("table");

    /// Fails if an upgrade of redb changes its file format: `page.rs`, `header.rs`, `catalog.rs` and
    /// `allocator.rs` read version 3 only.
    #[test]
    fn redb_writes_the_file_format_that_this_folder_reads() {
        let storage = Arc::new(SimDisk::new(true));
        let environment = Environment { storage, ..Environment::default() };
        let options = Options { environment, ..Options::new("/store", Vec::new()) };
        let path = Path::new("/store/records");
        let blocks = BlockFile::open(&options, [1; 16], path, Mode::Either).expect("opened");
        let database = Builder::new().create_with_backend(blocks.clone()).expect("created");
        let mut transaction = database.begin_write().expect("begun");
        transaction.set_quick_repair(true);
        let mut table = transaction.open_table(TABLE).expect("a table");
        (0..1000).for_each(|key| drop(table.insert(key, [7; 100].as_slice()).expect("inserted")));
        drop(table);
        transaction.commit().expect("committed");
        let mut block = [0; BLOCK];
        blocks.read(0, &mut block).expect("read");
        assert_eq!(SLOTS_AT.map(|at| block[at]), [VERSION; 2]);
        let header = FileHeader::read_intact(&blocks).expect("intact").expect("a header");
        assert_eq!(find_table(&blocks, &header, "table").expect("a table").rows, 1000);
        for round in 0..20u128 {
            let mut transaction = database.begin_write().expect("begun");
            transaction.set_quick_repair(true);
            let mut table = transaction.open_table(TABLE).expect("a table");
            table.retain(|key, _| key % 31 != round).expect("removed");
            table.insert(round * 50, [8; 9000].as_slice()).expect("replaced");
            drop(table);
            transaction.commit().expect("committed");
            page_ownership::check(&blocks, true).expect("each page has one owner");
            let unowned = page_ownership::unowned(&blocks).expect("accounted for");
            assert_eq!(unowned, [], "orphans are told from older pages by this");
        }
    }
}
