//! A segment's first page: its identity, its begin, and its two sync marks. Each has a sector of
//! its own, bound to the segment's id and number by its checksum.
//!
//! ```text
//!    0  [u8; 8] magic "CRUDJTJL", u16 format version (1), 6 × 0, [u8; 16] store id,
//!       u64 number, [u8; 16] segment id, u64 size, u64 checksum
//!  512  begin: u64 sequence of the first entry, u64 checksum of the entry before it, u64 checksum
//! 1024  mark:  u64 sequence synced, u64 newest time, u64 checksum
//! 1536  mark:  the same; the two are written in turn
//! 4096  entries
//! ```

use std::path::Path;

use crate::bytes::{ByteReader, SANE, after_version, append_checksum, checked, checksum_at};
use crate::crypto::keyring::StoreId;
use crate::{Error, Result};

/// Where entries start.
pub(super) const ENTRIES: u64 = 4096;
pub(super) const BEGIN_AT: u64 = 512;
pub(super) const SYNC_MARKS_AT: [u64; 2] = [1024, 1536];

const MAGIC: &[u8; 8] = b"CRUDJTJL";
const FORMAT: u16 = 1;
const IDENTITY: usize = 72;
const BEGIN: usize = 24;
const SYNC_MARK: usize = 24;

/// Identifies a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) store: StoreId,
    pub(crate) number: u64,
    /// Random; covered by the checksums of all its entries.
    pub(crate) id: [u8; 16],
    pub(crate) size: u64,
}

/// The sequence and chain at which a segment begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begin {
    pub(crate) sequence: u64,
    /// The checksum of the entry before it.
    pub(crate) chain: u64,
}

/// Up to where the journal was synced when the mark was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SyncMark {
    pub(super) sequence: u64,
    pub(super) newest_time: u64,
}

impl Identity {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(IDENTITY);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(&self.store);
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.id);
        out.extend_from_slice(&self.size.to_le_bytes());
        append_checksum(&mut out);
        out
    }

    pub(super) fn parse(path: &Path, page: &[u8]) -> Result<Identity> {
        let damaged = || {
            Error::damaged(
                path,
                "the header of this journal segment is not readable: restore the file from a backup, or repair the store",
            )
        };
        let mut reader =
            after_version(path, page.get(..IDENTITY).and_then(checked), MAGIC, FORMAT, damaged)?;
        Identity::parse_body(&mut reader).ok_or_else(damaged)
    }

    fn parse_body(reader: &mut ByteReader<'_>) -> Option<Identity> {
        reader.take(6)?;
        Some(Identity {
            store: reader.array()?,
            number: reader.u64()?,
            id: reader.array()?,
            size: reader.u64()?,
        })
    }

    /// Binds a sector to this segment and to its offset.
    fn binding(&self, offset: u64) -> u64 {
        let mut bytes = self.id.to_vec();
        bytes.extend_from_slice(&self.number.to_le_bytes());
        checksum_at(offset, &bytes)
    }

    pub(super) fn begin_bytes(&self, begin: Begin) -> [u8; BEGIN] {
        self.sector(BEGIN_AT, [begin.sequence, begin.chain])
    }

    pub(super) fn parse_begin(&self, page: &[u8]) -> Option<Begin> {
        let [sequence, chain] = self.parse_sector(page, BEGIN_AT)?;
        (1..SANE).contains(&sequence).then_some(Begin { sequence, chain })
    }

    pub(super) fn sync_mark_bytes(&self, offset: u64, mark: SyncMark) -> [u8; SYNC_MARK] {
        self.sector(offset, [mark.sequence, mark.newest_time])
    }

    /// The newer of the two marks.
    pub(super) fn parse_sync_mark(&self, page: &[u8]) -> Option<SyncMark> {
        let marks = SYNC_MARKS_AT.iter().filter_map(|offset| self.parse_sector(page, *offset));
        marks
            .filter(|[sequence, _]| *sequence < SANE)
            .map(|[sequence, newest_time]| SyncMark { sequence, newest_time })
            .max_by_key(|mark| mark.sequence)
    }

    pub(super) fn sector(&self, offset: u64, fields: [u64; 2]) -> [u8; 24] {
        let mut bytes = [0u8; 24];
        let (body, sum) = bytes.split_at_mut(16);
        for (target, field) in body.chunks_exact_mut(8).zip(fields) {
            target.copy_from_slice(&field.to_le_bytes());
        }
        sum.copy_from_slice(&checksum_at(self.binding(offset), body).to_le_bytes());
        bytes
    }

    fn parse_sector(&self, page: &[u8], offset: u64) -> Option<[u64; 2]> {
        let sector = page.get(offset as usize..)?.first_chunk::<24>()?;
        let mut reader = ByteReader(sector);
        let fields = [reader.u64()?, reader.u64()?];
        (self.sector(offset, fields) == *sector).then_some(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(identity: Identity, begin: Begin, marks: [SyncMark; 2]) -> Vec<u8> {
        let mut page = vec![0; ENTRIES as usize];
        let mut put =
            |at: u64, bytes: &[u8]| page[at as usize..][..bytes.len()].copy_from_slice(bytes);
        put(0, &identity.to_bytes());
        put(BEGIN_AT, &identity.begin_bytes(begin));
        for (at, mark) in SYNC_MARKS_AT.into_iter().zip(marks) {
            put(at, &identity.sync_mark_bytes(at, mark));
        }
        page
    }

    proptest! {
        #[test]
        fn every_header_field_round_trips(
            store: [u8; 16], number: u64, id: [u8; 16], size: u64, fields in [1..SANE, 1..SANE, 1..SANE, 1..SANE, 1..SANE, 1..SANE], at in 0..72usize, flip in 1..=255u8
        ) {
            let identity = Identity { store, number, id, size };
            let [sequence, chain, first, time, second, later] = fields;
            let begin = Begin { sequence, chain };
            let marks = [SyncMark { sequence: first, newest_time: time }, SyncMark { sequence: second, newest_time: later }];
            let mut page = page(identity, begin, marks);
            let path = Path::new("journal");
            prop_assert_eq!(Identity::parse(path, &page).expect("parsed"), identity);
            prop_assert_eq!(identity.parse_begin(&page), Some(begin));
            prop_assert_eq!(identity.parse_sync_mark(&page).map(|mark| mark.sequence), Some(first.max(second)));
            let stranger = Identity { number: number ^ 1, ..identity };
            prop_assert!(stranger.parse_begin(&page).is_none() && stranger.parse_sync_mark(&page).is_none());
            page[at] ^= flip;
            prop_assert!(Identity::parse(path, &page).is_err());
        }
    }

    #[test]
    fn a_damaged_mark_falls_back_to_the_other() {
        let identity = Identity { store: [1; 16], number: 1, id: [2; 16], size: 8192 };
        let marks =
            [SyncMark { sequence: 5, newest_time: 1 }, SyncMark { sequence: 9, newest_time: 2 }];
        let mut page = page(identity, Begin { sequence: 1, chain: 0 }, marks);
        page[SYNC_MARKS_AT[1] as usize + 3] ^= 1;
        assert_eq!(identity.parse_sync_mark(&page), Some(marks[0]));
    }
}
