//! The bytes of files: little-endian fields, the checksum, and what every file begins with.
//!
//! Parsing never panics: input that is too short is `None`. The checksum is XXH3 with 64 bits; it
//! detects damage, not forgery.

use std::cmp::Ordering;
use std::path::Path;

use twox_hash::XxHash3_64;

use crate::{Error, Result};

/// Upper bound of counters (ids, sequences, generations). No store reaches it: a larger number is
/// forged, and adding to it might overflow.
pub(crate) const SANE: u64 = 1 << 62;

/// Reads fields from the front of a byte string.
pub(crate) struct ByteReader<'a>(pub(crate) &'a [u8]);

impl<'a> ByteReader<'a> {
    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// A byte.
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes.
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A counter of eight bytes; `None` also from [`SANE`] on.
    pub(crate) fn counter(&mut self) -> Option<u64> {
        self.u64().filter(|number| *number < SANE)
    }

    /// An integer of `width` bytes, at most 16.
    pub(crate) fn uint(&mut self, width: usize) -> Option<u128> {
        let mut wide = [0u8; 16];
        wide.get_mut(..width)?.copy_from_slice(self.take(width)?);
        Some(u128::from_le_bytes(wide))
    }
}

/// Appends the low `width` bytes of `value`, at most 16.
pub(crate) fn put_uint(out: &mut Vec<u8>, value: u128, width: usize) {
    let wide = value.to_le_bytes();
    out.extend_from_slice(wide.get(..width).unwrap_or(&wide));
}

/// The checksum of `bytes`.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// The checksum of `bytes` and of their position.
pub(crate) fn checksum_at(position: u64, bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(position, bytes)
}

/// The bytes before the checksum at the end of `bytes`; `None` if it is wrong.
pub(crate) fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(8)?)?;
    (checksum(body).to_le_bytes() == sum).then_some(body)
}

/// Appends the checksum of the bytes in `out`.
pub(crate) fn append_checksum(out: &mut Vec<u8>) {
    let sum = checksum(out);
    out.extend_from_slice(&sum.to_le_bytes());
}

/// Reads the magic number and the format version that every file begins with, and returns a reader
/// of the rest. `bytes` is `None` if their checksum is wrong. A newer version is [`Error::Version`];
/// older ones were never published, and like anything else they are the error `damaged`.
pub(crate) fn after_version<'a>(
    path: &Path,
    bytes: Option<&'a [u8]>,
    magic: &[u8; 8],
    known: u16,
    damaged: impl Fn() -> Error,
) -> Result<ByteReader<'a>> {
    let mut reader = ByteReader(bytes.ok_or_else(&damaged)?);
    if reader.array().as_ref() != Some(magic) {
        return Err(damaged());
    }
    let found = reader.u16().ok_or_else(&damaged)?;
    match found.cmp(&known) {
        Ordering::Less => Err(damaged()),
        Ordering::Equal => Ok(reader),
        Ordering::Greater => Err(Error::Version { path: path.to_path_buf(), found, known }),
    }
}
