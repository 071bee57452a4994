//! The B-tree's file as redb writes to it: each commit also writes a copy of its root blocks.
//!
//! redb commits in two phases: the pages and the header's other slot, synced; then the header that makes
//! it the newest, synced. The copy is written right behind that header, so before the same sync: it is
//! durable before the next commit overwrites a page that only older ones need.

use std::io;

use parking_lot::Mutex;
use redb::StorageBackend;

use super::block_file::BlockFile;
use super::header::{FileHeader, HEADER_BYTES};
use super::root_copy::RootCopy;

/// A file of blocks that keeps copies of its root blocks.
#[derive(Debug)]
pub(in crate::tree) struct CopyingBackend {
    blocks: BlockFile,
    /// The table with the applied mark.
    mark: &'static str,
    last: Mutex<LastCopy>,
}

/// The newest copy.
#[derive(Debug, Default)]
struct LastCopy {
    transaction: u64,
    /// Which of the two places the next one takes.
    next: usize,
}

impl CopyingBackend {
    /// Over a file that is about to be opened by redb. Writes the copies of its newest commit first if
    /// the newest of them is of another one: of a commit that a power cut has taken back, or made by a
    /// version without copies.
    ///
    /// # Errors
    /// Those of writing the file.
    pub(in crate::tree) fn new(
        blocks: BlockFile,
        mark: &'static str,
    ) -> io::Result<CopyingBackend> {
        let mut header = [0; HEADER_BYTES];
        // An empty file has none.
        let read = blocks.read(0, &mut header);
        let current = read.ok().and_then(|()| RootCopy::take(&blocks, &header, mark));
        let mut last = LastCopy::default();
        if let Some(current) = current {
            last.transaction = current.header.transaction;
            let copies = RootCopy::read_both(&blocks);
            let is_newer = |copy: &RootCopy| copy.header.transaction > last.transaction;
            let found = copies
                .iter()
                .position(|copy| copy.as_ref().is_some_and(|copy| copy.is_same(&current)));
            match found {
                Some(place) if !copies.iter().flatten().any(is_newer) => last.next = 1 - place,
                _ => write_both(&blocks, &current)?,
            }
        }
        Ok(CopyingBackend { blocks, mark, last: Mutex::new(last) })
    }

    /// Writes a copy if this header has a newer commit than the last copy.
    fn copy(&self, header: &[u8]) -> io::Result<()> {
        sabotage!(RootsUncopied, return Ok(()));
        let mut last = self.last.lock();
        let is_newer = |header: &FileHeader| header.transaction > last.transaction;
        if FileHeader::parse_intact(header).filter(is_newer).is_none() {
            return Ok(());
        }
        let Some(copy) = RootCopy::take(&self.blocks, header, self.mark) else { return Ok(()) };
        copy.write(&self.blocks, last.next)?;
        *last = LastCopy { transaction: copy.header.transaction, next: 1 - last.next };
        Ok(())
    }
}

fn write_both(blocks: &BlockFile, copy: &RootCopy) -> io::Result<()> {
    copy.write(blocks, 0)?;
    copy.write(blocks, 1)?;
    blocks.sync_data()
}

impl StorageBackend for CopyingBackend {
    fn len(&self) -> io::Result<u64> {
        self.blocks.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.blocks.read(offset, out)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.blocks.write(offset, data)?;
        if offset == 0 { self.copy(data) } else { Ok(()) }
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.blocks.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.blocks.sync_data()
    }

    fn close(&self) -> io::Result<()> {
        self.blocks.close()
    }
}
