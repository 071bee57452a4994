//! The B-tree's file: every 4 KiB block with its checksum behind it, so that damage becomes an
//! error before redb interprets it, which itself checks nothing on reads.
//!
//! ```text
//!    0  [u8; 8] magic "CRUDJTBT", u16 format version (1), 6 × 0, [u8; 16] store id, u64 checksum
//! 4096  block 0 (redb's header, with checksums of its own), 8 × 0
//! 8200  block 1, u64 checksum of its bytes, the store and its number
//!    …
//! ```
//!
//! Two-phase commit keeps a block that was torn by a power cut from ever being referenced.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use redb::StorageBackend;

use super::branches::Branches;
use super::pages::PageExtent;
use super::write_behind::WriteBehind;
use crate::bytes::after_version;
use crate::bytes::{append_checksum, checked, checksum, checksum_at};
use crate::crypto::keyring::StoreId;
use crate::options::Options;
use crate::platform::storage::{Mode, StorageFile};
use crate::{Error, Result};

/// The name of the B-tree's file.
pub(crate) const TREE_FILE: &str = "records";
/// The name of one that is to take its place.
pub(crate) const FRESH_TREE: &str = "records.new";

const MAGIC: &[u8; 8] = b"CRUDJTBT";
const FORMAT: u16 = 1;
pub(in crate::tree) const IDENTITY: usize = 40;
pub(in crate::tree) const PREFACE: u64 = 4096;
/// Bytes of a block.
pub(in crate::tree) const BLOCK: usize = 4096;
pub(in crate::tree) const STORED_BLOCK: usize = BLOCK + 8;
/// Bytes that may wait to be written.
const WAITING_MAX: usize = 8 << 20;

/// The file as redb sees it: plain bytes.
#[derive(Debug)]
pub(in crate::tree) struct BlockFile {
    file: Arc<dyn StorageFile>,
    /// Part of each block's checksum.
    seed: u64,
    waiting: Mutex<WriteBehind>,
    /// Whether blocks may wait: readers of a file at rest need no lock.
    some_wait: AtomicBool,
    pub(in crate::tree) branches: Branches,
}

impl BlockFile {
    pub(in crate::tree) fn open(
        options: &Options,
        store: StoreId,
        path: &Path,
    ) -> Result<BlockFile> {
        let failed = |error: io::Error| Error::storage(path, "open its B-tree", error);
        let file = options.environment.storage.open(path, Mode::Either).map_err(failed)?;
        if file.size().map_err(failed)? == 0 {
            let mut preface = identity(store);
            preface.resize(PREFACE as usize, 0);
            file.write_at(0, &preface).and_then(|()| file.sync()).map_err(failed)?;
        } else {
            check_file(path, file.as_ref(), store)?;
        }
        Ok(BlockFile::over(file, store))
    }

    /// Opens a file that is there, only to be read.
    pub(super) fn open_to_read(options: &Options, store: StoreId) -> Result<BlockFile> {
        let path = options.path.join(TREE_FILE);
        let failed = |error: io::Error| Error::storage(&path, "open its B-tree", error);
        let file = options.environment.storage.open(&path, Mode::Read).map_err(failed)?;
        check_file(&path, file.as_ref(), store)?;
        Ok(BlockFile::over(file, store))
    }

    /// The same file anew: nothing waits to be written.
    pub(in crate::tree) fn over(file: Arc<dyn StorageFile>, store: StoreId) -> BlockFile {
        BlockFile {
            file,
            seed: checksum(&store),
            waiting: Mutex::default(),
            some_wait: AtomicBool::new(false),
            branches: Branches::default(),
        }
    }

    pub(in crate::tree) fn file(&self) -> Arc<dyn StorageFile> {
        self.file.clone()
    }

    fn sum(&self, block: u64, data: &[u8]) -> [u8; 8] {
        sum_of(self.seed, block, data)
    }

