//! One entry of the journal.
//!
//! ```text
//!  0  u32  length of the payload
//!  4  u8   kind: 1 put, 2 remove, 3 epoch
//!  5  [u8; 3] 0
//!  8  u64  sequence, incremented by every entry in the store's life
//! 16  u64  checksum of: segment id, checksum of the entry before, bytes 0 to 15, checksum of the payload
//! 24  payload, then zeros up to a multiple of 8
//!          put:    u64 id, record    (the record's complete new state)
//!          remove: u64 id
//!          epoch:  epoch row
//! ```

use std::ops::Range;

use crate::bytes::{ByteReader, checksum};
use crate::crypto::EpochRow;
use crate::record::{HEADER_MAX, TAG};

/// Where a record is in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordLocation {
    pub(crate) offset: u32,
    pub(crate) length: u32,
}

impl RecordLocation {
    pub(super) fn range(self) -> Range<usize> {
        self.offset as usize..self.offset as usize + self.length as usize
    }
}

/// Bytes before the payload.
pub(super) const ENTRY_HEADER: usize = 24;
/// Bytes of the id in front of a put's record.
pub(crate) const ID: usize = 8;
const ALIGNMENT: usize = 8;

/// Upper bound of the bytes that a put of so much data takes.
pub(crate) fn largest_entry(data: usize) -> u64 {
    (ENTRY_HEADER + ID + HEADER_MAX + data + TAG).next_multiple_of(ALIGNMENT) as u64
}

const PUT: u8 = 1;
const REMOVE: u8 = 2;
const EPOCH: u8 = 3;

/// An entry under construction: its bytes, with room for the header in front.
pub(crate) struct Entry {
    bytes: Vec<u8>,
    kind: u8,
    payload: u32,
    payload_sum: u64,
}

impl Entry {
    /// An empty entry; its buffer is reused by every entry built in it.
    pub(crate) const fn new() -> Entry {
        Entry { bytes: Vec::new(), kind: 0, payload: 0, payload_sum: 0 }
    }

    /// Builds a put of `id`; `write` appends the record. Returns `None` if `write` does.
    pub(crate) fn put(
        &mut self,
        id: u64,
        write: impl FnOnce(&mut Vec<u8>) -> Option<()>,
    ) -> Option<()> {
        self.start(PUT);
        self.bytes.extend_from_slice(&id.to_le_bytes());
        write(&mut self.bytes)?;
        self.finish();
        Some(())
    }

    /// Builds a removal of `id`.
    pub(crate) fn remove(&mut self, id: u64) {
        self.start(REMOVE);
        self.bytes.extend_from_slice(&id.to_le_bytes());
        self.finish();
    }

    /// Builds the declaration of an epoch.
    pub(crate) fn epoch(&mut self, row: &EpochRow) {
        self.start(EPOCH);
        row.write(&mut self.bytes);
        self.finish();
    }

    fn start(&mut self, kind: u8) {
        self.kind = kind;
        self.bytes.clear();
        self.bytes.extend_from_slice(&[0; ENTRY_HEADER]);
    }

    fn finish(&mut self) {
        let payload = self.bytes.get(ENTRY_HEADER..).unwrap_or_default();
        self.payload = payload.len() as u32;
        self.payload_sum = checksum(payload);
        let padding = self.bytes.len().next_multiple_of(ALIGNMENT) - self.bytes.len();
        self.bytes.extend_from_slice([0; ALIGNMENT].get(..padding).unwrap_or_default());
    }

    /// An entry of any kind and payload, for tests with hostile input.
    pub(super) fn of(kind: u8, payload: &[u8]) -> Entry {
        let mut entry = Entry::new();
        entry.start(kind);
        entry.bytes.extend_from_slice(payload);
        entry.finish();
        entry
    }

    /// Bytes that the entry takes in a segment.
    pub(crate) fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Bytes of a put's record.
    pub(crate) fn record_length(&self) -> usize {
        (self.payload as usize).saturating_sub(ID)
    }

    /// Chains the entry to the one before it; returns its bytes and its checksum.
    pub(super) fn chain(
        &mut self,
        segment: &[u8; 16],
        previous: u64,
        sequence: u64,
    ) -> (&[u8], u64) {
        let mut head = Head { length: self.payload, kind: self.kind, sequence, sum: 0 };
        head.sum = head.chained(segment, previous, self.payload_sum);
        if let Some(target) = self.bytes.first_chunk_mut::<ENTRY_HEADER>() {
            *target = head.bytes();
        }
        (&self.bytes, head.sum)
    }
}

/// An entry's header.
pub(super) struct Head {
    pub(super) length: u32,
    kind: u8,
    pub(super) sequence: u64,
    pub(super) sum: u64,
}

impl Head {
    pub(super) fn bytes(&self) -> [u8; ENTRY_HEADER] {
        let mut bytes = [0u8; ENTRY_HEADER];
        put_words(&mut bytes, [self.word(), self.sequence, self.sum]);
        bytes
    }

