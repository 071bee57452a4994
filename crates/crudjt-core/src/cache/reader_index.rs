//! Which versions of which records a caller keeps decoded, and where: so that it needs no index of
//! its own, and a read finds the version to compare with on the way.
//!
//! A caller that watches the store (see `change_counters.rs`) knows of what it keeps as long as it is true:
//! a read of it looks into no memtable and, where nothing expires, at no clock.
//!
//! A hint with a fixed size: a record's place is decided by its id, and the ones that share it push
//! each other out. Ids count up, so what was made together lies together. Invariants: what is said
//! to be kept was kept under exactly this id and not forgotten since; a record that was only seen
//! never pushes out one that is kept; what is said to be true had the token's salt, and nobody changed
//! it since: only the clock can tell that it is dead.

use std::cell::Cell;
use std::sync::Arc;

use crate::cache::{ChangeCounters, NO_COUNT};
use crate::crypto::token::TokenParts;
use crate::record::{RecordMeta, Salt};

/// What a caller knows of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheState {
    /// Nothing, or no more.
    Unknown,
    /// It was read before.
    Seen,
    /// Its data is kept.
    Cached {
        /// The version that the data is of.
        version: u64,
        /// Where the caller keeps it.
        slot: u64,
    },
}

/// What is known of a record and true, as far as no clock decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValidCopy {
    pub(crate) version: u64,
    pub(crate) slot: u64,
    /// When it dies, in milliseconds since 1970; the largest for never.
    pub(crate) expiry: u64,
}

/// One record; `version` 0 was only seen, id 0 is nobody's.
#[derive(Clone, Copy)]
struct IndexEntry {
    id: u64,
    version: u64,
    slot: u64,
    salt: Salt,
    expiry: u64,
    /// What its counter was when all this was true; `NO_COUNT` if that is not known.
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

/// The records that one caller knows.
pub struct ReaderIndex {
    entries: Box<[Cell<IndexEntry>]>,
    /// What is kept in slots below this one counts as forgotten.
    oldest: u64,
    /// Told of changes, if the caller watches.
    counters: Option<Arc<ChangeCounters>>,
}

impl ReaderIndex {
    /// Room for as many records, rounded down to a power of two, 48 bytes each; for none with 0.
    pub fn new(records: usize) -> ReaderIndex {
        let room = if records == 0 { 0 } else { 1 << records.ilog2() };
        let entries = vec![Cell::new(IndexEntry::default()); room].into_boxed_slice();
        ReaderIndex { entries, oldest: 0, counters: None }
    }

    /// What is known of a record.
    pub fn look(&self, id: u64) -> CacheState {
        self.entry(id).map_or(CacheState::Unknown, |entry| entry.tells(self.oldest))
    }

    fn entry(&self, id: u64) -> Option<IndexEntry> {
        self.entries.get(self.index(id)).map(Cell::get).filter(|entry| entry.id == id)
    }

    fn set(&self, entry: IndexEntry) {
        if let Some(place) = self.entries.get(self.index(entry.id)) {
            place.set(entry);
        }
    }

    /// The version that is kept of a record.
    pub(crate) fn version(&self, id: u64) -> Option<u64> {
        match self.look(id) {
            CacheState::Cached { version, .. } => Some(version),
            _ => None,
        }
    }

    /// Begins to watch: gives what is to be told of changes from now on.
    pub(crate) fn watch(&mut self) -> Arc<ChangeCounters> {
        self.counters.get_or_insert_default().clone()
    }

    /// The counter of a record's changes, to be read before anything is looked at.
    pub(crate) fn change_count(&self, id: u64) -> u32 {
        self.counters.as_ref().map_or(NO_COUNT, |counters| counters.count(id))
    }

    /// What is kept of a token's record, if it is known to be true.
    pub(crate) fn valid_copy(&self, parts: &TokenParts) -> Option<ValidCopy> {
        let IndexEntry { version, slot, salt, expiry, change_count, .. } = self.entry(parts.id)?;
        let is_true = change_count != NO_COUNT && change_count == self.change_count(parts.id);
        let is_kept = version > 0 && slot >= self.oldest;
        (is_true && is_kept && salt == parts.salt).then_some(ValidCopy { version, slot, expiry })
    }

