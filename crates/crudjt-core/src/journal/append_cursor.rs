//! The end of the journal, where entries are appended. It lives under the append lock (engine/append_lock.rs).

use std::ops::Range;
use std::sync::Arc;

use super::header::ENTRIES;
use super::segment::PREFAULTED_FIRST;
use super::{Begin, Entry, RecordLocation, Segment};
use crate::Result;
use crate::journal::entry::{ENTRY_HEADER, ID};

/// The end of the journal.
pub(crate) struct AppendCursor {
    pub(crate) segment: Arc<Segment>,
    /// Where the next entry goes.
    pub(crate) offset: u64,
    /// The next entry's sequence, and the checksum of the one before.
    pub(crate) next: Begin,
    /// Monotonic time of the first append since the last sync.
    pub(crate) unsynced_since: Option<u64>,
    /// Up to where the segment's memory is taken.
    prefaulted_to: u64,
    /// From where on nothing may be appended, for memory is being taken there.
    prefaulting_from: Option<u64>,
    /// Whether somebody was asked to take more.
    pub(crate) prefault_asked: bool,
    /// Where the last sync that was begun ends.
    pub(crate) synced_to: u64,
}

/// Bytes before the end of the journal that are to have their memory.
const AHEAD: u64 = 4 << 20;
/// How much memory is taken at a time. A sync writes such a piece as a whole, so where less than one is
/// appended from sync to sync, pages are taken one by one as they are touched.
const PIECE: u64 = 64 << 10;

impl AppendCursor {
    /// Begins a segment.
    pub(crate) fn begin(segment: Arc<Segment>, next: Begin) -> Result<AppendCursor> {
        segment.write_begin(next)?;
        Ok(AppendCursor {
            segment,
            offset: ENTRIES,
            next,
            unsynced_since: None,
            prefaulted_to: PREFAULTED_FIRST,
            prefaulting_from: None,
            prefault_asked: false,
            synced_to: ENTRIES,
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
    pub(crate) fn wants_prefault(&self) -> bool {
        self.is_busy() && self.lacks(AHEAD / 2)
    }

    fn is_busy(&self) -> bool {
        self.offset > self.synced_to + PIECE
    }

    /// Whether not all of so many bytes that come have their memory.
    fn lacks(&self, ahead: u64) -> bool {
        self.prefaulted_to < (self.offset + ahead).min(self.segment.identity.size)
    }

    /// The range whose memory is to be taken next, by whoever asks: nothing is appended there until
    /// [`AppendCursor::end_prefault`] is called.
    pub(crate) fn begin_prefault(&mut self) -> Option<(Arc<Segment>, Range<u64>)> {
        self.prefault_asked = false;
        let start = self.prefaulted_to.max(self.offset.next_multiple_of(PIECE));
        let end = (start + PIECE).min(self.segment.identity.size);
        let is_needed = self.is_busy() && self.lacks(AHEAD) && start < end;
        if !is_needed || self.prefaulting_from.is_some() {
            return None;
        }
        self.prefaulting_from = Some(start);
        self.prefaulted_to = end;
        Some((self.segment.clone(), start..end))
    }

    /// The memory of a range of that segment was taken.
    pub(crate) fn end_prefault(&mut self, segment: &Arc<Segment>) {
        if Arc::ptr_eq(&self.segment, segment) {
            self.prefaulting_from = None;
        }
    }

    /// Whether an entry of so many bytes has to wait for memory that is being taken.
    pub(crate) fn is_prefaulting(&self, size: u64) -> bool {
        self.prefaulting_from.is_some_and(|prefault| self.offset + size > prefault)
    }

    /// Bytes of entries in this segment.
    pub(crate) fn used(&self) -> u64 {
        self.offset - ENTRIES
    }

    /// Appends the entry and gives the place of its record. After an error nothing has changed.
    pub(crate) fn append(&mut self, entry: &mut Entry) -> Result<RecordLocation> {
        let location = RecordLocation {
            offset: (self.offset as usize + ENTRY_HEADER + ID) as u32,
            length: entry.record_length() as u32,
        };
        let (bytes, sum) =
            entry.chain(&self.segment.identity.id, self.next.chain, self.next.sequence);
        self.segment.write(self.offset, bytes)?;
        self.offset += bytes.len() as u64;
        self.next = Begin { sequence: self.next.sequence + 1, chain: sum };
        Ok(location)
    }
}
