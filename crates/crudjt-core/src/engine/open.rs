//! Opens a store step by step: folder, lock, keyring, B-tree, journal, then the threads.

use crate::platform::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};

use crate::platform::sync::{CachePadded, Condvar, Mutex};
use arc_swap::{ArcSwap, ArcSwapOption};

use super::append_lock::AppendState;
use super::checkpoint::{CommitState, CoveredSegment};
use super::clock_file::ClockFile;
use super::create_store::create_store;
use super::damage::KnownDamage;
use super::folder::enter;
use super::has_records::has_records;
use super::memtables::Memtables;
use super::replay::Replay;
use super::seal::Domains;
use super::time::Timekeeper;
use super::{Backpressure, Engine, STRIPES};
use crate::cache::RecordCache;
use crate::call::MAX_DATA_SIZE;
use crate::crypto::keyring::{Keyring, Unlocked};
use crate::crypto::secret::{self, Secret};
use crate::crypto::{EpochRow, Epochs};
use crate::event::Event;
use crate::journal::{self, AppendCursor, Recovered, Segment, SegmentMaker, SpareSegments, Syncer};
use crate::memtable::Memtable;
use crate::options::Options;
use crate::platform::owner_lock::Ownership;
use crate::tree::{OpenedTree, TREE_FILE, Tree};
use crate::{Error, Result};

/// Opens the store that the options describe, creating it if there is none.
pub(super) fn open(mut options: Options) -> Result<Arc<Engine>> {
    let is_weak = check(&options)?.looks_weak();
    let (ownership, names) = enter(&mut options)?;
    if is_weak {
        options.tell(Event::WeakKey);
    }
    let repaired = || options.tell(Event::KeyringRepaired { path: options.path.clone() });
    let (keyring, OpenedTree { tree, epochs, lost }) =
        match Keyring::load(options.folder(), repaired)? {
            Some(keyring) => {
                require_tree(&options, &names)?;
                require_known_key(&options, &keyring)?;
                let opened = Tree::open(&options, keyring.store)?;
                (keyring, opened)
            }
            None => create_store(&options, &ownership, &names)?,
        };
    let unlocked = keyring.unlock(&options.secrets);
    let epochs = load_epochs(epochs, &unlocked);
    let journal = recover_journal(&options, &keyring, &tree, &unlocked, &epochs)?;
    let keyring = carry_domains(&options, keyring, &unlocked, journal.highest_id > 0)?;
    let maker = SegmentMaker::new(&options, keyring.store);
    let engine = assemble(options, ownership, keyring, unlocked, epochs, tree, maker, journal)?;
    let engine = Arc::new(Engine { damage: KnownDamage::after_losing(lost), ..engine });
    engine.look_at_known_damage();
    engine.start_threads().inspect_err(|_| engine.abandon())?;
    engine.ownership.wait_for_readers(engine.options.environment.clock.as_ref());
    Ok(engine)
}

/// Checks what can be checked without the folder; gives the newest secret.
fn check(options: &Options) -> Result<&Secret> {
    if options.max_data_size > MAX_DATA_SIZE {
        return Err(Error::TooLarge { size: options.max_data_size, limit: MAX_DATA_SIZE });
    }
    options.secrets.first().ok_or_else(|| Error::SecretKey(secret::BLANK.to_owned()))
}

fn require_tree(options: &Options, names: &[String]) -> Result<()> {
    if names.iter().any(|name| name == TREE_FILE) {
        return Ok(());
    }
    let what = "the file is missing: restore it from a backup";
    Err(Error::damaged(&options.path.join(TREE_FILE), what))
}

/// Refuses a secret that opens nothing, if that was asked for, before anything is changed.
fn require_known_key(options: &Options, keyring: &Keyring) -> Result<()> {
    if options.require_known_key
        && keyring.unlock(&options.secrets).domains.is_empty()
        && has_records(options, keyring.store)?
    {
        return Err(Error::UnknownKey { path: options.path.clone() });
    }
    Ok(())
}

/// Wraps the open domains under the newest secret too; reports a secret that opens none in a store
/// that has records.
fn carry_domains(
    options: &Options,
    mut keyring: Keyring,
    unlocked: &Unlocked,
    has_records: bool,
) -> Result<Keyring> {
    if unlocked.domains.is_empty() && has_records {
        options.tell(Event::NewKey { path: options.path.clone() });
    }
    if let Some(newest) = options.secrets.first()
        && keyring.carry(unlocked, newest, options.environment.clock.wall())?
    {
        sabotage!(CarriedUnsaved, return Ok(keyring));
        keyring.save(options.folder())?;
    }
    Ok(keyring)
}

fn load_epochs(rows: Vec<EpochRow>, unlocked: &Unlocked) -> Epochs {
    let epochs = Epochs::default();
    rows.into_iter().for_each(|row| add_epoch(&epochs, unlocked, row));
    epochs
}

