//! The B-tree's file as redb sees it: plain bytes. Underneath it reads and writes whole blocks with
//! their checksums (see `block_format.rs`).
//!
//! Two-phase commit ensures that no commit refers to a block that a power cut has torn.

use std::io;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use redb::StorageBackend;

use super::block_format::{
    BLOCK, PREFACE, STORED_BLOCK, block_checksum, damaged, preface, seed_of, store_of, stored_at,
};
use super::page_number::PageExtent;
use super::write_behind::WriteBehind;
use crate::crypto::keyring::StoreId;
use crate::error::is_lost;
use crate::options::Options;
use crate::platform::storage::{Mode, StorageFile};
use crate::{Error, Result};

/// Bytes that may wait to be written.
const WAITING_MAX: usize = 8 << 20;

/// A handle of the file: clones share the blocks that wait to be written.
#[derive(Debug, Clone)]
pub(in crate::tree) struct BlockFile {
    file: Arc<dyn StorageFile>,
    /// Part of each block's checksum.
    seed: u64,
    waiting: Arc<Mutex<WriteBehind>>,
    failures: Arc<Mutex<Failures>>,
}

/// What failed of reading and writing the file.
#[derive(Debug, Default)]
struct Failures {
    /// Whether a block is damaged.
    damaged: bool,
    /// The last failure that says nothing about the block, such as a shortage of memory.
    other: Option<io::ErrorKind>,
}

impl BlockFile {
    /// Opens a store's file, and begins it where `mode` creates it.
    pub(in crate::tree) fn open(
        options: &Options,
        store: StoreId,
        path: &Path,
        mode: Mode,
    ) -> Result<BlockFile> {
        let failed = |error: io::Error| Error::storage(path, "open its B-tree", error);
        let file = options.environment.storage.open(path, mode).map_err(failed)?;
        if mode == Mode::Either && file.size().map_err(failed)? == 0 {
            file.write_at(0, &preface(store)).and_then(|()| file.sync()).map_err(failed)?;
        } else if store_of(path, file.as_ref())? != store {
            let what = "the B-tree belongs to another store: put the right file back";
            return Err(Error::damaged(path, what));
        }
        Ok(BlockFile::over(file, store))
    }

    /// A file that does not say which store it belongs to; `None` if it cannot be opened.
    pub(super) fn of_unknown(
        options: &Options,
        store: StoreId,
        path: &Path,
        mode: Mode,
    ) -> Option<BlockFile> {
        let file = options.environment.storage.open(path, mode).ok()?;
        Some(BlockFile::over(file, store))
    }

    /// A new handle of an open file, with nothing waiting to be written.
    pub(in crate::tree) fn over(file: Arc<dyn StorageFile>, store: StoreId) -> BlockFile {
        BlockFile { file, seed: seed_of(&store), waiting: Arc::default(), failures: Arc::default() }
    }

    /// Whether a block could not be read because it is damaged.
    pub(in crate::tree) fn met_damage(&self) -> bool {
        self.failures.lock().damaged
    }

    /// Why an access failed that says nothing about any block.
    pub(in crate::tree) fn other_failure(&self) -> Option<io::ErrorKind> {
        self.failures.lock().other
    }

    fn note_failure(&self, error: &io::Error) {
        if is_lost(error) {
            self.failures.lock().damaged = true;
        } else {
            self.note_other(error);
        }
    }

    fn note_other(&self, error: &io::Error) {
        self.failures.lock().other = Some(error.kind());
    }

    pub(in crate::tree) fn file(&self) -> Arc<dyn StorageFile> {
        self.file.clone()
    }

    /// Part of each checksum in the file.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// Writes a part of the preface at once.
    pub(super) fn write_preface(&self, at: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_at(at, data).inspect_err(|error| self.note_other(error))
    }

    /// Blocks of the file.
    pub(in crate::tree) fn count(&self) -> io::Result<u64> {
        Ok(self.file.size()?.saturating_sub(PREFACE as u64) / STORED_BLOCK as u64)
    }

    /// Reads a committed page into `page`, which is resized. Does not verify the blocks' checksums:
    /// its callers verify that of the page.
    pub(super) fn read_page(&self, extent: PageExtent, page: &mut Vec<u8>) -> io::Result<()> {
        page.resize(extent.count * STORED_BLOCK, 0);
        self.file.read_at(stored_at(extent.block()), page)?;
        for block in 1..extent.count {
            page.copy_within(block * STORED_BLOCK..block * STORED_BLOCK + BLOCK, block * BLOCK);
        }
        page.truncate(extent.count * BLOCK);
        Ok(())
    }

