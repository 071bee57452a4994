//! Layout of the scratch buffer that JavaScript and the hot calls share.
//!
//! ```text
//!  0  f64  seconds left to live, or -1      24  u64  the same, exact (both little-endian)
//!  8  f64  reads left, or -1                32  u64  the same, exact
//! 16  f64  version of the record            40  u64  the slot where JavaScript keeps it,
//!                                                    2^64 - 1: not read before, 2^64 - 2: not kept
//! 64  data, OUT_BYTES of it at most
//! LEAVES_OFFSET   i32 × MAX_LEAVES  the codes of a map's leaves
//! NUMBERS_OFFSET  f64 × MAX_LEAVES  the numbers beside them
//! IMAGES_OFFSET   data that JavaScript packs elsewhere than at DATA_OFFSET, up to the end
//! ```

use crudjt_core::{MAX_LEAVES, OUT_BYTES};
use napi_derive::napi;

/// Where the data of a record begins in the scratch buffer, in bytes.
#[napi]
pub const DATA_OFFSET: u32 = 64;

/// Where the codes of a map's leaves begin in the scratch buffer, in bytes. What lies between them
/// and the data is spare.
#[napi]
pub const LEAVES_OFFSET: u32 = (DATA_OFFSET + OUT_BYTES as u32).next_multiple_of(64) + 64;

/// Where the numbers beside them begin in the scratch buffer, in bytes.
#[napi]
pub const NUMBERS_OFFSET: u32 = LEAVES_OFFSET + 4 * MAX_LEAVES as u32;

/// Where room begins for data that is packed elsewhere than at `DATA_OFFSET`, in bytes.
#[napi]
pub const IMAGES_OFFSET: u32 = NUMBERS_OFFSET + 8 * MAX_LEAVES as u32;

/// How much room that is, in bytes.
#[napi]
pub const IMAGES_BYTES: u32 = 64 << 10;

/// How long a scratch buffer has to be, in bytes.
#[napi]
pub const SCRATCH_BYTES: u32 = IMAGES_OFFSET + IMAGES_BYTES;

pub const TTL: usize = 0;
pub const READS: usize = 8;
pub const VERSION: usize = 16;
pub const TTL_EXACT: usize = 24;
pub const READS_EXACT: usize = 32;
pub const SLOT: usize = 40;
