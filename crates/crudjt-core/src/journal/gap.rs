//! Finds where the chain resumes within a segment after a gap, for inspecting a damaged journal.

use super::Begin;
use super::entry::{ENTRY_HEADER, Head, parse};

/// Upper bound of the bytes that are hashed in search of the end of a gap.
const SEARCH_BYTES: usize = 1 << 28;

/// The offset of the first entry after `offset` that chains to the checksum stored in the entry
/// before it, which itself cannot be checked; with what it chains to. Only sequences from `from` up
/// to `synced` count.
pub(super) fn find_end(
    bytes: &[u8],
    segment: &[u8; 16],
    offset: usize,
    from: u64,
    synced: u64,
) -> Option<(usize, Begin)> {
    let mut budget = SEARCH_BYTES;
    (offset..bytes.len()).step_by(8).find_map(|at| {
        let head = Head::parse(bytes.get(at..)?)?;
        let end = (at + ENTRY_HEADER + head.length as usize).next_multiple_of(8);
        if !(from..synced).contains(&head.sequence) || end >= bytes.len() {
            return None;
        }
        let following = Head::parse(bytes.get(end..)?)?;
        budget = budget.checked_sub(following.length as usize)?;
        let next = Begin { sequence: head.sequence + 1, chain: head.sum };
        parse(bytes, end, segment, next.chain, next.sequence)?;
        Some((end, next))
    })
}
