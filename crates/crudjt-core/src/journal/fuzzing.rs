//! For tests with hostile input: the journal's formats, serialized again after parsing, and
//! segments with valid checksums over any content.

use std::path::Path;

use super::entry::{Change, ENTRY_HEADER, Entry, Head, parse};
use super::header::{BEGIN_AT, ENTRIES, Identity, SYNC_MARKS_AT};
use crate::bytes::{ByteReader, append_checksum, checksum};

/// Builds an entry of any kind and payload with a valid checksum, parses it, and returns what was
/// parsed, serialized again, with the bytes of the record that it points to.
pub fn entry_again(kind: u8, payload: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut bytes = Entry::of(kind, payload).chain(&[0; 16], 0, 1).0.to_vec();
    let parsed = parse(&bytes, 0, &[0; 16], 0, 1)?;
    bytes.truncate(parsed.end);
    let mut again = Entry::new();
    let mut record = Vec::new();
    match parsed.change {
        Change::Put { id, location } => {
            let start = location.offset as usize;
            record = bytes.get(start..start + location.length as usize)?.to_vec();
            again.put(id, |out| {
                out.extend_from_slice(&record);
                Some(())
            })?;
        }
        Change::Remove { id } => again.remove(id),
        Change::Epoch(row) => again.epoch(&row),
    }
    Some((again.chain(&[0; 16], 0, 1).0.get(ENTRY_HEADER..)?.to_vec(), record))
}

/// The parsed sectors of a segment's first page, serialized again: identity, begin, and the newer
/// mark as it would be in either place.
pub type Sectors = (Vec<u8>, Option<[u8; 24]>, Option<[[u8; 24]; 2]>);

/// Parses a segment's first page and serializes it again.
pub fn segment_again(page: &[u8]) -> Option<Sectors> {
    let identity = Identity::parse(Path::new("journal"), page).ok()?;
    let begin = identity.parse_begin(page).map(|begin| identity.begin_bytes(begin));
    let mark = identity.parse_sync_mark(page);
    Some((
        identity.to_bytes(),
        begin,
        mark.map(|mark| SYNC_MARKS_AT.map(|offset| identity.sync_mark_bytes(offset, mark))),
    ))
}

/// Makes the checksums of a segment's header, sectors and entries valid.
pub(crate) fn make_checksums_fit(segment: &mut [u8]) {
    let Some((header, rest)) = segment.split_at_mut_checked(IDENTITY_BODY) else { return };
    let mut sealed = header.to_vec();
    append_checksum(&mut sealed);
    if let (Some(sum), Some(fits)) = (rest.first_chunk_mut::<8>(), sealed.last_chunk::<8>()) {
        *sum = *fits;
    }
    let Ok(identity) = Identity::parse(Path::new("journal"), segment) else { return };
    for offset in [BEGIN_AT, SYNC_MARKS_AT[0], SYNC_MARKS_AT[1]] {
        make_sector_fit(&identity, segment, offset);
    }
    if let Some(begin) = identity.parse_begin(segment) {
        make_entries_fit(segment, &identity.id, begin.chain);
    }
}

const IDENTITY_BODY: usize = 64;

fn make_sector_fit(identity: &Identity, segment: &mut [u8], offset: u64) {
    let sector = segment.get_mut(offset as usize..).and_then(|rest| rest.first_chunk_mut::<24>());
    let Some(sector) = sector else { return };
    let mut reader = ByteReader(&*sector);
    if let (Some(first), Some(second)) = (reader.u64(), reader.u64())
        && *sector != [0; 24]
    {
        *sector = identity.sector(offset, [first, second]);
    }
}

fn make_entries_fit(segment: &mut [u8], id: &[u8; 16], mut previous: u64) {
    let mut at = ENTRIES as usize;
    while let Some(entry) = segment.get_mut(at..)
        && let Some(mut head) = Head::parse(entry)
        && let Some((header, rest)) = entry.split_first_chunk_mut::<ENTRY_HEADER>()
        && let Some(payload) = rest.get(..head.length as usize)
    {
        head.sum = head.chained(id, previous, checksum(payload));
        *header = head.bytes();
        previous = head.sum;
        at = (at + ENTRY_HEADER + payload.len()).next_multiple_of(8);
    }
}