    /// Notes that what is kept of a token's record was true when its counter was read; gives the slot.
    pub(crate) fn confirm(&self, parts: &TokenParts, expiry: u64, change_count: u32) -> u64 {
        let Some(entry) = self.entry(parts.id) else { return 0 };
        self.set(IndexEntry { salt: parts.salt, expiry, change_count, ..entry });
        entry.slot
    }

    /// Notes that a record which is not kept was read.
    pub fn see(&mut self, id: u64) {
        let there = self.entries.get(self.index(id)).map(Cell::get).unwrap_or_default();
        if !matches!(there.tells(self.oldest), CacheState::Cached { .. }) {
            self.set(IndexEntry { id, ..IndexEntry::default() });
        }
    }

    /// Notes that a version of a record, from 1 on, is kept in a slot.
    pub fn keep(&mut self, id: u64, version: u64, slot: u64) {
        self.set(IndexEntry { id, version, slot, ..IndexEntry::default() });
    }

    /// Notes that a record which was just made, and whose token nobody has yet, is kept in a slot.
    pub(crate) fn keep_new(&self, parts: &TokenParts, meta: &RecordMeta, slot: u64) {
        let RecordMeta { version, salt, expiry, whole } = *meta;
        let change_count = if whole { self.change_count(parts.id) } else { NO_COUNT };
        self.set(IndexEntry { id: parts.id, version, slot, salt, expiry, change_count });
    }

    /// Forgets everything kept in slots below this one.
    pub fn forget_below(&mut self, slot: u64) {
        self.oldest = slot;
    }

    fn index(&self, id: u64) -> usize {
        id as usize & self.entries.len().wrapping_sub(1)
    }
}

impl IndexEntry {
    fn tells(&self, oldest: u64) -> CacheState {
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

    proptest! {
        #[test]
        fn what_is_said_to_be_kept_was_kept_last_and_not_forgotten(
            steps in proptest::collection::vec((0..5u8, 1..60u64, 1..9u64), 1..400),
        ) {
            let mut known = ReaderIndex::new(32);
            let (mut model, mut next, mut oldest) = (HashMap::new(), 0u64, 0u64);
            for (step, id, version) in steps {
                match step {
                    0 => known.see(id),
                    1 | 2 => {
                        known.keep(id, version, next);
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
    fn as_many_records_made_together_as_there_is_room_for_are_kept() {
        let mut known = ReaderIndex::new(1 << 10);
        (500..1524).for_each(|id| known.keep(id, 1, id));
        let kept = |id: &u64| known.look(*id) == CacheState::Cached { version: 1, slot: *id };
        assert_eq!((500..1524).filter(kept).count(), 1024);
    }

    #[test]
    fn a_stranger_is_seen_but_pushes_out_none_that_is_kept() {
        let mut known = ReaderIndex::new(4);
        (1..=4).for_each(|id| known.keep(id, 1, id));
        known.see(5);
        assert_eq!(known.look(5), CacheState::Unknown);
        known.forget_below(2);
        known.see(5);
        assert_eq!(known.look(5), CacheState::Seen);
        assert_eq!(known.look(2), CacheState::Cached { version: 1, slot: 2 });
        known.see(9);
        assert_eq!((known.look(5), known.look(9)), (CacheState::Unknown, CacheState::Seen));
    }

    #[test]
    fn one_that_is_kept_pushes_out_whatever_has_its_place() {
        let mut known = ReaderIndex::new(4);
        known.keep(1, 1, 7);
        known.keep(5, 3, 8);
        assert_eq!(known.look(1), CacheState::Unknown);
        assert_eq!(known.look(5), CacheState::Cached { version: 3, slot: 8 });
    }

    #[test]
    fn without_room_nothing_is_known() {
        let mut known = ReaderIndex::new(0);
        known.see(1);
        known.keep(1, 1, 0);
        assert_eq!(known.look(1), CacheState::Unknown);
    }
}
