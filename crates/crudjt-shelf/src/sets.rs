//! What the master knows of its shelf, under one lock: which record is in which slot, and which
//! records were changed last. It never reads the shared memory for that.
//!
//! Invariants: a record is in one slot at most, and found by its id; a copy is written only if the
//! record was not changed since its mark. Marks are the number of changes so far, and never wrap.

use rustc_hash::FxHashMap;

use crate::layout::{AT_LENGTH, AT_NAME, AT_NEWEST, AT_NONCE, AT_SEALED, AT_STATE, CLOSED, EXPIRY};
use crate::layout::{Geometry, TAG, begin};
use crate::seal::Content;
use crate::slot::write_slot;
use crate::words::WritableWords;

const _: () =
    assert!(AT_NONCE == 0 && AT_NAME == 1 && AT_LENGTH == 3, "the words that `put` takes");

/// Changes that are remembered by id: a copy whose mark is older than that is refused.
const REMEMBERED: usize = 64;

/// The master's side of a shelf. One lock is held around each call.
pub(crate) struct Sets<W> {
    words: W,
    geometry: Geometry,
    /// The slot of each record that has one.
    places: FxHashMap<u64, usize>,
    /// The record in each slot, and its nonce, by which the oldest is found.
    records: Vec<Option<(u64, u64)>>,
    changes: u64,
    changed: [u64; REMEMBERED],
    is_closed: bool,
}

impl<W: WritableWords> Sets<W> {
    pub(crate) fn new(words: W, geometry: Geometry) -> Sets<W> {
        Sets {
            words,
            geometry,
            // Growing would stop the store for a millisecond.
            places: FxHashMap::with_capacity_and_hasher(geometry.slots(), Default::default()),
            records: vec![None; geometry.slots()],
            changes: 0,
            changed: [0; REMEMBERED],
            is_closed: false,
        }
    }

    /// The number of changes so far.
    pub(crate) fn mark(&self) -> u64 {
        self.changes
    }

    /// Writes a copy of a record, unless the record was changed since the mark was taken. `newest` is
    /// the store's time.
    pub(crate) fn put(&mut self, mark: u64, id: u64, newest: u64, content: &Content) {
        sabotage!(ClosedFilled, self.is_closed = false);
        if self.is_closed || self.was_changed(id, mark) {
            return;
        }
        let [nonce, first, second, length, ..] = *content;
        let slot = self.slot_for(id, [first, second]);
        let Some(record) = self.records.get_mut(slot) else { return };
        if let Some((evicted, _)) = record.replace((id, nonce)) {
            self.places.remove(&evicted);
        }
        self.places.insert(id, slot);
        let used = AT_SEALED + (length as usize + EXPIRY + TAG).div_ceil(8);
        write_slot(&self.words, begin(slot), content.get(..used).unwrap_or(content));
        self.words.store(AT_NEWEST, newest.max(self.words.load(AT_NEWEST)));
    }

    /// Counts a change of a record and takes its copy off.
    pub(crate) fn take_off(&mut self, id: u64) {
        self.changes += 1;
        if let Some(place) = self.changed.get_mut(self.changes as usize % REMEMBERED) {
            *place = id;
        }
        sabotage!(CopyKept, return);
        if let Some(slot) = self.places.remove(&id) {
            self.empty(slot);
        }
    }

    /// Ends the shelf: nothing is put on it, and no reader that looks finds anything.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
        self.words.release();
        self.words.store_released(AT_STATE, CLOSED);
    }

    /// Whether the record was changed since this mark, as far as is known.
    fn was_changed(&self, id: u64, mark: u64) -> bool {
        sabotage!(MarkUnchecked, return false);
        let since = self.changes.wrapping_sub(mark);
        let is_id = |number: u64| self.changed.get(number as usize % REMEMBERED) == Some(&id);
        since > REMEMBERED as u64 || (0..since).any(|back| is_id(self.changes - back))
    }

    /// The record's own slot if that is one of its name's, else an empty one, else the oldest.
    fn slot_for(&mut self, id: u64, name: [u64; 2]) -> usize {
        let slots = self.geometry.slots_of(name);
        if let Some(own) = self.places.get(&id).copied() {
            if slots.contains(&own) {
                return own;
            }
            // Another token of the same id.
            self.places.remove(&id);
            self.empty(own);
        }
        let age = |slot: &usize| self.records.get(*slot).copied().flatten().map(|(_, nonce)| nonce);
        slots.clone().min_by_key(age).unwrap_or(slots.start)
    }

    /// Empties a slot: what was sealed stays, without name and nonce.
    fn empty(&mut self, slot: usize) {
        if let Some(record) = self.records.get_mut(slot) {
            *record = None;
        }
        write_slot(&self.words, begin(slot), &[0; AT_SEALED]);
    }
}
