//! The newest state of each id that is not yet in the B-tree: an index into the journal's bytes.
//!
//! Invariants: a memtable belongs to the journal segments whose entries it indexes; an insert
//! happens under the append lock, right after its entry was appended; a tombstone stays as long as
//! the memtable.

use crate::platform::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;
use std::sync::OnceLock;

use crate::platform::sync::{Mutex, RwLock, RwLockWriteGuard};
use rustc_hash::FxHashMap;

use crate::crypto::EpochRow;
use crate::journal::{Begin, RecordLocation, Segment};
use crate::record::{Header, Salt};

const SHARDS: u64 = 32;
/// How many recent records a shard has room for at first: 16 MiB of records of 256 bytes.
const ROOM: usize = 1_600;
/// Consecutive ids that share a shard, so that tokens made together lie together in memory.
const RUN: u64 = 64;

/// What is kept in memory of a record, so that a read of one that has not changed touches nothing
/// else. Trusted only if it was made here, not read from a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordMeta {
    pub(crate) version: u64,
    pub(crate) salt: Salt,
    /// Milliseconds since 1970; the largest for none, and for one too far to fit.
    pub(crate) expiry: u64,
    /// Whether it tells all there is to know: no read limit, and an expiry that fits.
    pub(crate) whole: bool,
}

impl RecordMeta {
    pub(crate) fn of(header: &Header) -> RecordMeta {
        let fits = header.expiry.is_none() || header.sweep_at().is_some();
        RecordMeta {
            version: header.version,
            salt: header.salt,
            expiry: header.sweep_at().unwrap_or(u64::MAX),
            whole: fits && header.reads.is_none(),
        }
    }

    /// The header as far as a change needs it, if this tells all there is: not what it was
    /// sealed with.
    pub(crate) fn header(&self) -> Option<Header> {
        let expiry = (self.expiry != u64::MAX).then_some(u128::from(self.expiry));
        let header = Header {
            epoch: 0,
            nonce: 0,
            version: self.version,
            salt: self.salt,
            expiry,
            reads: None,
        };
        self.whole.then_some(header)
    }
}

/// The newest state of one id.
#[derive(Debug, Clone, Copy)]
pub(crate) enum State {
    /// The record stands at `place` of segment `segment` of the memtable.
    Live { segment: u32, location: RecordLocation, meta: Option<RecordMeta> },
    /// A tombstone.
    Dead,
}

/// The states of every 32nd run of ids: ids given since the memtable was made stand in order, older
/// ones in a map.
#[derive(Default)]
pub(crate) struct Shard {
    recent: Vec<Option<State>>,
    older: FxHashMap<u64, State>,
}

/// Where an id's state stands in its shard.
#[derive(Clone, Copy)]
enum Spot {
    Recent(usize),
    Older(u64),
}

impl Shard {
    /// With room for as many records as a memtable usually gets: growing into it would copy them
    /// again and again, and takes no memory until it is used.
    fn roomy() -> Shard {
        Shard { recent: Vec::with_capacity(ROOM), older: FxHashMap::default() }
    }

    fn get(&self, spot: Spot) -> Option<State> {
        match spot {
            Spot::Recent(at) => self.recent.get(at).copied().flatten(),
            Spot::Older(id) => self.older.get(&id).copied(),
        }
    }

    fn set(&mut self, spot: Spot, state: State) {
        match spot {
            Spot::Recent(at) => {
                if at >= self.recent.len() {
                    self.recent.resize(at + 1, None);
                }
                if let Some(slot) = self.recent.get_mut(at) {
                    *slot = Some(state);
                }
            }
            Spot::Older(id) => drop(self.older.insert(id, state)),
        }
    }

    fn len(&self) -> usize {
        self.older.len() + self.recent.iter().flatten().count()
    }
}

/// A shard locked for one id.
pub(crate) struct LockedSpot<'a> {
    shard: RwLockWriteGuard<'a, Shard>,
    spot: Spot,
}

