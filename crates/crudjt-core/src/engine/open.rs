//! Opening a store, step by step: folder, lock, keyring, B-tree, journal; then the threads.

use crate::platform::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::Arc;
use std::sync::OnceLock;

use crate::platform::sync::{Condvar, Mutex};
use arc_swap::ArcSwap;

use super::append_lock::AppendState;
use super::folder::{SET_ASIDE, is_own_file, refuse_incomplete, remove_fresh, remove_tickets};
use super::has_records::has_records;
use super::replay::Replay;
use super::time::Timekeeper;
use super::{CommitState, Counters, Domains, Engine, Room, STRIPES, Spent};
use crate::bytes::CachePadded;
use crate::cache::RecordCache;
use crate::call::MAX_DATA_SIZE;
use crate::crypto::keyring;
use crate::crypto::keyring::{Keyring, Unlocked};
use crate::crypto::{EpochRow, Epochs};
use crate::event::Event;
use crate::journal::{AppendCursor, Recovered, Segment, SegmentMaker, SpareSegments, Syncer};
use crate::memtable::{Memtable, Memtables};
use crate::options::Options;
use crate::platform::owner_lock::{self, Ownership};
use crate::testing::sabotage::{Breakage, broken};
use crate::tree::{FRESH_TREE, TREE_FILE, Tree};
use crate::{Error, Result, journal};

/// Opens the store that the options describe, making it if there is none.
pub(crate) fn open(options: Options) -> Result<Arc<Engine>> {
    check(&options)?;
    let (ownership, names) = enter(&options)?;
    let (keyring, tree) = match Keyring::load(&options)? {
        Some(keyring) => {
            require(&options, &names, TREE_FILE)?;
            refuse_stranger(&options, &keyring)?;
            let tree = Tree::open(&options, keyring.store)?;
            (keyring, tree)
        }
        None => create_store(&options, &names)?,
    };
    let unlocked = keyring.unlock(&options.secrets);
    let epochs = load_epochs(&tree, &unlocked)?;
    let journal = read_journal(&options, &keyring, &tree, &unlocked, &epochs)?;
    let keyring = carry(&options, keyring, &unlocked, journal.highest_id > 0)?;
    let maker = SegmentMaker::new(&options, keyring.store);
    let engine =
        Arc::new(assemble(options, ownership, keyring, unlocked, epochs, tree, maker, journal)?);
    if let Err(error) = engine.start_threads() {
        engine.abandon();
        return Err(error);
    }
    Ok(engine)
}

fn check(options: &Options) -> Result<()> {
    if options.max_data_size > MAX_DATA_SIZE {
        return Err(Error::TooLarge { size: options.max_data_size, limit: MAX_DATA_SIZE });
    }
    match options.secrets.first() {
        None => Err(Error::SecretKey(
            "Secret key is blank: give the Base64 of 32, 48 or 64 random bytes".to_owned(),
        )),
        Some(newest) => {
            if newest.looks_weak() {
                options.tell(Event::WeakKey);
            }
            Ok(())
        }
    }
}

/// Makes the folder and takes the lock; gives the names of the files there.
fn enter(options: &Options) -> Result<(Ownership, Vec<String>)> {
    let storage = options.environment.storage.as_ref();
    storage.create_folder(&options.path).map_err(|error| Error::unusable(&options.path, error))?;
    let ownership = owner_lock::own(&options.environment, &options.path, options.lock_wait)?;
    if options.in_project {
        options.tell(Event::InProject { path: options.path.clone() });
    }
    let names =
        storage.list(&options.path).map_err(|error| Error::unusable(&options.path, error))?;
    refuse_incomplete(&options.path, &names)?;
    if names.iter().any(|name| name == FRESH_TREE) {
        remove_fresh(options)?;
    }
    remove_tickets(options, &names);
    let foreign: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| !is_own_file(name)).collect();
    if !foreign.is_empty() {
        let names = foreign.iter().take(5).copied().collect::<Vec<_>>().join(", ");
        options.tell(Event::ForeignFiles { path: options.path.clone(), names });
    }
    Ok((ownership, names))
}

/// Refuses a secret that opens nothing, where that was asked for, before anything is changed.
fn refuse_stranger(options: &Options, keyring: &Keyring) -> Result<()> {
    let is_stranger = || keyring.unlock(&options.secrets).domains.is_empty();
    if options.require_known_key && is_stranger() && has_records(options, keyring.store)? {
        return Err(Error::UnknownKey { path: options.path.clone() });
    }
    Ok(())
}

fn require(options: &Options, names: &[String], file: &str) -> Result<()> {
    if names.iter().any(|name| name == file) {
        return Ok(());
    }
    Err(Error::damaged(&options.path.join(file), "the file is missing: put it back from a backup"))
}

/// Makes a new store: B-tree first, then a segment, the keyring last, so that an interrupted
/// attempt is told from a store that lost its keyring.
fn create_store(options: &Options, names: &[String]) -> Result<(Keyring, Tree)> {
    if journal::any_in_use(options)? {
        return Err(Error::damaged(
            &options.path.join(keyring::KEYRING_FILES[0]),
            "both copies of the keyring are missing: put one back from a backup, without it no record can be opened",
        ));
    }
    clear_attempt(options, names)?;
    let mut keyring = Keyring::new()?;
    let tree = Tree::open(options, keyring.store)?;
    SegmentMaker::new(options, keyring.store).first()?;
    if let Some(newest) = options.secrets.first() {
        keyring.add_domain(newest, options.environment.clock.wall())?;
    }
    keyring.save(options)?;
    Ok((keyring, tree))
}