    /// Reads whole blocks from `first` into `out`.
    fn read_blocks(&self, first: u64, out: &mut [u8]) -> io::Result<()> {
        self.try_read_blocks(first, out).inspect_err(|error| self.note_failure(error))
    }

    fn try_read_blocks(&self, first: u64, out: &mut [u8]) -> io::Result<()> {
        if self.read_waiting(first, out)? {
            return Ok(());
        }
        let mut single = [0u8; STORED_BLOCK];
        if out.len() == BLOCK {
            self.file.read_at(stored_at(first), &mut single)?;
            return self.verify(first, &single, out);
        }
        let mut stored = vec![0; out.len() / BLOCK * STORED_BLOCK];
        self.file.read_at(stored_at(first), &mut stored)?;
        self.verify(first, &stored, out)
    }

    /// Copies stored blocks to `out` if their checksums are right.
    fn verify(&self, first: u64, stored: &[u8], out: &mut [u8]) -> io::Result<()> {
        for (number, (stored, block)) in
            (first..).zip(stored.chunks_exact(STORED_BLOCK).zip(out.chunks_exact_mut(BLOCK)))
        {
            let (data, checksum) = stored.split_at(BLOCK);
            if number != 0 && checksum != block_checksum(self.seed, number, data) {
                return Err(damaged(number));
            }
            block.copy_from_slice(data);
        }
        Ok(())
    }

    /// Reads blocks of which some may wait to be written; false if none of them does.
    fn read_waiting(&self, first: u64, out: &mut [u8]) -> io::Result<bool> {
        let mut waiting = self.waiting.lock();
        let mut found = 0;
        for (number, block) in (first..).zip(out.chunks_exact_mut(BLOCK)) {
            found += usize::from(waiting.get(number, block));
        }
        if found != 0 && found * BLOCK < out.len() {
            self.flush(&mut waiting)?;
            return Ok(false);
        }
        Ok(found != 0)
    }

    /// Writes whole blocks from `first`: they wait until the next sync, or until too many wait.
    fn write_blocks(&self, first: u64, data: &[u8]) -> io::Result<()> {
        let mut waiting = self.waiting.lock();
        for (number, block) in (first..).zip(data.chunks_exact(BLOCK)) {
            waiting.put(number, block, block_checksum(self.seed, number, block));
        }
        if waiting.size() > WAITING_MAX { self.flush(&mut waiting) } else { Ok(()) }
    }

    /// Writes a part of block 0 at once: redb's two commit slots in it must never be written together.
    fn write_header(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (head, tail) = data.split_at(data.len().min(BLOCK - offset as usize));
        let written = self.file.write_at(PREFACE as u64 + offset, head);
        written.inspect_err(|error| self.note_other(error))?;
        if tail.is_empty() { Ok(()) } else { self.write(BLOCK as u64, tail) }
    }

    fn flush(&self, waiting: &mut WriteBehind) -> io::Result<()> {
        let write = |first, stored: &[u8]| self.file.write_at(stored_at(first), stored);
        waiting.drain(STORED_BLOCK, write).inspect_err(|error| self.note_other(error))
    }

    fn flush_all(&self) -> io::Result<()> {
        self.flush(&mut self.waiting.lock())
    }
}

impl StorageBackend for BlockFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.count()? * BLOCK as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if is_whole(offset, out.len()) {
            return self.read_blocks(offset / BLOCK as u64, out);
        }
        let (first, mut blocks, start) = widened(offset, out.len());
        self.read_blocks(first, &mut blocks)?;
        let wanted = blocks.get(start..).and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(wanted.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if offset < BLOCK as u64 {
            return self.write_header(offset, data);
        }
        if is_whole(offset, data.len()) {
            return self.write_blocks(offset / BLOCK as u64, data);
        }
        let (first, mut blocks, start) = widened(offset, data.len());
        self.read_blocks(first, &mut blocks)?;
        let target = blocks.get_mut(start..).and_then(|rest| rest.get_mut(..data.len()));
        target.ok_or(io::ErrorKind::UnexpectedEof)?.copy_from_slice(data);
        self.write_blocks(first, &blocks)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.flush_all()?;
        let sized = self.file.set_size(stored_at(length.div_ceil(BLOCK as u64)));
        sized.inspect_err(|error| self.note_other(error))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.flush_all()?;
        sabotage!(TreeUnsynced, return Ok(()));
        self.file.sync().inspect_err(|error| self.note_other(error))
    }

    fn close(&self) -> io::Result<()> {
        self.flush_all()
    }
}