    /// Reads whole blocks from `first` into `out`.
    fn read_blocks(&self, first: u64, out: &mut [u8]) -> io::Result<()> {
        if self.some_wait.load(Ordering::Acquire) && self.read_waiting(first, out)? {
            return Ok(());
        }
        let mut single = [0u8; STORED_BLOCK];
        if out.len() == BLOCK {
            self.file.read_at(stored_at(first), &mut single)?;
            return self.check_stored(first, &single, out);
        }
        let mut stored = vec![0; out.len() / BLOCK * STORED_BLOCK];
        self.file.read_at(stored_at(first), &mut stored)?;
        self.check_stored(first, &stored, out)
    }

    /// Reads a page of a commit into `page`, which takes its length. Its blocks' checksums are not
    /// looked at: whoever reads a page by itself knows that of the whole.
    pub(super) fn read_page(&self, extent: PageExtent, page: &mut Vec<u8>) -> io::Result<()> {
        page.resize(extent.count * STORED_BLOCK, 0);
        self.file.read_at(stored_at(extent.block()), page)?;
        for block in 1..extent.count {
            page.copy_within(block * STORED_BLOCK..block * STORED_BLOCK + BLOCK, block * BLOCK);
        }
        page.truncate(extent.count * BLOCK);
        Ok(())
    }

