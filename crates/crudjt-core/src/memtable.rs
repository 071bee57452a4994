//! The memtable: the newest state of each id that is not in the B-tree yet, as an index into the
//! journal's bytes.
//!
//! Invariants: a memtable indexes the entries of its own journal segments and no others; an insert
//! happens under the append lock, right after its entry was appended; a tombstone stays as long as
//! the memtable.

use crate::platform::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;
use std::sync::OnceLock;

use crate::platform::sync::{Mutex, RwLock, RwLockWriteGuard};
use rustc_hash::FxHashMap;

use crate::crypto::EpochRow;
use crate::journal::{Begin, RecordLocation, Segment};
use crate::record::RecordMeta;

const SHARDS: u64 = 32;
/// Initial capacity of a shard, in recent records: 16 MiB of records of 256 bytes.
const CAPACITY: usize = 1_600;
/// Consecutive ids that share a shard, so that tokens created together are adjacent in memory.
const RUN: u64 = 64;

/// The newest state of one id.
#[derive(Debug, Clone, Copy)]
pub(crate) enum State {
    /// The record is at `location` of the memtable's segment with this index.
    Live { segment: u32, location: RecordLocation, meta: Option<RecordMeta> },
    /// The id was removed.
    Tombstone,
}

/// The states of every 32nd run of ids: ids issued since the memtable was created are in an array,
/// older ones in a map.
#[derive(Default)]
pub(crate) struct Shard {
    recent: Vec<Option<State>>,
    older: FxHashMap<u64, State>,
}

/// Where an id's state is in its shard.
#[derive(Clone, Copy)]
enum Position {
    Recent(usize),
    Older(u64),
}

impl Shard {
    /// Allocated for as many records as a memtable usually gets: growing would copy them again and
    /// again, while unused capacity takes no memory.
    fn preallocated() -> Shard {
        Shard { recent: Vec::with_capacity(CAPACITY), older: FxHashMap::default() }
    }

    fn get(&self, position: Position) -> Option<State> {
        match position {
            Position::Recent(at) => self.recent.get(at).copied().flatten(),
            Position::Older(id) => self.older.get(&id).copied(),
        }
    }

    fn set(&mut self, position: Position, state: State) {
        match position {
            Position::Recent(at) => {
                if at >= self.recent.len() {
                    self.recent.resize(at + 1, None);
                }
                if let Some(slot) = self.recent.get_mut(at) {
                    *slot = Some(state);
                }
            }
            Position::Older(id) => drop(self.older.insert(id, state)),
        }
    }

    fn len(&self) -> usize {
        self.older.len() + self.recent.iter().flatten().count()
    }
}

/// A shard locked for one id.
pub(crate) struct LockedState<'a> {
    shard: RwLockWriteGuard<'a, Shard>,
    position: Position,
}

impl LockedState<'_> {
    pub(crate) fn set(&mut self, state: State) {
        self.shard.set(self.position, state);
    }
}

/// The newest states of the ids in one or a few segments.
pub(crate) struct Memtable {
    pub(crate) segments: Vec<Arc<Segment>>,
    shards: Vec<RwLock<Shard>>,
    /// Ids from here on were issued since the memtable was created.
    first_recent: u64,
    epochs: Mutex<Vec<EpochRow>>,
    /// Tokens created minus tokens removed.
    added: AtomicI64,
    /// Where the journal continued when this was frozen.
    end: OnceLock<Begin>,
    /// Monotonic time of the rotation that created it.
    pub(crate) since: u64,
}

impl Memtable {
    /// A memtable for ids issued from `next_id` on, and older ones.
    pub(crate) fn new(segments: Vec<Arc<Segment>>, next_id: u64, since: u64) -> Memtable {
        Memtable {
            segments,
            shards: (0..SHARDS).map(|_| RwLock::new(Shard::preallocated())).collect(),
            first_recent: next_id / (SHARDS * RUN) * (SHARDS * RUN),
            epochs: Mutex::default(),
            added: AtomicI64::new(0),
            end: OnceLock::new(),
            since,
        }
    }

    fn shard(&self, id: u64) -> Option<&RwLock<Shard>> {
        self.shards.get((id / RUN % SHARDS) as usize)
    }