fn is_whole(offset: u64, length: usize) -> bool {
    offset.is_multiple_of(BLOCK as u64) && length.is_multiple_of(BLOCK)
}

/// The first of the whole blocks that hold `length` bytes at `offset`, a buffer for those blocks, and
/// where in it the bytes start.
fn widened(offset: u64, length: usize) -> (u64, Vec<u8>, usize) {
    let first = offset / BLOCK as u64;
    let start = (offset % BLOCK as u64) as usize;
    (first, vec![0; (start + length).next_multiple_of(BLOCK)], start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::checksum;
    use crate::options::Environment;
    use crate::platform::storage::sim::SimDisk;
    use crate::tree::TREE_FILE;

    const IDENTITY: usize = 40;

    fn options(disk: &SimDisk) -> Options {
        let environment = Environment { storage: Arc::new(disk.clone()), ..Environment::default() };
        Options { environment, ..Options::new("/store", Vec::new()) }
    }

    fn open(options: &Options, store: StoreId) -> Result<BlockFile> {
        BlockFile::open(options, store, &options.path.join(TREE_FILE), Mode::Either)
    }

    #[test]
    fn what_is_written_is_read_back_and_a_changed_byte_is_an_error() {
        let disk = SimDisk::new(true);
        let file = open(&options(&disk), [1; 16]).expect("opened");
        file.set_len(8 * BLOCK as u64).expect("extended");
        let data: Vec<u8> = (0..3 * BLOCK).map(|at| at as u8).collect();
        file.write(2 * BLOCK as u64, &data).expect("written");
        let mut out = vec![0; data.len()];
        file.read(2 * BLOCK as u64, &mut out).expect("read");
        assert_eq!((out == data, file.len().expect("a length")), (true, 8 * BLOCK as u64));
        file.sync_data().expect("synced");
        disk.edit(&Path::new("/store").join(TREE_FILE), |bytes| {
            bytes[stored_at(3) as usize + 77] ^= 1
        });
        assert!(file.read(2 * BLOCK as u64, &mut out[..BLOCK]).is_ok());
        assert!(file.read(3 * BLOCK as u64, &mut out[..BLOCK]).is_err());
    }

    #[test]
    fn a_block_in_anothers_place_is_an_error() {
        let disk = SimDisk::new(true);
        let file = open(&options(&disk), [1; 16]).expect("opened");
        file.set_len(4 * BLOCK as u64).expect("extended");
        file.write(BLOCK as u64, &vec![7; 2 * BLOCK]).expect("written");
        file.sync_data().expect("synced");
        disk.edit(&Path::new("/store").join(TREE_FILE), |bytes| {
            let (from, to) = (stored_at(1) as usize, stored_at(2) as usize);
            bytes.copy_within(from..from + STORED_BLOCK, to);
        });
        assert!(file.read(2 * BLOCK as u64, &mut vec![0; BLOCK]).is_err());
    }

    #[test]
    fn parts_of_the_header_block_are_written_alone() {
        let disk = SimDisk::new(true);
        let file = open(&options(&disk), [1; 16]).expect("opened");
        file.set_len(BLOCK as u64).expect("extended");
        file.write(100, b"slot").expect("written");
        let mut out = [0; 6];
        file.read(99, &mut out).expect("read");
        assert_eq!(&out, b"\0slot\0");
    }

    #[test]
    fn the_file_of_another_store_or_a_newer_version_is_refused() {
        let disk = SimDisk::new(true);
        let options = options(&disk);
        drop(open(&options, [1; 16]).expect("opened"));
        assert_eq!(open(&options, [2; 16]).expect_err("another").code(), "ERR_CRUDJT_DAMAGED");
        disk.edit(&options.path.join(TREE_FILE), |bytes| {
            bytes[8] = 2;
            let sum = checksum(&bytes[..IDENTITY - 8]);
            bytes[IDENTITY - 8..IDENTITY].copy_from_slice(&sum.to_le_bytes());
        });
        assert_eq!(open(&options, [1; 16]).expect_err("newer").code(), "ERR_CRUDJT_VERSION");
    }
}
