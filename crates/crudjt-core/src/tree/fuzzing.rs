//! For tests with hostile bytes: a B-tree's file whose checksums fit what it holds.

use super::redb_file::block_file::{BLOCK, IDENTITY, PREFACE, STORED_BLOCK, sum_of};
use crate::bytes::checksum;
use crate::crypto::keyring::StoreId;

/// Makes the checksums of the file's header and blocks fit; those of redb stay as they are.
pub(crate) fn make_checksums_fit(file: &mut [u8]) {
    let Some((preface, stored)) = file.split_at_mut_checked(PREFACE as usize) else { return };
    let Some((header, sum)) = preface.split_at_mut_checked(IDENTITY - 8) else { return };
    if let Some(sum) = sum.first_chunk_mut() {
        *sum = checksum(header).to_le_bytes();
    }
    let Some(store) = header.last_chunk::<{ size_of::<StoreId>() }>() else { return };
    let seed = checksum(store);
    for (number, stored) in (0..).zip(stored.chunks_exact_mut(STORED_BLOCK)) {
        let (block, sum) = stored.split_at_mut(BLOCK);
        sum.copy_from_slice(&sum_of(seed, number, block));
    }
}
