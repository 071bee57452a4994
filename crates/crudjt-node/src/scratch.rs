//! Layout of the scratch buffer that JavaScript shares with the hot path.
//!
//! ```text
//!  0  f64  seconds left to live, or -1      24  u64  the same, exact (both little-endian)
//!  8  f64  reads left, or -1                32  u64  the same, exact
//! 16  f64  version of the record            40  u64  slot where JavaScript caches it,
//!                                                    2^64 - 1: first read, 2^64 - 2: not cached
//! 64  data, up to OUT_BYTES
//! LEAVES_OFFSET   i32 × MAX_LEAVES  the codes of a map's leaves
//! NUMBERS_OFFSET  f64 × MAX_LEAVES  the number beside each code
//! IMAGES_OFFSET   data that JavaScript packs outside the data area, up to the end
//! ```

use crudjt_core::{MAX_LEAVES, OUT_BYTES};
use napi_derive::napi;

/// Offset of a record's data in the scratch buffer, in bytes.
#[napi]
pub const DATA_OFFSET: u32 = 64;

/// Offset of the codes of a map's leaves in the scratch buffer, in bytes. The gap after the data is
/// spare.
#[napi]
pub const LEAVES_OFFSET: u32 = (DATA_OFFSET + OUT_BYTES as u32).next_multiple_of(64) + 64;

/// Offset of the numbers beside the codes in the scratch buffer, in bytes.
#[napi]
pub const NUMBERS_OFFSET: u32 = LEAVES_OFFSET + 4 * MAX_LEAVES as u32;

/// Offset of the area for data that is packed outside the data area, in bytes.
#[napi]
pub const IMAGES_OFFSET: u32 = NUMBERS_OFFSET + 8 * MAX_LEAVES as u32;

/// Size of that area, in bytes.
#[napi]
pub const IMAGES_BYTES: u32 = 64 << 10;

/// Size of a scratch buffer, in bytes.
#[napi]
pub const SCRATCH_BYTES: u32 = IMAGES_OFFSET + IMAGES_BYTES;

pub const TTL: usize = 0;
pub const READS: usize = 8;
pub const VERSION: usize = 16;
pub const TTL_EXACT: usize = 24;
pub const READS_EXACT: usize = 32;
pub const SLOT: usize = 40;