impl LockedSpot<'_> {
    pub(crate) fn set(&mut self, state: State) {
        self.shard.set(self.spot, state);
    }
}

/// The newest states of the ids in one or a few segments.
pub(crate) struct Memtable {
    pub(crate) segments: Vec<Arc<Segment>>,
    shards: Vec<RwLock<Shard>>,
    /// Ids from this on were given since the memtable was made.
    first_recent: u64,
    epochs: Mutex<Vec<EpochRow>>,
    /// Tokens created less tokens that died in it.
    added: AtomicI64,
    /// Where the journal went on when this was frozen.
    end: OnceLock<Begin>,
    /// Monotonic time of the rotation that made it.
    pub(crate) since: u64,
}

impl Memtable {
    /// For ids given from `next_id` on, and older ones.
    pub(crate) fn new(segments: Vec<Arc<Segment>>, next_id: u64, since: u64) -> Memtable {
        Memtable {
            segments,
            shards: (0..SHARDS).map(|_| RwLock::new(Shard::roomy())).collect(),
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

    fn spot(&self, id: u64) -> Spot {
        match id.checked_sub(self.first_recent) {
            Some(after) => Spot::Recent((after / (SHARDS * RUN) * RUN + id % RUN) as usize),
            None => Spot::Older(id),
        }
    }

    fn id_at(&self, shard: usize, at: usize) -> u64 {
        let (at, shard) = (at as u64, shard as u64);
        self.first_recent + at / RUN * (SHARDS * RUN) + shard * RUN + at % RUN
    }

    /// The newest state of `id`, if it has one here.
    pub(crate) fn get(&self, id: u64) -> Option<State> {
        self.shard(id)?.read().get(self.spot(id))
    }

    /// Locks the state of `id` against reads and writes.
    pub(crate) fn lock(&self, id: u64) -> Option<LockedSpot<'_>> {
        Some(LockedSpot { shard: self.shard(id)?.write(), spot: self.spot(id) })
    }

    /// Sets a state outside of the append path: recovery only.
    pub(crate) fn set(&self, id: u64, state: State) {
        if let Some(mut spot) = self.lock(id) {
            spot.set(state);
        }
    }

    /// Notes an epoch that its entries declare.
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

    /// Notes that no entry follows; `end` is where the journal goes on.
    pub(crate) fn freeze(&self, end: Begin) {
        // Set once: a memtable is frozen under the append lock, which also replaces it.
        let _ = self.end.set(end);
    }

    /// Where the journal went on; `None` while it is active.
    pub(crate) fn end(&self) -> Option<Begin> {
        self.end.get().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().len()).sum()
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

/// The memtables: one that takes entries and those on their way into the B-tree, oldest first.
pub(crate) struct Memtables {
    pub(crate) active: Arc<Memtable>,
    pub(crate) frozen: Vec<Arc<Memtable>>,
}

impl Memtables {
    /// The newest state of `id` and the memtable that has it.
    pub(crate) fn get(&self, id: u64) -> Option<(State, &Arc<Memtable>)> {
        let newest_first = std::iter::once(&self.active).chain(self.frozen.iter().rev());
        newest_first.into_iter().find_map(|memtable| Some((memtable.get(id)?, memtable)))
    }

    /// With the active one frozen and `fresh` in its place.
    pub(crate) fn rotated(&self, fresh: Arc<Memtable>) -> Memtables {
        let frozen = self.frozen.iter().chain([&self.active]).cloned().collect();
        Memtables { active: fresh, frozen }
    }

    /// Without the frozen memtable `done`.
    pub(crate) fn without(&self, done: &Arc<Memtable>) -> Memtables {
        let frozen =
            self.frozen.iter().filter(|memtable| !Arc::ptr_eq(memtable, done)).cloned().collect();
        Memtables { active: self.active.clone(), frozen }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Memtable>> {
        self.frozen.iter().chain([&self.active])
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