    /// Length and kind, as the first eight bytes.
    fn word(&self) -> u64 {
        u64::from(self.length) | u64::from(self.kind) << 32
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Head> {
        let mut reader = ByteReader(bytes);
        let (length, kind, zeros) = (reader.u32()?, reader.u8()?, reader.array::<3>()?);
        let head = Head { length, kind, sequence: reader.u64()?, sum: reader.u64()? };
        (zeros == [0; 3] && (PUT..=EPOCH).contains(&kind)).then_some(head)
    }

    pub(super) fn chained(&self, segment: &[u8; 16], previous: u64, payload_sum: u64) -> u64 {
        let mut covered = [0u8; 48];
        let (id, rest) = covered.split_at_mut(16);
        id.copy_from_slice(segment);
        put_words(rest, [previous, self.word(), self.sequence, payload_sum]);
        checksum(&covered)
    }
}

/// Writes words one after the other, as far as there is room.
#[inline(always)]
fn put_words<const N: usize>(bytes: &mut [u8], words: [u64; N]) {
    let (targets, _) = bytes.as_chunks_mut::<8>();
    for (target, word) in targets.iter_mut().zip(words) {
        *target = word.to_le_bytes();
    }
}

/// The change that an entry describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The record of `id` is now the one at `location`.
    Put { id: u64, location: RecordLocation },
    /// `id` was removed.
    Remove { id: u64 },
    /// Records may be sealed under this epoch from now on.
    Epoch(EpochRow),
}

/// A valid entry.
pub(super) struct Parsed {
    pub(super) change: Change,
    pub(super) sum: u64,
    /// Where the next entry starts.
    pub(super) end: usize,
}

/// The payload length in the unchecked header at `offset`; `None` if there is no header.
pub(super) fn payload_length(bytes: &[u8], offset: usize) -> Option<usize> {
    Head::parse(bytes.get(offset..)?).map(|head| head.length as usize)
}

/// Parses the entry at `offset`; `None` unless it has this sequence and chains to the checksum
/// `previous`.
pub(super) fn parse(
    bytes: &[u8],
    offset: usize,
    segment: &[u8; 16],
    previous: u64,
    sequence: u64,
) -> Option<Parsed> {
    let entry = bytes.get(offset..)?;
    let head = Head::parse(entry)?;
    let payload = entry.get(ENTRY_HEADER..)?.get(..head.length as usize)?;
    let sum = head.chained(segment, previous, checksum(payload));
    sabotage!(EntriesUnchecked, let sum = head.sum);
    if head.sequence != sequence || head.sum != sum {
        return None;
    }
    let start = offset + ENTRY_HEADER;
    let end = (start + payload.len()).next_multiple_of(ALIGNMENT);
    Some(Parsed { change: change(head.kind, payload, start as u64)?, sum: head.sum, end })
}

fn change(kind: u8, payload: &[u8], start: u64) -> Option<Change> {
    let mut reader = ByteReader(payload);
    match kind {
        PUT => {
            let id = reader.counter()?;
            let location =
                RecordLocation { offset: start as u32 + ID as u32, length: reader.0.len() as u32 };
            Some(Change::Put { id, location })
        }
        REMOVE => Some(Change::Remove { id: reader.counter()? }),
        EPOCH => EpochRow::parse(payload).map(|(row, _)| Change::Epoch(row)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::SANE;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_entry_is_read_back_only_in_its_place(
            id in 0..SANE, record in proptest::collection::vec(any::<u8>(), 0..400), segment: [u8; 16], previous: u64, sequence: u64
        ) {
            let mut entry = Entry::new();
            entry.put(id, |out| { out.extend_from_slice(&record); Some(()) }).expect("built");
            prop_assert_eq!(entry.record_length(), record.len());
            let (bytes, sum) = entry.chain(&segment, previous, sequence);
            let parsed = parse(bytes, 0, &segment, previous, sequence).expect("parsed");
            let expected = Change::Put { id, location: RecordLocation { offset: 32, length: record.len() as u32 } };
            prop_assert_eq!((parsed.change, parsed.sum, parsed.end), (expected, sum, bytes.len()));
            prop_assert!(parse(bytes, 0, &segment, previous ^ 1, sequence).is_none());
            prop_assert!(parse(bytes, 0, &segment, previous, sequence ^ 1).is_none());
            let mut other = segment;
            other[3] ^= 1;
            prop_assert!(parse(bytes, 0, &other, previous, sequence).is_none());
        }

        #[test]
        fn an_id_that_no_store_gives_out_is_not_read(id in SANE..) {
            let mut entry = Entry::new();
            entry.put(id, |_| Some(())).expect("built");
            let (bytes, _) = entry.chain(&[0; 16], 1, 1);
            prop_assert!(parse(bytes, 0, &[0; 16], 1, 1).is_none());
        }

        #[test]
        fn a_changed_entry_is_not_read(at: prop::sample::Index, flip in 1..=255u8) {
            let mut entry = Entry::new();
            entry.put(7, |out| { out.extend_from_slice(&[5; 40]); Some(()) }).expect("built");
            let mut bytes = entry.chain(&[1; 16], 2, 3).0.to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert!(parse(&bytes, 0, &[1; 16], 2, 3).is_none());
        }

        #[test]
        fn any_bytes_are_an_entry_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0..220usize) {
            prop_assert!(parse(&bytes, at, &[0; 16], 0, 0).is_none());
        }
    }
}
