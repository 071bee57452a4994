//! The checksum of all files: XXH3 with 64 bits. It finds damage; it does not keep anybody out.

use twox_hash::XxHash3_64;

/// The checksum of `bytes`.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// The checksum of `bytes` at a place that is part of what is checked.
pub(crate) fn checksum_at(place: u64, bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(place, bytes)
}

/// Whether `bytes` end in the checksum of what comes before it; gives what comes before it.
pub(crate) fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(8)?)?;
    (checksum(body).to_le_bytes() == sum).then_some(body)
}

/// Appends the checksum of all that stands in `out`.
pub(crate) fn append_checksum(out: &mut Vec<u8>) {
    let sum = checksum(out);
    out.extend_from_slice(&sum.to_le_bytes());
}
