//! Layout of the scratch buffer that JavaScript and the hot calls share.
//!
//! ```text
//!  0  f64  seconds left to live, or -1      24  u64  the same, exact (both little-endian)
//!  8  f64  reads left, or -1                32  u64  the same, exact
//! 16  f64  version of the record            40  …    spare
//! 64  data, up to the end
//! ```

use crudjt_core::OUT_BYTES;
use napi_derive::napi;

/// Where the data of a record begins in the scratch buffer, in bytes.
#[napi]
pub const DATA_OFFSET: u32 = 64;

/// How long a scratch buffer has to be, in bytes.
#[napi]
pub const SCRATCH_BYTES: u32 = DATA_OFFSET + OUT_BYTES as u32;

pub const TTL: usize = 0;
pub const READS: usize = 8;
pub const VERSION: usize = 16;
pub const TTL_EXACT: usize = 24;
pub const READS_EXACT: usize = 32;
