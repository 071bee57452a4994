//! The engine of one open store: its parts and their life cycle.
//!
//! ```text
//! seal ──► [ append to the journal + insert into the memtable ] ──► acknowledge
//!              │ timer: sync, then sync mark    │ by size, by age, at close: rotate
//!              ▼                                ▼
//!        survives power loss    checkpoint into the B-tree ──► segments covered twice are removed
//! ```
//!
//! Invariants:
//! 1. Append and memtable insert are one critical section under the append lock; rotation takes the
//!    same lock.
//! 2. Nothing is acknowledged before all lower sequences are appended.
//! 3. Whoever changes a record holds its stripe from reading the old state to appending the new one.
//! 4. Reads look at the active memtable, the frozen ones, the cache, then the B-tree.
//!
//! Lock order: stripe, epoch making, append lock, memtable shard. The commit state is locked before
//! the append lock and never while a stripe is held.

mod append;
mod append_lock;
mod background;
mod backpressure;
mod checkpoint;
mod clock_file;
mod close;
mod create_store;
mod damage;
mod damage_file;
mod event_hub;
mod expiry;
mod folder;
mod has_records;
mod lookup;
mod memtables;
mod open;
mod read;
mod registry;
mod replay;
mod rotate;
mod seal;
mod shelf;
mod stats;
mod time;
mod write;

use crate::platform::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use crate::platform::sync::{CachePadded, Condvar, Mutex, MutexGuard};
use arc_swap::{ArcSwap, ArcSwapOption};

use crate::cache::{ChangeCounters, RecordCache, Shelf};
use crate::crypto::keyring::Keyring;
use crate::crypto::{Epoch, Epochs};
use crate::event::Event;
use crate::journal::{SpareSegments, Syncer};
use crate::options::Options;
use crate::platform::clock::Signal;
use crate::platform::owner_lock::Ownership;
use crate::tree::Tree;
use crate::{Error, Result};

use append_lock::AppendState;
use backpressure::Backpressure;
use checkpoint::CommitState;
use damage::KnownDamage;
use expiry::TreeTimes;
pub(crate) use folder::{INCOMPLETE, refuse_incomplete};
use memtables::Memtables;
pub(crate) use registry::{EngineHandle, open_shared};
use seal::Domains;
pub use stats::Stats;
use time::Timekeeper;

const STRIPES: usize = 256;

/// One open store.
pub(crate) struct Engine {
    options: Options,
    keyring: Mutex<Keyring>,
    domains: Domains,
    epochs: Epochs,
    /// The epoch under which each domain's records are sealed now, drawn by this opening.
    sealing: ArcSwap<Vec<Arc<Epoch>>>,
    /// The first of them: it lasts for years, and is found without reference counting.
    first_epoch: OnceLock<Arc<Epoch>>,
    epoch_making: Mutex<()>,
    stripes: Vec<Mutex<()>>,
    append_state: CachePadded<Mutex<AppendState>>,
    /// Wakes appends that wait for a range that is being prefaulted.
    prefaulted: Condvar,
    memtables: ArcSwap<Memtables>,
    cache: RecordCache,
    /// That of the listeners, for reads.
    shelf: ArcSwapOption<Arc<dyn Shelf>>,
    tree: Tree,
    commit_state: Mutex<CommitState>,
    tree_times: Mutex<TreeTimes>,
    /// Held while a backup reads the B-tree's file.
    backing_up: Mutex<()>,
    syncer: Syncer,
    spare_segments: SpareSegments,
    time: Timekeeper,
    next_id: CachePadded<AtomicU64>,
    backpressure: Backpressure,
    damage: KnownDamage,
    /// The failure after which the store refuses writes.
    failed: OnceLock<Error>,
    closed: AtomicBool,
    sync_signal: Arc<Signal>,
    tree_signal: Arc<Signal>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    ownership: Arc<Ownership>,
}

impl Engine {
    pub(crate) fn path(&self) -> &Path {
        &self.options.path
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// Counts every change in these counters from now on.
    pub(crate) fn watch(&self, counters: Arc<ChangeCounters>) {
        self.append_state.lock().listeners.add(counters);
    }

    /// Stops counting changes in them.
    pub(crate) fn unwatch(&self, counters: &Arc<ChangeCounters>) {
        self.append_state.lock().listeners.remove(counters);
    }

    /// The failure after which the store refuses writes, as an event.
    fn failure(&self) -> Option<Event> {
        self.failed.get().map(|error| Event::Failed { error: error.clone() })
    }

    fn stripe(&self, id: u64) -> Option<MutexGuard<'_, ()>> {
        Some(self.stripes.get(id as usize % STRIPES)?.lock())
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(Error::Closed) } else { Ok(()) }
    }

    /// Fails, from then on for every write, if the folder no longer belongs to this engine.
    pub(super) fn check_owner(&self) -> Result<()> {
        let owned = self.options.environment.storage.check_owner();
        owned.map_err(|error| self.latch(Error::storage(self.path(), "use its folder", error)))
    }

    fn check_writable(&self) -> Result<()> {
        self.check_open()?;
        self.failed.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Latches a failed write. A full disk and backpressure are no such failures: nothing was
    /// appended, and the next attempt may succeed.
    fn fail(&self, error: Error) -> Error {
        let passes = matches!(error, Error::Full { .. } | Error::Busy | Error::Closed);
        if passes { error } else { self.latch(error) }
    }

    /// Latches a failure that leaves the state of the disk unknown: writes fail with it from now
    /// on.
    fn latch(&self, error: Error) -> Error {
        let error = error.lasting();
        sabotage!(Unlatched, return error);
        if self.failed.set(error.clone()).is_ok() {
            self.options.tell(Event::Failed { error: error.clone() });
            self.backpressure.notify();
        }
        error
    }
}