fn add_epoch(epochs: &Epochs, unlocked: &Unlocked, row: EpochRow) {
    match unlocked.domains.iter().find(|domain| domain.id == row.domain) {
        Some(domain) => drop(epochs.add(domain, row)),
        None => epochs.reserve(row.number),
    }
}

/// The journal as recovered and replayed.
struct Journal {
    recovered: Recovered,
    /// The replayed entries; its segments are those of `recovered` that have any.
    memtable: Option<Memtable>,
    highest_id: u64,
}

fn recover_journal(
    options: &Options,
    keyring: &Keyring,
    tree: &Tree,
    unlocked: &Unlocked,
    epochs: &Epochs,
) -> Result<Journal> {
    let mark = tree.mark();
    let mut replay = Replay::default();
    let recovered =
        journal::recover(options, keyring.store, mark.applied, &mut |segment, change| {
            replay.take(segment, change, |row| add_epoch(epochs, unlocked, row));
        })?;
    let recovered = recovered.ok_or_else(|| {
        Error::damaged(&options.path, "the journal is missing: restore its files from a backup")
    })?;
    let highest_id = replay.highest_id.max(mark.highest_id);
    let memtable = replay.into_memtable(recovered.next)?;
    Ok(Journal { recovered, memtable, highest_id })
}

#[expect(clippy::too_many_arguments, reason = "the one place where all parts of an engine meet")]
fn assemble(
    options: Options,
    ownership: Arc<Ownership>,
    keyring: Keyring,
    unlocked: Unlocked,
    epochs: Epochs,
    tree: Tree,
    maker: SegmentMaker,
    journal: Journal,
) -> Result<Engine> {
    let Journal { recovered, memtable, highest_id } = journal;
    let newest = recovered.newest_time.max(tree.mark().newest_time);
    let clock_file = ClockFile::open(options.folder(), keyring.store)?;
    let (time, event) = Timekeeper::new(options.environment.clock.clone(), newest, clock_file);
    event.into_iter().for_each(|event| options.tell(event));
    let spare_segments = SpareSegments::new(maker, recovered.next_number);
    let cursor = begin(&spare_segments, &recovered)?;
    let segment = cursor.segment.clone();
    let (frozen, covered) = split(memtable, recovered.segments);
    let active = Arc::new(Memtable::new(vec![segment], highest_id + 1, time.monotonic()));
    Ok(Engine {
        cache: RecordCache::new(options.cache_size / 4),
        options,
        keyring: Mutex::new(keyring),
        domains: Domains::new(unlocked),
        epochs,
        sealing: ArcSwap::default(),
        first_epoch: OnceLock::new(),
        epoch_making: Mutex::default(),
        stripes: (0..STRIPES).map(|_| Mutex::default()).collect(),
        append_state: CachePadded(Mutex::new(AppendState::new(cursor, active.clone()))),
        prefaulted: Condvar::default(),
        shelf: ArcSwapOption::empty(),
        memtables: ArcSwap::from_pointee(Memtables { active, frozen }),
        tree,
        commit_state: Mutex::new(CommitState { covered, removable: Vec::new() }),
        tree_times: Mutex::default(),
        backing_up: Mutex::default(),
        syncer: Syncer::starting_at(recovered.next.sequence - 1),
        spare_segments,
        time,
        next_id: CachePadded(AtomicU64::new(highest_id + 1)),
        backpressure: Backpressure::default(),
        damage: KnownDamage::default(),
        failed: OnceLock::new(),
        closed: AtomicBool::new(false),
        sync_signal: Arc::default(),
        tree_signal: Arc::default(),
        threads: Mutex::default(),
        ownership,
    })
}

/// The end of the journal: in a new segment, or without room on a disk that is full. Then the store
/// reads, deletes where there is space for a small segment, and sweeps, until there is space again.
fn begin(spare_segments: &SpareSegments, recovered: &Recovered) -> Result<AppendCursor> {
    let full = || Error::Full { path: spare_segments.folder().to_path_buf() };
    match spare_segments.take_first()? {
        Some(segment) => AppendCursor::begin(segment, recovered.next),
        None => {
            let last = recovered.segments.last().cloned().ok_or_else(full)?;
            Ok(AppendCursor::without_room(last, recovered.next))
        }
    }
}

/// The frozen memtables and the covered segments: the replayed memtable is committed like any
/// frozen one and then frees its segments; segments that it does not need are covered by the last
/// commit.
fn split(
    memtable: Option<Memtable>,
    segments: Vec<Arc<Segment>>,
) -> (Vec<Arc<Memtable>>, Vec<CoveredSegment>) {
    let needed = |segment: &Arc<Segment>| {
        memtable
            .iter()
            .flat_map(|memtable| &memtable.segments)
            .any(|needed| Arc::ptr_eq(needed, segment))
    };
    let covered =
        segments.iter().filter(|segment| !needed(segment)).map(CoveredSegment::new).collect();
    (memtable.map(Arc::new).into_iter().collect(), covered)
}
