//! Little-endian fields in byte strings. Reading never panics: what is too short is `None`.

mod checksum;
mod file_version;
mod padded;

pub(crate) use checksum::{append_checksum, checked, checksum, checksum_at};
pub(crate) use file_version::after_version;
pub(crate) use padded::CachePadded;

/// Numbers that count up - ids, sequences, generations - are below this: no store gets so far, what
/// is beyond was made up, and adding to it might overflow.
pub(crate) const SANE: u64 = 1 << 62;

/// Takes fields off the front of a byte string.
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

    /// Eight bytes that count up; `None` also from [`SANE`] on.
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