    /// Copies the slots' blocks to `out` if their checksums are right.
    fn check_stored(&self, first: u64, stored: &[u8], out: &mut [u8]) -> io::Result<()> {
        for (number, (stored, block)) in
            (first..).zip(stored.chunks_exact(STORED_BLOCK).zip(out.chunks_exact_mut(BLOCK)))
        {
            let (data, sum) = stored.split_at(BLOCK);
            if number != 0 && sum != self.sum(number, data) {
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
            self.write_waiting(&mut waiting)?;
            return Ok(false);
        }
        Ok(found != 0)
    }

    /// Writes whole blocks from `first`: they wait until the next sync, or until too many do.
    fn write_blocks(&self, first: u64, data: &[u8]) -> io::Result<()> {
        self.branches.add(first..first + (data.len() / BLOCK) as u64);
        let mut waiting = self.waiting.lock();
        self.some_wait.store(true, Ordering::Release);
        for (number, block) in (first..).zip(data.chunks_exact(BLOCK)) {
            waiting.put(number, block, self.sum(number, block));
        }
        if waiting.size() > WAITING_MAX { self.write_waiting(&mut waiting) } else { Ok(()) }
    }

    /// Writes parts of block 0 at once and as they are: redb's two commit slots in it must not be
    /// touched together.
    fn write_header(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (head, tail) = data.split_at(data.len().min(BLOCK - offset as usize));
        self.file.write_at(PREFACE + offset, head)?;
        if tail.is_empty() { Ok(()) } else { self.write(BLOCK as u64, tail) }
    }

    fn write_waiting(&self, waiting: &mut WriteBehind) -> io::Result<()> {
        waiting
            .drain(STORED_BLOCK, |first, stored| self.file.write_at(stored_at(first), stored))?;
        self.some_wait.store(false, Ordering::Release);
        Ok(())
    }

    /// Room for the whole blocks that hold `length` bytes at `offset`, the first one's number, and
    /// where in them those bytes start.
    fn widened(&self, offset: u64, length: usize) -> (u64, Vec<u8>, usize) {
        let first = offset / BLOCK as u64;
        let start = (offset % BLOCK as u64) as usize;
        (first, vec![0; (start + length).next_multiple_of(BLOCK)], start)
    }
}

impl StorageBackend for BlockFile {
    fn len(&self) -> io::Result<u64> {
        let stored = self.file.size()?.saturating_sub(PREFACE) / STORED_BLOCK as u64;
        Ok(stored * BLOCK as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if is_whole(offset, out.len()) {
            let first = offset / BLOCK as u64;
            self.read_blocks(first, out)?;
            return if self.branches.allow(first, out) { Ok(()) } else { Err(damaged(first)) };
        }
        let (first, mut blocks, start) = self.widened(offset, out.len());
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
        let (first, mut blocks, start) = self.widened(offset, data.len());
        self.read_blocks(first, &mut blocks)?;
        let target = blocks.get_mut(start..).and_then(|rest| rest.get_mut(..data.len()));
        target.ok_or(io::ErrorKind::UnexpectedEof)?.copy_from_slice(data);
        self.write_blocks(first, &blocks)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.write_waiting(&mut self.waiting.lock())?;
        self.file.set_size(stored_at(length.div_ceil(BLOCK as u64)))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.write_waiting(&mut self.waiting.lock())?;
        sabotage!(TreeUnsynced, return Ok(()));
        self.file.sync()
    }

    fn close(&self) -> io::Result<()> {
        self.write_waiting(&mut self.waiting.lock())
    }
}

/// The error of a damaged block.
pub(super) fn damaged(block: u64) -> io::Error {
    let text = format!("block {block} of the B-tree is damaged");
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn stored_at(block: u64) -> u64 {
    PREFACE + block * STORED_BLOCK as u64
}

/// What redb is given of it.
#[derive(Debug)]
pub(in crate::tree) struct Backend(pub(in crate::tree) Arc<BlockFile>);

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}

fn is_whole(offset: u64, length: usize) -> bool {
    offset.is_multiple_of(BLOCK as u64) && length.is_multiple_of(BLOCK)
}

/// What stands behind a block of a file whose store's id has the checksum `seed`.
pub(in crate::tree) fn sum_of(seed: u64, block: u64, data: &[u8]) -> [u8; 8] {
    // Redb's header block is written in parts and carries checksums of its own.
    if block == 0 { [0; 8] } else { checksum_at(seed ^ block, data).to_le_bytes() }
}

fn identity(store: StoreId) -> Vec<u8> {
    let mut out = Vec::with_capacity(IDENTITY);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&FORMAT.to_le_bytes());
    out.extend_from_slice(&[0; 6]);
    out.extend_from_slice(&store);
    append_checksum(&mut out);
    out
}

fn check_file(path: &Path, file: &dyn StorageFile, store: StoreId) -> Result<()> {
    let mut bytes = [0; IDENTITY];
    let read = file.read_at(0, &mut bytes);
    read.map_err(|error| Error::storage(path, "open its B-tree", error))?;
    check_identity(path, &bytes, store)
}

/// The id of the store that the B-tree's file belongs to, if that can be read.
pub(crate) fn store_of_tree(options: &Options) -> Option<StoreId> {
    let path = options.path.join(TREE_FILE);
    let mut bytes = [0; IDENTITY];
    options.environment.storage.open(&path, Mode::Read).ok()?.read_at(0, &mut bytes).ok()?;
    parse_identity(&path, &bytes).ok()
}

fn parse_identity(path: &Path, bytes: &[u8]) -> Result<StoreId> {
    let damaged = || Error::damaged(path, "the header of the B-tree's file can't be read");
    let mut reader = after_version(path, checked(bytes), MAGIC, FORMAT, damaged)?;
    reader.take(6).and_then(|_| reader.array()).ok_or_else(damaged)
}

fn check_identity(path: &Path, bytes: &[u8], store: StoreId) -> Result<()> {
    if parse_identity(path, bytes)? != store {
        return Err(Error::damaged(
            path,
            "the B-tree belongs to another store: put the right file back",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Environment;
    use crate::platform::storage::sim::SimDisk;

    fn options(disk: &SimDisk) -> Options {
        let environment = Environment { storage: Arc::new(disk.clone()), ..Environment::default() };
        Options { environment, ..Options::new("/store", Vec::new()) }
    }

    fn open(options: &Options, store: StoreId) -> Result<BlockFile> {
        BlockFile::open(options, store, &options.path.join(TREE_FILE))
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
