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
    /// Over a file that is about to be opened by redb, whose newest commit both copies then are of, or
    /// one of them and the other is of an older one. A copy may be of a commit that a power cut has taken
    /// back.
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
        let last = current.map_or(Ok(LastCopy::default()), |current| renew(&blocks, &current))?;
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

/// Makes one of the copies that of the newest commit, and the other one of no newer commit. At each
/// moment one of them is whole.
fn renew(blocks: &BlockFile, current: &RootCopy) -> io::Result<LastCopy> {
    let transaction = current.header.transaction;
    let [first, second] = RootCopy::read_both(blocks);
    let is_current = |copy: &Option<RootCopy>| copy.as_ref().is_some_and(|it| it.is_same(current));
    let age = |copy: &Option<RootCopy>| copy.as_ref().map(|copy| copy.header.transaction);
    let (place, kept, other) = match (is_current(&first), age(&first) <= age(&second)) {
        (true, _) => (0, first, second),
        (false, _) if is_current(&second) => (1, second, first),
        (false, true) => (0, None, second),
        (false, false) => (1, None, first),
    };
    write_durably(blocks, place, kept.as_ref().unwrap_or(current), kept.is_none())?;
    if age(&other) >= Some(transaction) {
        let is_right = is_current(&other);
        write_durably(
            blocks,
            1 - place,
            other.as_ref().filter(|_| is_right).unwrap_or(current),
            !is_right,
        )?;
    }
    Ok(LastCopy { transaction, next: 1 - place })
}

/// Writes a copy. One that stood there already needs no sync before redb's own, which comes before it
/// writes anything but its header; but a sync of an earlier opening may have failed, so that what is read
/// need not be on the disk.
fn write_durably(
    blocks: &BlockFile,
    place: usize,
    copy: &RootCopy,
    is_new: bool,
) -> io::Result<()> {
    copy.write(blocks, place)?;
    if is_new { blocks.sync_data() } else { Ok(()) }
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
