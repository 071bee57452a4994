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

use redb::StorageBackend;

use crate::bytes::Reader;
use crate::hash::{append_checksum, checked, checksum, checksum_at};
use crate::keyring::StoreId;
use crate::options::Options;
use crate::storage::{Mode, StorageFile};
use crate::{Error, Result};

/// The name of the B-tree's file.
pub(crate) const TREE_FILE: &str = "records";

const MAGIC: &[u8; 8] = b"CRUDJTBT";
const FORMAT: u16 = 1;
const IDENTITY: usize = 40;
const PREFACE: u64 = 4096;
const BLOCK: usize = 4096;
const SLOT: usize = BLOCK + 8;

/// The file as redb sees it: plain bytes.
#[derive(Debug)]
pub(super) struct BlockFile {
    file: Arc<dyn StorageFile>,
    /// Part of each block's checksum.
    seed: u64,
}

impl BlockFile {
    pub(super) fn open(options: &Options, store: StoreId) -> Result<BlockFile> {
        let path = options.path.join(TREE_FILE);
        let failed = |error: io::Error| Error::storage(&path, "open its B-tree", error);
        let file = options.seams.storage.open(&path, Mode::Either).map_err(failed)?;
        if file.size().map_err(failed)? == 0 {
            let mut preface = identity(store);
            preface.resize(PREFACE as usize, 0);
            file.write_at(0, &preface).and_then(|()| file.sync()).map_err(failed)?;
        } else {
            let mut bytes = [0; IDENTITY];
            file.read_at(0, &mut bytes).map_err(failed)?;
            check_identity(&path, &bytes, store)?;
        }
        Ok(BlockFile { file, seed: checksum(&store) })
    }

    pub(super) fn file(&self) -> Arc<dyn StorageFile> {
        self.file.clone()
    }

    fn sum(&self, block: u64, data: &[u8]) -> [u8; 8] {
        // Redb's header block is written in parts and carries checksums of its own.
        if block == 0 { [0; 8] } else { checksum_at(self.seed ^ block, data).to_le_bytes() }
    }

    /// Reads whole blocks from `first` into `out`.
    fn read_blocks(&self, first: u64, out: &mut [u8]) -> io::Result<()> {
        let count = out.len() / BLOCK;
        let mut single = [0u8; SLOT];
        let mut many = Vec::new();
        let slots = if count == 1 {
            single.as_mut_slice()
        } else {
            many.resize(count * SLOT, 0);
            many.as_mut_slice()
        };
        self.file.read_at(slot_at(first), slots)?;
        for (number, (slot, block)) in
            (first..).zip(slots.chunks_exact(SLOT).zip(out.chunks_exact_mut(BLOCK)))
        {
            let (data, sum) = slot.split_at(BLOCK);
            if number != 0 && sum != self.sum(number, data) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("block {number} of the B-tree is damaged"),
                ));
            }
            block.copy_from_slice(data);
        }
        Ok(())
    }

    /// Writes whole blocks from `first`.
    fn write_blocks(&self, first: u64, data: &[u8]) -> io::Result<()> {
        let mut slots = Vec::with_capacity(data.len() / BLOCK * SLOT);
        for (number, block) in (first..).zip(data.chunks_exact(BLOCK)) {
            slots.extend_from_slice(block);
            slots.extend_from_slice(&self.sum(number, block));
        }
        self.file.write_at(slot_at(first), &slots)
    }

    /// Calls `work` with the whole blocks that hold `length` bytes at `offset`, and where in them
    /// those bytes start.
    fn widened(&self, offset: u64, length: usize) -> (u64, Vec<u8>, usize) {
        let first = offset / BLOCK as u64;
        let start = (offset % BLOCK as u64) as usize;
        (first, vec![0; (start + length).next_multiple_of(BLOCK)], start)
    }
}

