//! Restores the root blocks of a file from their copies, and its identity from the store's id: in the
//! file when a store is open, in memory when the file is only read.
//!
//! A copy of the commit before the newest one is as good: the journal has all that came after it, until
//! two commits cover that.

use std::io;
use std::path::Path;
use std::sync::Arc;

use redb::StorageBackend;

use super::block_file::BlockFile;
use super::block_format::{BLOCK, block_checksum, identity, stored_at};
use super::header::FileHeader;
use super::page_number::PageExtent;
use super::patched_file::{Patch, PatchedFile};
use super::root_copy::RootCopy;
use crate::crypto::keyring::StoreId;
use crate::error::is_lost;
use crate::options::Options;
use crate::platform::storage::{Mode, StorageFile};
use crate::{Error, Result};

/// Opens a store's file as [`BlockFile::open`] does, and restores its identity if that is damaged but
/// its list of tables has the checksum of this store; gives whether it was.
pub(in crate::tree) fn open(
    options: &Options,
    store: StoreId,
    path: &Path,
    mode: Mode,
) -> Result<(BlockFile, bool)> {
    BlockFile::open(options, store, path, mode).map(|blocks| (blocks, false)).or_else(|error| {
        match BlockFile::of_unknown(options, store, path, mode) {
            Some(blocks) if error.is_damage() && is_of_this_store(&blocks) => {
                let patch = Patch { at: 0, bytes: identity(store) };
                let restored = apply(blocks.file(), vec![patch], mode == Mode::Read);
                let failed = |error| Error::storage(path, "open its B-tree", error);
                Ok((BlockFile::over(restored.map_err(failed)?, store), true))
            }
            _ => Err(error),
        }
    })
}

/// Restores what root blocks are damaged, in the file; gives whether there were any.
///
/// # Errors
/// Those of the file. What cannot be restored is none.
pub(in crate::tree) fn restore_roots(blocks: &BlockFile) -> io::Result<bool> {
    let lost = lost_roots(blocks)?;
    let is_any = !lost.is_empty();
    if is_any {
        apply(blocks.file(), lost.into_iter().map(|(_, patch)| patch).collect(), false)?;
    }
    Ok(is_any)
}

/// The same file with its damaged root blocks restored in memory, and the numbers of these.
pub(in crate::tree) fn with_roots(blocks: BlockFile, store: StoreId) -> (BlockFile, Vec<u64>) {
    let lost = lost_roots(&blocks).unwrap_or_default();
    let (numbers, patches) = lost.into_iter().unzip();
    let file: Arc<dyn StorageFile> = Arc::new(PatchedFile::new(blocks.file(), patches));
    (BlockFile::over(file, store), numbers)
}

/// The root blocks that are damaged, and what restores them.
fn lost_roots(blocks: &BlockFile) -> io::Result<Vec<(u64, Patch)>> {
    let header = match FileHeader::read_intact(blocks) {
        Err(error) if !is_lost(&error) => return Err(error),
        read => read.ok().flatten(),
    };
    let is_right =
        |copy: &RootCopy| header.as_ref().is_none_or(|header| header.is_same_commit(&copy.header));
    let copies = RootCopy::read_both(blocks).into_iter().flatten().filter(is_right);
    let Some(copy) = copies.max_by_key(|copy| copy.header.transaction) else {
        return Ok(Vec::new());
    };
    let mut lost = Vec::new();
    for (number, bytes) in copy.blocks {
        let is_sound = match number {
            0 => header.is_some(),
            _ => number >= blocks.count()? || begins_with(blocks, number, &bytes)?,
        };
        if !is_sound {
            lost.push((number, whole_block(blocks, number, bytes)));
        }
    }
    Ok(lost)
}

fn begins_with(blocks: &BlockFile, number: u64, bytes: &[u8]) -> io::Result<bool> {
    let mut found = vec![0; bytes.len()];
    match blocks.file().read_at(stored_at(number), &mut found) {
        Err(error) if is_lost(&error) => Ok(false),
        read => read.map(|()| found == bytes),
    }
}

fn whole_block(blocks: &BlockFile, number: u64, mut bytes: Vec<u8>) -> Patch {
    bytes.resize(BLOCK, 0);
    let checksum = block_checksum(blocks.seed(), number, &bytes);
    bytes.extend_from_slice(&checksum);
    Patch { at: stored_at(number), bytes }
}

/// Writes the patches, durably, or lays them over the file.
fn apply(
    file: Arc<dyn StorageFile>,
    patches: Vec<Patch>,
    is_read_only: bool,
) -> io::Result<Arc<dyn StorageFile>> {
    if is_read_only {
        return Ok(Arc::new(PatchedFile::new(file, patches)));
    }
    patches.iter().try_for_each(|patch| file.write_at(patch.at, &patch.bytes))?;
    file.sync()?;
    Ok(file)
}

/// Whether the list of tables is a block of this store.
fn is_of_this_store(blocks: &BlockFile) -> bool {
    let header = FileHeader::read_intact(blocks).ok().flatten();
    let tables = header.and_then(|header| PageExtent::of(header.data?.number));
    let read = |tables: PageExtent| blocks.read(tables.block() * BLOCK as u64, &mut [0; BLOCK]);
    tables.is_some_and(|tables| read(tables).is_ok())
}
