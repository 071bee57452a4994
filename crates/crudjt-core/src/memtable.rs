//! The newest state of each id that is not yet in the B-tree: an index into the journal's bytes.
//!
//! Invariants: a memtable belongs to the journal segments whose entries it indexes; an insert
//! happens under the append lock, right after its entry was appended; a tombstone stays as long as
//! the memtable.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::{Mutex, RwLock, RwLockWriteGuard};
use rustc_hash::FxHashMap;

use crate::journal::{Begin, Place, Segment};
use crate::record::Header;
use crate::seal::EpochRow;

const SHARDS: usize = 32;

/// What is kept in memory of a record, so that a read of one that has not changed touches nothing
/// else. Trusted only if it was made here, not read from a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Brief {
    pub(crate) version: u64,
    pub(crate) salt: [u8; 8],
    /// Milliseconds since 1970; `None` for no expiry.
    pub(crate) expiry: Option<u64>,
    /// Whether the brief tells all there is to know: no read limit, and an expiry that fits.
    pub(crate) whole: bool,
}

impl Brief {
    pub(crate) fn of(header: &Header) -> Brief {
        let fits = header.expiry.is_none() || header.sweep_at().is_some();
        Brief {
            version: header.version,
            salt: header.salt,
            expiry: header.sweep_at(),
            whole: fits && header.reads.is_none(),
        }
    }
}

/// The newest state of one id.
#[derive(Debug, Clone, Copy)]
pub(crate) enum State {
    /// The record stands at `place` of segment `segment` of the memtable.
    Live { segment: u16, place: Place, brief: Option<Brief> },
    /// A tombstone.
    Dead,
}

type Shard = FxHashMap<u64, State>;

/// The newest states of the ids in one or a few segments.
pub(crate) struct Memtable {
    pub(crate) segments: Vec<Arc<Segment>>,
    shards: Vec<RwLock<Shard>>,
    epochs: Mutex<Vec<EpochRow>>,
    /// Tokens created less tokens that died in it.
    added: AtomicI64,
    /// Where the journal went on when this was frozen.
    end: OnceLock<Begin>,
    /// Monotonic time of the rotation that made it.
    pub(crate) since: u64,
}

impl Memtable {
    pub(crate) fn new(segments: Vec<Arc<Segment>>, since: u64) -> Memtable {
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        Memtable {
            segments,
            shards,
            epochs: Mutex::default(),
            added: AtomicI64::new(0),
            end: OnceLock::new(),
            since,
        }
    }

    fn shard(&self, id: u64) -> Option<&RwLock<Shard>> {
        self.shards.get(id as usize % SHARDS)
    }

    /// The newest state of `id`, if it has one here.
    pub(crate) fn get(&self, id: u64) -> Option<State> {
        self.shard(id)?.read().get(&id).copied()
    }

    /// Locks the shard of `id` against reads and writes.
    pub(crate) fn lock(&self, id: u64) -> Option<RwLockWriteGuard<'_, Shard>> {
        Some(self.shard(id)?.write())
    }

    /// Sets a state outside of the append path: recovery only.
    pub(crate) fn set(&self, id: u64, state: State) {
        if let Some(mut shard) = self.lock(id) {
            shard.insert(id, state);
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
        for shard in &self.shards {
            all.extend(shard.read().iter().map(|(id, state)| (*id, *state)));
        }
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }
}

/// The memtables: one that takes entries and those on their way into the B-tree, oldest first.
pub(crate) struct Tables {
    pub(crate) active: Arc<Memtable>,
    pub(crate) frozen: Vec<Arc<Memtable>>,
}

impl Tables {
    /// The newest state of `id` and the memtable that has it.
    pub(crate) fn get(&self, id: u64) -> Option<(State, &Arc<Memtable>)> {
        let newest_first = std::iter::once(&self.active).chain(self.frozen.iter().rev());
        newest_first.into_iter().find_map(|memtable| Some((memtable.get(id)?, memtable)))
    }

    /// With the active one frozen and `fresh` in its place.
    pub(crate) fn rotated(&self, fresh: Arc<Memtable>) -> Tables {
        let frozen = self.frozen.iter().chain([&self.active]).cloned().collect();
        Tables { active: fresh, frozen }
    }

    /// Without the frozen memtable `done`.
    pub(crate) fn without(&self, done: &Arc<Memtable>) -> Tables {
        let frozen =
            self.frozen.iter().filter(|memtable| !Arc::ptr_eq(memtable, done)).cloned().collect();
        Tables { active: self.active.clone(), frozen }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Memtable>> {
        self.frozen.iter().chain([&self.active])
    }
}