impl StorageBackend for BlockFile {
    fn len(&self) -> io::Result<u64> {
        let slots = self.file.size()?.saturating_sub(PREFACE) / SLOT as u64;
        Ok(slots * BLOCK as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if is_whole(offset, out.len()) {
            return self.read_blocks(offset / BLOCK as u64, out);
        }
        let (first, mut blocks, start) = self.widened(offset, out.len());
        self.read_blocks(first, &mut blocks)?;
        let wanted = blocks.get(start..).and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(wanted.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if is_whole(offset, data.len()) {
            return self.write_blocks(offset / BLOCK as u64, data);
        }
        if offset as usize + data.len() <= BLOCK {
            // In parts, as redb means it: its slots of the header must not be touched together.
            return self.file.write_at(PREFACE + offset, data);
        }
        let (first, mut blocks, start) = self.widened(offset, data.len());
        self.read_blocks(first, &mut blocks)?;
        let target = blocks.get_mut(start..).and_then(|rest| rest.get_mut(..data.len()));
        target.ok_or(io::ErrorKind::UnexpectedEof)?.copy_from_slice(data);
        self.write_blocks(first, &blocks)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_size(slot_at(length.div_ceil(BLOCK as u64)))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync()
    }
}

fn slot_at(block: u64) -> u64 {
    PREFACE + block * SLOT as u64
}

fn is_whole(offset: u64, length: usize) -> bool {
    offset.is_multiple_of(BLOCK as u64) && length.is_multiple_of(BLOCK)
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

fn check_identity(path: &Path, bytes: &[u8], store: StoreId) -> Result<()> {
    let damaged = || Error::damaged(path, "the header of the B-tree's file can't be read");
    let mut reader = Reader(checked(bytes).ok_or_else(damaged)?);
    if reader.array().as_ref() != Some(MAGIC) {
        return Err(damaged());
    }
    let found = reader.u16().ok_or_else(damaged)?;
    if found > FORMAT {
        return Err(Error::Version { path: path.to_path_buf(), found, known: FORMAT });
    }
    reader.take(6).ok_or_else(damaged)?;
    if reader.array() != Some(store) {
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
    use crate::options::Seams;
    use crate::storage::sim::SimDisk;

    fn options(disk: &SimDisk) -> Options {
        let seams = Seams { storage: Arc::new(disk.clone()), ..Seams::default() };
        Options { seams, ..Options::new("/store", Vec::new()) }
    }

    #[test]
    fn what_is_written_is_read_back_and_a_changed_byte_is_an_error() {
        let disk = SimDisk::new(true);
        let file = BlockFile::open(&options(&disk), [1; 16]).expect("opened");
        file.set_len(8 * BLOCK as u64).expect("extended");
        let data: Vec<u8> = (0..3 * BLOCK).map(|at| at as u8).collect();
        file.write(2 * BLOCK as u64, &data).expect("written");
        let mut out = vec![0; data.len()];
        file.read(2 * BLOCK as u64, &mut out).expect("read");
        assert_eq!((out == data, file.len().expect("a length")), (true, 8 * BLOCK as u64));
        disk.edit(&Path::new("/store").join(TREE_FILE), |bytes| {
            bytes[slot_at(3) as usize + 77] ^= 1
        });
        assert!(file.read(2 * BLOCK as u64, &mut out[..BLOCK]).is_ok());
        assert!(file.read(3 * BLOCK as u64, &mut out[..BLOCK]).is_err());
    }

    #[test]
    fn a_block_in_anothers_place_is_an_error() {
        let disk = SimDisk::new(true);
        let file = BlockFile::open(&options(&disk), [1; 16]).expect("opened");
        file.set_len(4 * BLOCK as u64).expect("extended");
        file.write(BLOCK as u64, &vec![7; 2 * BLOCK]).expect("written");
        disk.edit(&Path::new("/store").join(TREE_FILE), |bytes| {
            let (from, to) = (slot_at(1) as usize, slot_at(2) as usize);
            bytes.copy_within(from..from + SLOT, to);
        });
        assert!(file.read(2 * BLOCK as u64, &mut vec![0; BLOCK]).is_err());
    }

    #[test]
    fn parts_of_the_header_block_are_written_alone() {
        let disk = SimDisk::new(true);
        let file = BlockFile::open(&options(&disk), [1; 16]).expect("opened");
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
        drop(BlockFile::open(&options, [1; 16]).expect("opened"));
        assert_eq!(
            BlockFile::open(&options, [2; 16]).expect_err("another").code(),
            "ERR_CRUDJT_DAMAGED"
        );
        disk.edit(&options.path.join(TREE_FILE), |bytes| {
            bytes[8] = 2;
            let sum = checksum(&bytes[..IDENTITY - 8]);
            bytes[IDENTITY - 8..IDENTITY].copy_from_slice(&sum.to_le_bytes());
        });
        assert_eq!(
            BlockFile::open(&options, [1; 16]).expect_err("newer").code(),
            "ERR_CRUDJT_VERSION"
        );
    }
}
