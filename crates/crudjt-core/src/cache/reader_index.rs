//! The index of a caller's cache of decoded records: which versions of which records it holds, and
//! in which slots. The caller needs no index of its own, and a read finds the version to compare
//! with on the way.
//!
//! For a caller that watches the store (see `change_counters.rs`), the index also proves that a
//! cached copy is still valid: such a read touches no memtable and, without expiry, no clock.
//!
//! A direct-mapped table of fixed size: the id selects the entry, and records that share one evict
//! each other. Ids are consecutive, so records created together are adjacent. Invariants: a record
//! reported as cached was cached under exactly this id and not evicted since; a record that was
//! only seen never evicts a cached one; a copy reported as valid had the token's salt and was not
//! changed since, so that only the clock can tell that it has expired.

use std::cell::Cell;
use std::sync::Arc;

use crate::cache::{ChangeCounters, NO_COUNT};
use crate::crypto::token::TokenParts;
use crate::record::{RecordMeta, Salt};

/// The state of a record in a caller's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheState {
    /// Never read, or forgotten.
    Unknown,
    /// Not tracked: another cached record has its entry.
    Occupied,
    /// Read before.
    Seen,
    /// The data is cached.
    Cached {
        /// The version of the data.
        version: u64,
        /// Where the caller has it.
        slot: u64,
    },
}

/// A cached copy that is valid unless it has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValidCopy {
    pub(crate) version: u64,
    pub(crate) slot: u64,
    /// When it expires, in milliseconds since 1970; the maximum for never.
    pub(crate) expiry: u64,
}

/// One record. Version 0: only seen; id 0: an empty entry.
#[derive(Clone, Copy)]
struct IndexEntry {
    id: u64,
    version: u64,
    slot: u64,
    salt: Salt,
    expiry: u64,
    /// Its change counter when all this was valid; `NO_COUNT` if unknown.
    change_count: u32,
}

impl Default for IndexEntry {
    fn default() -> IndexEntry {
        IndexEntry {
            id: 0,
            version: 0,
            slot: 0,
            salt: Salt([0; 8]),
            expiry: 0,
            change_count: NO_COUNT,
        }
    }
}

/// The index of one caller's cache.
pub struct ReaderIndex {
    entries: Box<[Cell<IndexEntry>]>,
    /// The record that was read last, for `keep`; id 0 for none.
    last_read: Cell<IndexEntry>,
    /// Slots below this one are evicted.
    oldest: Cell<u64>,
    /// Counts changes, if the caller watches the store.
    counters: Option<Arc<ChangeCounters>>,
}

impl ReaderIndex {
    /// Creates an index of `records` entries, rounded down to a power of two or 0, 48 bytes each.
    pub fn new(records: usize) -> ReaderIndex {
        let size = if records == 0 { 0 } else { 1 << records.ilog2() };
        let entries = vec![Cell::new(IndexEntry::default()); size].into_boxed_slice();
        ReaderIndex { entries, last_read: Cell::default(), oldest: Cell::new(0), counters: None }
    }

    /// The state of a record.
    pub fn look(&self, id: u64) -> CacheState {
        self.entry(id).map_or(CacheState::Unknown, |entry| entry.state(self.oldest.get()))
    }

    fn entry(&self, id: u64) -> Option<IndexEntry> {
        self.entries.get(self.index(id)).map(Cell::get).filter(|entry| entry.id == id)
    }

    fn set(&self, entry: IndexEntry) {
        if let Some(place) = self.entries.get(self.index(entry.id)) {
            place.set(entry);
        }
    }

    /// The cached version of a record.
    pub(crate) fn version(&self, id: u64) -> Option<u64> {
        match self.look(id) {
            CacheState::Cached { version, .. } => Some(version),
            _ => None,
        }
    }

    /// Starts watching: returns the counters to increment from now on.
    pub(crate) fn watch(&mut self) -> Arc<ChangeCounters> {
        self.counters.get_or_insert_default().clone()
    }

    /// The counters, if the caller watches the store.
    pub(crate) fn counters(&self) -> Option<&Arc<ChangeCounters>> {
        self.counters.as_ref()
    }

