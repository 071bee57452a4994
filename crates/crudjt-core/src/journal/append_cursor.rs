//! The end of the journal, where entries are appended; guarded by the append lock.
//!
//! Pages ahead of the end are prefaulted in pieces by a background thread: at the first touch of
//! each page, it would cost the appending thread more.

use std::ops::Range;
use std::sync::Arc;

use super::entry::{ENTRY_HEADER, ID};
use super::header::ENTRIES;
use super::segment::PREFAULTED_FIRST;
use super::{Begin, Entry, RecordLocation, Segment};
use crate::Result;

/// The end of the journal.
pub(crate) struct AppendCursor {
    pub(crate) segment: Arc<Segment>,
    /// Where the next entry goes.
    pub(crate) offset: u64,
    /// Where the segment's room ends.
    end: u64,
    /// The next entry's sequence, and the checksum of the entry before it.
    pub(crate) next: Begin,
    /// Monotonic time of the first append since the last sync.
    pub(crate) unsynced_since: Option<u64>,
    prefaulted_to: u64,
    /// Nothing may be appended from here on while a range is being prefaulted.
    prefaulting_from: Option<u64>,
    /// Whether the background thread was asked to prefault.
    pub(crate) prefault_asked: bool,
    /// The end that the last sync to begin has captured.
    pub(crate) synced_to: u64,
}

/// Bytes ahead of the end of the journal to keep prefaulted.
const AHEAD: u64 = 4 << 20;
/// Bytes prefaulted at a time. A sync writes such a piece as a whole, so where less is appended
/// from sync to sync, pages are faulted one by one as they are touched.
const PIECE: u64 = 64 << 10;

impl AppendCursor {
    /// Begins a segment.
    pub(crate) fn begin(segment: Arc<Segment>, next: Begin) -> Result<AppendCursor> {
        segment.write_begin(next)?;
        let end = segment.identity.size;
        Ok(AppendCursor::over(segment, end, next))
    }

    /// Stands at the end of the recovered journal, without room: for a disk that has no space for a
    /// segment. The segment is not written to.
    pub(crate) fn without_room(last: Arc<Segment>, next: Begin) -> AppendCursor {
        AppendCursor::over(last, ENTRIES, next)
    }

    fn over(segment: Arc<Segment>, end: u64, next: Begin) -> AppendCursor {
        AppendCursor {
            segment,
            offset: ENTRIES,
            end,
            next,
            unsynced_since: None,
            prefaulted_to: PREFAULTED_FIRST,
            prefaulting_from: None,
            prefault_asked: false,
            synced_to: ENTRIES,
        }
    }

    /// Whether the segment is not its own.
    pub(crate) fn is_without_room(&self) -> bool {
        self.end == ENTRIES
    }

    /// Whether an entry of `size` bytes fits into the segment.
    pub(crate) fn has_room(&self, size: u64) -> bool {
        self.offset + size <= self.end
    }

    /// Whether a quarter of the segment is used, or it has no room at all.
    pub(crate) fn is_quarter_full(&self) -> bool {
        self.is_without_room() || self.offset >= self.end / 4
    }

    /// Whether nothing was appended to this segment.
    pub(crate) fn is_fresh(&self) -> bool {
        self.offset == ENTRIES
    }

    /// Whether it is time to prefault more.
    pub(crate) fn wants_prefault(&self) -> bool {
        self.is_busy() && self.lacks(AHEAD / 2)
    }

    fn is_busy(&self) -> bool {
        self.offset > self.synced_to + PIECE
    }

    /// Whether any of the next `ahead` bytes are not prefaulted.
    fn lacks(&self, ahead: u64) -> bool {
        self.prefaulted_to < (self.offset + ahead).min(self.segment.identity.size)
    }

    /// The range for the caller to prefault next: nothing is appended there until
    /// [`AppendCursor::end_prefault`].
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

    /// Allows appends to a range of that segment again.
    pub(crate) fn end_prefault(&mut self, segment: &Arc<Segment>) {
        if Arc::ptr_eq(&self.segment, segment) {
            self.prefaulting_from = None;
        }
    }

    /// Whether an entry of `size` bytes has to wait for a range that is being prefaulted.
    pub(crate) fn is_prefaulting(&self, size: u64) -> bool {
        self.prefaulting_from.is_some_and(|prefault| self.offset + size > prefault)
    }

    /// Bytes of entries in this segment.
    pub(crate) fn used(&self) -> u64 {
        self.offset - ENTRIES
    }

    /// Appends the entry and returns where its record is. An error leaves the cursor unchanged.
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