    fn position(&self, id: u64) -> Position {
        match id.checked_sub(self.first_recent) {
            Some(after) => Position::Recent((after / (SHARDS * RUN) * RUN + id % RUN) as usize),
            None => Position::Older(id),
        }
    }

    fn id_at(&self, shard: usize, at: usize) -> u64 {
        let (at, shard) = (at as u64, shard as u64);
        self.first_recent + at / RUN * (SHARDS * RUN) + shard * RUN + at % RUN
    }

    /// The newest state of `id`, if it has one here.
    pub(crate) fn get(&self, id: u64) -> Option<State> {
        self.shard(id)?.read().get(self.position(id))
    }

    /// Locks the state of `id` against reads and writes.
    pub(crate) fn lock(&self, id: u64) -> Option<LockedState<'_>> {
        Some(LockedState { shard: self.shard(id)?.write(), position: self.position(id) })
    }

    /// Sets a state outside the append path: for recovery only.
    pub(crate) fn set(&self, id: u64, state: State) {
        if let Some(mut locked) = self.lock(id) {
            locked.set(state);
        }
    }

    /// Adds an epoch that its entries declare.
    pub(crate) fn declare(&self, row: EpochRow) {
        self.epochs.lock().push(row);
    }

    /// The epochs its entries declare.
    pub(crate) fn epochs(&self) -> Vec<EpochRow> {
        self.epochs.lock().clone()
    }

    pub(crate) fn count(&self, added: i64) {
        self.added.fetch_add(added, Ordering::Relaxed);
    }

    pub(crate) fn added(&self) -> i64 {
        self.added.load(Ordering::Relaxed)
    }

    /// Marks it as complete; `end` is where the journal continues.
    pub(crate) fn freeze(&self, end: Begin) {
        // Set once: a memtable is frozen under the append lock, which also replaces it.
        let _ = self.end.set(end);
    }

    /// Where the journal continued; `None` while it is active.
    pub(crate) fn end(&self) -> Option<Begin> {
        self.end.get().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().len()).sum()
    }

    /// The ids whose state here is a record that has expired at `now`. One that was replayed from
    /// the journal is not known to have.
    pub(crate) fn expired(&self, now: u64) -> Vec<u64> {
        let is_expired = |state: &State| matches!(state, State::Live { meta: Some(meta), .. } if meta.expiry <= now);
        let mut ids = Vec::new();
        for (number, shard) in self.shards.iter().enumerate() {
            let shard = shard.read();
            let older = shard.older.iter().filter(|(_, state)| is_expired(state));
            ids.extend(older.map(|(id, _)| *id));
            let recent = shard.recent.iter().enumerate();
            let recent = recent.filter(|(_, state)| state.as_ref().is_some_and(is_expired));
            ids.extend(recent.map(|(at, _)| self.id_at(number, at)));
        }
        ids
    }

    /// All states, by ascending id.
    pub(crate) fn sorted(&self) -> Vec<(u64, State)> {
        let mut all = Vec::with_capacity(self.len());
        for (number, shard) in self.shards.iter().enumerate() {
            let shard = shard.read();
            all.extend(shard.older.iter().map(|(id, state)| (*id, *state)));
            let recent = shard.recent.iter().enumerate();
            all.extend(recent.filter_map(|(at, state)| Some((self.id_at(number, at), (*state)?))));
        }
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn states_are_found_under_their_ids_and_come_sorted(
            next_id in 0..20_000u64, ids in prop::collection::btree_set(1..30_000u64, 0..300)
        ) {
            let memtable = Memtable::new(Vec::new(), next_id, 0);
            let location = |id: u64| RecordLocation { offset: id as u32, length: 1 };
            for id in &ids {
                memtable.set(*id, State::Live { segment: 0, location: location(*id), meta: None });
            }
            let found = |id: u64| match memtable.get(id) {
                Some(State::Live { location, .. }) => Some(u64::from(location.offset)),
                _ => None,
            };
            for id in 0..30_000 {
                prop_assert_eq!(found(id), ids.contains(&id).then_some(id));
            }
            prop_assert_eq!(memtable.len(), ids.len());
            let sorted: Vec<u64> = memtable.sorted().into_iter().map(|(id, _)| id).collect();
            prop_assert_eq!(sorted, ids.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_state_stays_small() {
        assert!(size_of::<Option<State>>() <= 48, "{} bytes", size_of::<Option<State>>());
    }
}