    /// Bytes that the index takes, with its counters.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.entries) + self.counters.as_ref().map_or(0, |counters| counters.bytes())
    }

    /// The change counter of a record, to be loaded before anything else.
    pub(crate) fn change_count(&self, id: u64) -> u32 {
        self.counters.as_ref().map_or(NO_COUNT, |counters| counters.count(id))
    }

    /// The cached copy of a token's record, if it is known to be valid.
    pub(crate) fn valid_copy(&self, parts: &TokenParts) -> Option<ValidCopy> {
        let IndexEntry { version, slot, salt, expiry, change_count, .. } = self.entry(parts.id)?;
        let is_valid = change_count != NO_COUNT && change_count == self.change_count(parts.id);
        let is_cached = version > 0 && slot >= self.oldest.get();
        (is_valid && is_cached && salt == parts.salt).then_some(ValidCopy { version, slot, expiry })
    }

    /// Notes that the cached copy of a token's record was valid when its counter was loaded;
    /// returns the slot.
    pub(crate) fn confirm(&self, parts: &TokenParts, expiry: u64, change_count: u32) -> u64 {
        let Some(entry) = self.entry(parts.id) else { return 0 };
        self.set(IndexEntry { salt: parts.salt, expiry, change_count, ..entry });
        entry.slot
    }

    /// Notes that a record was read but not cached, unless its entry is that of a cached one. Returns
    /// its state before.
    pub fn see(&self, id: u64) -> CacheState {
        let present = self.entries.get(self.index(id)).map(Cell::get).unwrap_or_default();
        let state = present.state(self.oldest.get());
        if present.id == id && state != CacheState::Unknown {
            return state;
        }
        if matches!(state, CacheState::Cached { .. }) {
            return CacheState::Occupied;
        }
        self.set(IndexEntry { id, ..IndexEntry::default() });
        CacheState::Unknown
    }

    /// Remembers the record that was read last, and its change counter from before the read. `None`
    /// for one that must not be cached.
    pub(crate) fn remember(
        &self,
        parts: &TokenParts,
        meta: Option<&RecordMeta>,
        change_count: u32,
    ) {
        let entry = meta.map(|meta| IndexEntry::of(parts, meta, change_count));
        self.last_read.set(entry.unwrap_or_default());
    }

    /// Notes that the record that was read last is cached in a slot.
    pub fn keep(&self, slot: u64) {
        let entry = self.last_read.take();
        if entry.id != 0 {
            self.set(IndexEntry { slot, ..entry });
        }
    }

    /// Notes that a new record, whose token was not returned yet, is cached in a slot.
    pub(crate) fn keep_new(&self, parts: &TokenParts, meta: &RecordMeta, slot: u64) {
        let entry = IndexEntry::of(parts, meta, self.change_count(parts.id));
        self.set(IndexEntry { slot, ..entry });
    }

    /// Notes that all slots below this one are evicted.
    pub fn forget_below(&self, slot: u64) {
        self.oldest.set(slot);
    }

    fn index(&self, id: u64) -> usize {
        id as usize & self.entries.len().wrapping_sub(1)
    }
}

impl IndexEntry {
    /// A record whose change counter was loaded before the record was looked up.
    fn of(parts: &TokenParts, meta: &RecordMeta, change_count: u32) -> IndexEntry {
        let RecordMeta { version, salt, expiry, whole } = *meta;
        let change_count = if whole { change_count } else { NO_COUNT };
        IndexEntry { id: parts.id, version, slot: 0, salt, expiry, change_count }
    }

    fn state(&self, oldest: u64) -> CacheState {
        match (self.version, self.slot) {
            (0, _) => CacheState::Seen,
            (_, slot) if slot < oldest => CacheState::Unknown,
            (version, slot) => CacheState::Cached { version, slot },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// Caches a version of a record in a slot, as a read does.
    fn keep(known: &ReaderIndex, id: u64, version: u64, slot: u64) {
        let salt = Salt([0; 8]);
        let meta = RecordMeta { version, salt, expiry: u64::MAX, whole: true };
        known.remember(&TokenParts { id, salt }, Some(&meta), NO_COUNT);
        known.keep(slot);
    }

    proptest! {
        #[test]
        fn a_record_reported_as_cached_was_cached_last_and_not_evicted(
            steps in proptest::collection::vec((0..5u8, 1..60u64, 1..9u64), 1..400),
        ) {
            let known = ReaderIndex::new(32);
            let (mut model, mut next, mut oldest) = (HashMap::new(), 0u64, 0u64);
            for (step, id, version) in steps {
                match step {
                    0 => _ = known.see(id),
                    1 | 2 => {
                        keep(&known, id, version, next);
                        model.insert(id, (version, next));
                        next += 1;
                    }
                    3 => {
                        oldest = next.saturating_sub(version);
                        known.forget_below(oldest);
                    }
                    _ => {}
                }
                if let CacheState::Cached { version, slot } = known.look(id) {
                    prop_assert_eq!(model.get(&id), Some(&(version, slot)));
                    prop_assert!(slot >= oldest);
                }
            }
        }
    }

    #[test]
    fn as_many_consecutive_records_as_entries_are_indexed() {
        let known = ReaderIndex::new(1 << 10);
        (500..1524).for_each(|id| keep(&known, id, 1, id));
        let kept = |id: &u64| known.look(*id) == CacheState::Cached { version: 1, slot: *id };
        assert_eq!((500..1524).filter(kept).count(), 1024);
    }

    #[test]
    fn a_seen_record_evicts_no_cached_one() {
        let known = ReaderIndex::new(4);
        (1..=4).for_each(|id| keep(&known, id, 1, id));
        assert_eq!(known.see(5), CacheState::Occupied);
        assert_eq!(known.look(5), CacheState::Unknown);
        known.forget_below(2);
        assert_eq!((known.see(5), known.see(5)), (CacheState::Unknown, CacheState::Seen));
        assert_eq!(known.look(2), CacheState::Cached { version: 1, slot: 2 });
        known.see(9);
        assert_eq!((known.look(5), known.look(9)), (CacheState::Unknown, CacheState::Seen));
    }

    #[test]
    fn a_cached_record_evicts_whatever_has_its_entry() {
        let known = ReaderIndex::new(4);
        keep(&known, 1, 1, 7);
        keep(&known, 5, 3, 8);
        assert_eq!(known.look(1), CacheState::Unknown);
        assert_eq!(known.look(5), CacheState::Cached { version: 3, slot: 8 });
    }

    #[test]
    fn an_empty_index_knows_nothing() {
        let known = ReaderIndex::new(0);
        known.see(1);
        keep(&known, 1, 1, 0);
        assert_eq!(known.look(1), CacheState::Unknown);
    }
}