/// Clears away what an interrupted beginning left. The B-tree is kept under another name: it should
/// be empty, but nobody has looked.
fn clear_attempt(options: &Options, names: &[String]) -> Result<()> {
    let storage = options.environment.storage.as_ref();
    for name in names {
        let path = options.path.join(name);
        let cleared = if name == TREE_FILE {
            storage.rename(&path, &options.path.join(SET_ASIDE))
        } else if journal::is_segment(name) {
            storage.remove(&path)
        } else {
            Ok(())
        };
        cleared.map_err(|error| Error::storage(&path, "be made", error))?;
    }
    Ok(())
}

/// Wraps the open domains under the newest secret too; reports a secret that opens none in a store
/// that has records.
fn carry(
    options: &Options,
    mut keyring: Keyring,
    unlocked: &Unlocked,
    used: bool,
) -> Result<Keyring> {
    if unlocked.domains.is_empty() && used {
        options.tell(Event::NewKey { path: options.path.clone() });
    }
    if let Some(newest) = options.secrets.first()
        && keyring.carry(unlocked, newest, options.environment.clock.wall())?
        && !broken(Breakage::CarriedUnsaved)
    {
        keyring.save(options)?;
    }
    Ok(keyring)
}

fn load_epochs(tree: &Tree, unlocked: &Unlocked) -> Result<Epochs> {
    let epochs = Epochs::default();
    for row in tree.epochs()? {
        add_epoch(&epochs, unlocked, row);
    }
    Ok(epochs)
}

fn add_epoch(epochs: &Epochs, unlocked: &Unlocked, row: EpochRow) {
    match unlocked.domains.iter().find(|domain| domain.id == row.domain) {
        Some(domain) => drop(epochs.add(domain, row)),
        None => epochs.reserve(row.number),
    }
}

/// The journal as an open engine needs it.
struct Journal {
    recovered: Recovered,
    /// What was replayed; its segments are those of `recovered` that have entries for it.
    memtable: Option<Memtable>,
    highest_id: u64,
}

fn read_journal(
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
        Error::damaged(&options.path, "the journal is missing: put its files back from a backup")
    })?;
    let highest_id = replay.highest_id.max(mark.highest_id);
    let memtable = replay.into_memtable(recovered.next)?;
    Ok(Journal { recovered, memtable, highest_id })
}

#[expect(clippy::too_many_arguments, reason = "the one place where all parts of an engine meet")]
fn assemble(
    options: Options,
    ownership: Ownership,
    keyring: Keyring,
    unlocked: Unlocked,
    epochs: Epochs,
    tree: Tree,
    maker: SegmentMaker,
    journal: Journal,
) -> Result<Engine> {
    let Journal { recovered, memtable, highest_id } = journal;
    let newest = recovered.newest_time.max(tree.mark().newest_time);
    let (time, set_aside) = Timekeeper::new(options.environment.clock.clone(), newest);
    if set_aside > 0 {
        options.tell(Event::ClockBehind { seconds: set_aside / 1000 });
    }
    let spare_segments = SpareSegments::new(maker, recovered.next_number);
    spare_segments.restock();
    let segment = spare_segments.take()?.ok_or(Error::Busy)?;
    let cursor = AppendCursor::begin(segment.clone(), recovered.next)?;
    let (frozen, covered) = split(memtable, recovered.segments);
    let active = Arc::new(Memtable::new(vec![segment], highest_id + 1, time.monotonic()));
    Ok(Engine {
        cache: RecordCache::new(options.cache_size / 4),
        options,
        keyring: Mutex::new(keyring),
        domains: Domains { found: unlocked.domains, own: unlocked.own, extended: OnceLock::new() },
        epochs,
        sealing: ArcSwap::default(),
        first_epoch: OnceLock::new(),
        epoch_making: Mutex::default(),
        stripes: (0..STRIPES).map(|_| Mutex::default()).collect(),
        append_state: CachePadded(Mutex::new(AppendState::new(cursor, active.clone()))),
        prefaulted: Condvar::default(),
        memtables: ArcSwap::from_pointee(Memtables { active, frozen }),
        tree,
        commit_state: Mutex::new(CommitState { covered, removable: Vec::new() }),
        tree_times: Mutex::default(),
        backing_up: Mutex::default(),
        syncer: Syncer::starting_at(recovered.next.sequence - 1),
        spare_segments,
        time,
        next_id: CachePadded(AtomicU64::new(highest_id + 1)),
        room: Room::default(),
        counters: Counters::default(),
        failed: OnceLock::new(),
        closed: AtomicBool::new(false),
        sync_signal: Arc::default(),
        tree_signal: Arc::default(),
        threads: Mutex::default(),
        ownership: Mutex::new(Some(ownership)),
    })
}

/// The replayed memtable is committed like any frozen one, and frees its segments like any; the
/// segments that it does not need are covered by the commit that was found.
fn split(
    memtable: Option<Memtable>,
    segments: Vec<Arc<Segment>>,
) -> (Vec<Arc<Memtable>>, Vec<Spent>) {
    let needed = |segment: &Arc<Segment>| {
        memtable
            .iter()
            .flat_map(|memtable| &memtable.segments)
            .any(|needed| Arc::ptr_eq(needed, segment))
    };
    let covered = segments.iter().filter(|segment| !needed(segment)).map(Spent::of).collect();
    (memtable.map(Arc::new).into_iter().collect(), covered)
}
