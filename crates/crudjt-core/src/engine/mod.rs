//! The engine of one open store: its parts and their life cycle.
//!
//! ```text
//! seal ──► [ append to journal + put in memtable ] ──► acknowledge
//!              │ timer: sync + mark        │ by size, by age, at close: rotate
//!              ▼                           ▼
//!        survives power loss         B-tree commit ──► journal segments covered twice are removed
//! ```
//!
//! Invariants:
//! 1. Append and memtable insert are one critical section (the append lock, that of `append_state`); rotation
//!    takes it too.
//! 2. Nothing is acknowledged before all lower sequences are appended.
//! 3. Whoever changes a record holds its stripe from reading the old state to appending the new.
//! 4. Reads look at the active memtable, the frozen ones, the cache, then the B-tree.
//!
//! Locks are taken in this order: stripe, epoch making, append, memtable shard. The commit state is
//! taken before the append lock and never with a stripe held.

mod append;
mod append_lock;
mod background;
mod backup;
mod checkpoint;
mod close;
mod folder;
mod has_records;
mod lookup;
mod open;
mod read;
mod replay;
mod seal;
mod stats;
mod time;
mod write;

use crate::platform::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use crate::platform::sync::{Condvar, Mutex, MutexGuard};
use arc_swap::ArcSwap;

use crate::bytes::CachePadded;
use crate::cache::ChangeCounters;
use crate::cache::RecordCache;
use crate::crypto::keyring::{Domain, Keyring};
use crate::crypto::{Epoch, Epochs};
use crate::event::Event;
use crate::journal::{Segment, SpareSegments, Syncer};
use crate::memtable::Memtables;
use crate::options::Options;
use crate::platform::clock::Signal;
use crate::platform::owner_lock::Ownership;
use crate::testing::sabotage::{Breakage, broken};
use crate::tree::Tree;
use crate::{Error, Result};

use append_lock::AppendState;
pub(crate) use folder::{INCOMPLETE, refuse_incomplete, remove_fresh};
pub(crate) use open::open;
pub use stats::Stats;
use time::Timekeeper;

const STRIPES: usize = 256;

/// One open store.
pub(crate) struct Engine {
    options: Options,
    keyring: Mutex<Keyring>,
    domains: Domains,
    epochs: Epochs,
    /// The epoch that each domain's records are sealed under now, made by this opening.
    sealing: ArcSwap<Vec<Arc<Epoch>>>,
    /// The first of them that this opening made: it lasts for years, and is found without counting.
    first_epoch: OnceLock<Arc<Epoch>>,
    epoch_making: Mutex<()>,
    stripes: Vec<Mutex<()>>,
    append_state: CachePadded<Mutex<AppendState>>,
    /// Where those wait who have to append where memory is being taken.
    prefaulted: Condvar,
    memtables: ArcSwap<Memtables>,
    cache: RecordCache,
    tree: Tree,
    commit_state: Mutex<CommitState>,
    tree_times: Mutex<TreeTimes>,
    /// Held while a backup reads the B-tree's file.
    backing_up: Mutex<()>,
    syncer: Syncer,
    spare_segments: SpareSegments,
    time: Timekeeper,
    next_id: CachePadded<AtomicU64>,
    room: Room,
    counters: Counters,
    failed: OnceLock<Error>,
    closed: AtomicBool,
    sync_signal: Arc<Signal>,
    tree_signal: Arc<Signal>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    ownership: Mutex<Option<Ownership>>,
}

/// The open domains. Every call looks at them, so they are neither locked nor counted: one is made at
/// most while the store is open.
pub(crate) struct Domains {
    found: Vec<Arc<Domain>>,
    /// Where new tokens belong, if it was found; else it is made when something is written.
    own: Option<Arc<Domain>>,
    /// Those that were found, and behind them the one that was made.
    extended: OnceLock<Vec<Arc<Domain>>>,
}

impl Domains {
    fn all(&self) -> &[Arc<Domain>] {
        self.extended.get().unwrap_or(&self.found)
    }

    fn own(&self) -> Option<&Arc<Domain>> {
        self.own.as_ref().or_else(|| self.extended.get()?.last())
    }

    /// Adds the one that was made, the first time.
    fn extend(&self, made: Arc<Domain>) {
        self.extended.get_or_init(|| self.found.iter().cloned().chain([made]).collect());
    }
}

/// What whoever commits to the B-tree keeps from one commit to the next.
#[derive(Default)]
struct CommitState {
    /// Segments whose entries are covered by the newest commit: the next one frees them.
    covered: Vec<Spent>,
    /// Segments covered by two commits that could not be removed yet.
    removable: Vec<Spent>,
}

/// A segment that the B-tree covers: its file is kept for a while, its memory is not.
struct Spent {
    path: PathBuf,
    segment: Weak<Segment>,
}

impl Spent {
    fn of(segment: &Arc<Segment>) -> Spent {
        Spent { path: segment.path.clone(), segment: Arc::downgrade(segment) }
    }

    /// Whether a reader still looks into it: then Windows would not remove the file.
    fn is_read(&self) -> bool {
        self.segment.strong_count() > 0
    }
}

/// What the background did last, for the statistics; and when it sweeps next.
#[derive(Default)]
struct TreeTimes {
    last_checkpoint: Option<u64>,
    last_sweep: Option<u64>,
    last_sweep_removed: u64,
    /// Monotonic time of the next full sweep.
    next_sweep: u64,
}

/// Where those wait who were told that the engine is busy.
#[derive(Default)]
struct Room {
    lock: Mutex<()>,
    changed: Condvar,
    /// Why the last commit did not succeed, where the next one may.
    stalled: Mutex<Option<Error>>,
    /// Whether the last call that needed room was refused.
    refused: AtomicBool,
}

#[derive(Default)]
struct Counters {
    damaged: AtomicU64,
    damage_told: AtomicBool,
}

impl Engine {
    pub(crate) fn path(&self) -> &Path {
        &self.options.path
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// Has somebody told of every change from now on.
    pub(crate) fn watch(&self, counters: Arc<ChangeCounters>) {
        self.append_state.lock().listeners.add(counters);
    }

    fn stripe(&self, id: u64) -> Option<MutexGuard<'_, ()>> {
        Some(self.stripes.get(id as usize % STRIPES)?.lock())
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(Error::Closed) } else { Ok(()) }
    }

    fn check_writable(&self) -> Result<()> {
        self.check_open()?;
        self.failed.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// What an append failed with. A full disk or a wait for room is no failure of the store:
    /// nothing was appended, and the next attempt may succeed.
    fn fail(&self, error: Error) -> Error {
        let passes = matches!(error, Error::Full { .. } | Error::Busy | Error::Closed);
        if passes { error } else { self.latch(error) }
    }

    /// Latches a failure after which it is not known what is on the medium: from now on writes fail
    /// with it.
    fn latch(&self, error: Error) -> Error {
        let error = error.lasting();
        if broken(Breakage::Unlatched) {
            return error;
        }
        if self.failed.set(error.clone()).is_ok() {
            self.options.tell(Event::Failed { error: error.clone() });
            self.tell_room();
        }
        error
    }

    fn tell_room(&self) {
        let _lock = self.room.lock.lock();
        self.room.changed.notify_all();
    }

    /// Counts a damaged record; the first one is reported.
    fn note_damage(&self) {
        self.counters.damaged.fetch_add(1, Ordering::Relaxed);
        if !self.counters.damage_told.swap(true, Ordering::Relaxed) {
            self.options.tell(Event::RecordDamaged { path: self.options.path.clone() });
        }
    }
}
