//! The format of the B-tree's file: 4 KiB blocks, each followed by its checksum, so that damage is an
//! error before redb interprets a block; redb itself verifies nothing when it reads.
//!
//! ```text
//!    0  [u8; 8] magic "CRUDJTBT", u16 format version (1), 6 × 0, [u8; 16] store id, u64 checksum
//! 1024  copy of the root blocks (see `root_copy.rs`)
//! 2560  copy of the root blocks
//! 4096  block 0 (redb's header, with checksums of its own), 8 × 0
//! 8200  block 1, u64 checksum of its bytes, the store and its number
//!    …
//! ```

use std::io;
use std::path::Path;

use crate::bytes::{after_version, append_checksum, checked, checksum, checksum_at};
use crate::crypto::keyring::StoreId;
use crate::platform::storage::StorageFile;
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"CRUDJTBT";
const FORMAT: u16 = 1;
const IDENTITY: usize = 40;
pub(super) const PREFACE: usize = 4096;
/// Bytes of a block.
pub(in crate::tree) const BLOCK: usize = 4096;
pub(super) const STORED_BLOCK: usize = BLOCK + 8;

/// Where in the preface the copies of the root blocks are.
pub(super) const COPIES_AT: [u64; 2] = [1024, 2560];
/// Bytes of a copy.
pub(super) const COPY_BYTES: usize = 1536;

/// What the file begins with.
pub(super) fn identity(store: StoreId) -> Vec<u8> {
    let mut out = [MAGIC.as_slice(), &FORMAT.to_le_bytes(), &[0; 6], &store].concat();
    append_checksum(&mut out);
    out
}

/// What precedes the blocks of a new file.
pub(super) fn preface(store: StoreId) -> Vec<u8> {
    let mut out = identity(store);
    out.resize(PREFACE, 0);
    out
}

/// The id of the store that a file belongs to.
pub(in crate::tree) fn store_of(path: &Path, file: &dyn StorageFile) -> Result<StoreId> {
    let mut bytes = [0; IDENTITY];
    let read = file.read_at(0, &mut bytes);
    read.map_err(|error| Error::storage(path, "open its B-tree", error))?;
    let damaged =
        || Error::damaged(path, "the header of the B-tree's file is damaged, run `crudjt repair`");
    let mut reader = after_version(path, checked(&bytes), MAGIC, FORMAT, damaged)?;
    reader.take(6).and_then(|_| reader.array()).ok_or_else(damaged)
}

/// Part of the checksum of each block of a store's file.
pub(super) fn seed_of(store: &StoreId) -> u64 {
    checksum(store)
}

/// The checksum behind a block.
pub(super) fn block_checksum(seed: u64, block: u64, data: &[u8]) -> [u8; 8] {
    // redb's header block is written in parts and carries checksums of its own.
    if block == 0 { [0; 8] } else { checksum_at(seed ^ block, data).to_le_bytes() }
}

/// Where a block is stored.
pub(super) fn stored_at(block: u64) -> u64 {
    PREFACE as u64 + block * STORED_BLOCK as u64
}

/// The error of a damaged block.
pub(in crate::tree) fn damaged(block: u64) -> io::Error {
    let text = format!("block {block} of the B-tree is damaged");
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// For tests with hostile bytes: recomputes the checksums of a file's identity and blocks, as anyone
/// who can write the file can. redb's own checksums stay as they are.
pub(crate) fn make_checksums_fit(file: &mut [u8]) {
    let Some((preface, stored)) = file.split_at_mut_checked(PREFACE) else { return };
    let Some((header, sum)) = preface.split_at_mut_checked(IDENTITY - 8) else { return };
    if let Some(sum) = sum.first_chunk_mut() {
        *sum = checksum(header).to_le_bytes();
    }
    let Some(store) = header.last_chunk::<{ size_of::<StoreId>() }>() else { return };
    for (number, stored) in (0..).zip(stored.chunks_exact_mut(STORED_BLOCK)) {
        let (block, sum) = stored.split_at_mut(BLOCK);
        sum.copy_from_slice(&block_checksum(seed_of(store), number, block));
    }
}
