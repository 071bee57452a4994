//! The end of the journal, where entries are appended. It lives under the append lock.

use std::ops::Range;
use std::sync::Arc;

use super::header::ENTRIES;
use super::segment::POPULATED_FIRST;
use super::{Begin, Entry, Place, Segment};
use crate::Result;
use crate::journal::entry::{ENTRY_HEADER, ID};

/// The end of the journal.
pub(crate) struct Tail {
    pub(crate) segment: Arc<Segment>,
    /// Where the next entry goes.
    pub(crate) offset: u64,
    /// The next entry's sequence, and the checksum of the one before.
    pub(crate) next: Begin,
    /// Monotonic time of the first append since the last sync.
    pub(crate) unsynced_since: Option<u64>,
    /// Up to where the segment's memory is taken, or being taken.
    populated: u64,
    /// Whether somebody was asked to take more.
    pub(crate) memory_asked: bool,
}

/// Bytes before the end of the journal that are to have their memory.
const AHEAD: u64 = 4 << 20;

impl Tail {
    /// Begins a segment.
    pub(crate) fn begin(segment: Arc<Segment>, next: Begin) -> Result<Tail> {
        segment.write_begin(next)?;
        Ok(Tail {
            segment,
            offset: ENTRIES,
            next,
            unsynced_since: None,
            populated: POPULATED_FIRST,
            memory_asked: false,
        })
    }

    /// Whether an entry of so many bytes fits behind the last one.
    pub(crate) fn has_room(&self, size: u64) -> bool {
        self.offset + size <= self.segment.identity.size
    }

    /// Whether nothing was appended to this segment.
    pub(crate) fn is_fresh(&self) -> bool {
        self.offset == ENTRIES
    }

    /// Whether memory should be taken for what comes.
    pub(crate) fn wants_memory(&self) -> bool {
        self.offset + AHEAD / 2 > self.populated && self.populated < self.segment.identity.size
    }

    /// The range whose memory is to be taken next, by whoever asks.
    pub(crate) fn next_memory(&mut self) -> Option<(Arc<Segment>, Range<u64>)> {
        let start = self.populated;
        let wanted = self.wants_memory();
        self.memory_asked = false;
        self.populated = (self.offset + AHEAD).min(self.segment.identity.size).max(start);
        wanted.then(|| (self.segment.clone(), start..self.populated))
    }

    /// Bytes of entries in this segment.
    pub(crate) fn used(&self) -> u64 {
        self.offset - ENTRIES
    }

    /// Appends the entry and gives the place of its record. After an error nothing has changed.
    pub(crate) fn append(&mut self, entry: &mut Entry) -> Result<Place> {
        let place = Place {
            offset: (self.offset as usize + ENTRY_HEADER + ID) as u32,
            length: entry.record_length() as u32,
        };
        let (bytes, sum) =
            entry.chain(&self.segment.identity.id, self.next.chain, self.next.sequence);
        self.segment.write(self.offset, bytes)?;
        self.offset += bytes.len() as u64;
        self.next = Begin { sequence: self.next.sequence + 1, chain: sum };
        Ok(place)
    }
}
