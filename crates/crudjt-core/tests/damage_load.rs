//! A store on a disk with damaged blocks under load: calls about everything that is not in them go on,
//! over restarts. `CRUDJT_LOCAL_TOKENS` and `CRUDJT_LOCAL_SECONDS` of load a case make it a soak.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::*;
use crudjt_core::{Event, FindingKind, Options, Repair, Store, Token, repair, verify};

const BLOCK: usize = 4096;
const SLOT: usize = BLOCK + 8;
/// A leaf of the records has more than so many, and fewer than a hundred.
const FULL_LEAF: u16 = 40;
const RESTARTS: u64 = 3;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A folder with a store, and what its tokens should read as.
struct Trial {
    folder: tempfile::TempDir,
    events: Arc<Mutex<Vec<Event>>>,
    live: BTreeMap<u64, Token>,
    next: u64,
    random: u64,
}

impl Trial {
    fn new(tokens: u64) -> Trial {
        let folder = tempfile::tempdir().unwrap();
        let (events, live) = (Arc::default(), BTreeMap::new());
        let mut trial = Trial { folder, events, live, next: 0, random: 1 };
        let store = trial.open();
        (0..tokens).for_each(|_| trial.create(&store));
        store.close().unwrap();
        trial
    }

    fn options(&self, name: &str) -> Options {
        let mut options = Options::new(self.folder.path().join(name), vec![secret(1)]);
        let events = self.events.clone();
        options.on_event = Some(Arc::new(move |event| events.lock().unwrap().push(event)));
        options
    }

    fn open(&self) -> Store {
        Store::open(self.options("store")).unwrap()
    }

    fn edit(&self, name: &str, change: impl FnOnce(&mut [u8])) {
        let path = self.folder.path().join(name).join("records");
        let mut bytes = std::fs::read(&path).unwrap();
        change(&mut bytes);
        std::fs::write(path, bytes).unwrap();
    }

    /// Leaves of the records in the newest commit, spread over the file: among blocks that look like
    /// one, those whose damage `verify` finds in a copy.
    fn leaves(&self, count: usize) -> Vec<usize> {
        copy(&self.folder.path().join("store"), &self.folder.path().join("copy"));
        let is_leaf = |bytes: &[u8], block: usize| {
            let head = &bytes[BLOCK + block * SLOT..];
            head[0] == 1 && u16::from_le_bytes([head[2], head[3]]) > FULL_LEAF
        };
        self.edit("copy", |bytes| {
            let blocks = bytes.len() / SLOT - 1;
            let found: Vec<_> = (1..blocks).filter(|block| is_leaf(bytes, *block)).collect();
            let step = (found.len() / 70).max(1);
            found.into_iter().step_by(step).for_each(|block| spoil(bytes, block));
        });
        let verified = verify(&self.options("copy"), &mut |_, _| ()).unwrap();
        std::fs::remove_dir_all(self.folder.path().join("copy")).unwrap();
        let blocks = verified.findings.iter().filter(|finding| finding.kind == FindingKind::Block);
        let blocks: Vec<_> = blocks.filter_map(|finding| Some(finding.place? as usize)).collect();
        assert!(blocks.len() >= count, "{} leaves", blocks.len());
        blocks.into_iter().take(count).collect()
    }

    fn create(&mut self, store: &Store) {
        let token = create(store, &data(self.next), None, None);
        self.live.insert(self.next, token);
        self.next += 1;
    }

    fn any(&mut self) -> u64 {
        self.random = self.random.wrapping_mul(6364136223846793005).wrapping_add(1);
        let from = (self.random >> 33) % self.next;
        let at = self.live.range(from..).next().or_else(|| self.live.first_key_value());
        *at.unwrap().0
    }

    /// Calls about what is not damaged, for so long and until `done`; gives the slowest one.
    fn load(&mut self, store: &Store, time: Duration, done: &AtomicBool) -> (Duration, u64) {
        let start = Instant::now();
        let (mut slowest, mut calls) = (Duration::ZERO, 0);
        while start.elapsed() < time || !done.load(Ordering::Relaxed) {
            let at = self.any();
            let token = self.live[&at];
            let begun = Instant::now();
            match calls % 10 {
                0 => self.create(store),
                1 => assert!(delete(store, &self.live.remove(&at).unwrap())),
                2..5 => assert!(update(store, &token, &data(at), None, None)),
                _ => assert_eq!(data_of(store, &token), Some(data(at))),
            }
            slowest = slowest.max(begun.elapsed());
            calls += 1;
        }
        (slowest, calls)
    }

    fn codes(&self, code: &str) -> usize {
        self.events.lock().unwrap().iter().filter(|event| event.code() == code).count()
    }
}

fn data(at: u64) -> Vec<u8> {
    at.to_string().into_bytes()
}

fn spoil(bytes: &mut [u8], block: usize) {
    bytes[BLOCK + block * SLOT..][..SLOT].fill(0x55);
}

/// Destroys block 0 in place: an open store has the file open.
fn destroy_header(store: &Path) {
    let mut file = std::fs::OpenOptions::new().write(true).open(store.join("records")).unwrap();
    file.seek(SeekFrom::Start(BLOCK as u64)).unwrap();
    file.write_all(&[0x55; SLOT]).unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn goes_on_with(count: usize, tokens: u64, seconds: Duration) {
    let mut trial = Trial::new(tokens);
    let leaves = trial.leaves(count);
    trial.edit("store", |bytes| leaves.iter().for_each(|block| spoil(bytes, *block)));
    let how = Repair { target: Some(trial.folder.path().join("repaired")), ..Repair::default() };
    let repaired = repair(&trial.options("store"), &how, &mut |_, _| ()).unwrap();

    let mut store = trial.open();
    let (alive, dead): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut trial.live)
        .into_iter()
        .partition(|(at, token)| match try_read(&store, token) {
            Ok(found) => found.is_some_and(|(found, ..)| found == data(*at)),
            Err(error) => {
                assert!(error.to_string().contains("crudjt repair"), "{error}");
                false
            }
        });
    assert!((count..=count * 100).contains(&dead.len()), "{} are lost", dead.len());
    assert_eq!(repaired.salvaged, alive.len() as u64, "repair keeps all but those");
    assert_eq!(repaired.lost, Some(dead.len() as u64));
    trial.live = alive;
    for restart in 0..=RESTARTS {
        if restart == 0 {
            // Its commit meets a damaged block.
            assert!(delete(&store, dead.first_key_value().unwrap().1));
        }
        // Windows lets nobody else write to the file of an open store.
        if cfg!(unix) {
            destroy_header(&trial.folder.path().join("store"));
        }
        let done = AtomicBool::new(false);
        let time = seconds / (RESTARTS as u32 + 1);
        std::thread::scope(|scope| {
            let commit = scope.spawn(|| {
                let begun = Instant::now();
                store.checkpoint().unwrap();
                done.store(true, Ordering::Relaxed);
                begun.elapsed()
            });
            let (during, _) = trial.load(&store, Duration::ZERO, &done);
            let (slowest, calls) = trial.load(&store, time, &done);
            println!(
                "{count} damaged blocks, {restart} restarts: first commit {:?}, slowest call in it {during:?}, afterwards {slowest:?} of {calls}",
                commit.join().unwrap()
            );
        });
        assert!(dead.values().all(|token| data_of(&store, token).is_none()));
        assert!(trial.live.iter().all(|(at, token)| data_of(&store, token) == Some(data(*at))));
        store.close().unwrap();
        destroy_header(&trial.folder.path().join("store"));
        store = trial.open();
    }
    assert_eq!(trial.codes("CRUDJT_TREE_DAMAGED"), 1, "the loss is told");
    assert!(trial.codes("CRUDJT_TREE_RESTORED") > RESTARTS as usize, "at each opening");
    assert_eq!(trial.codes("CRUDJT_DAMAGE_KEPT"), RESTARTS as usize + 1, "and at each opening");
    store.close().unwrap();
    let verified = verify(&trial.options("store"), &mut |_, _| ()).unwrap();
    assert_eq!((verified.findings, verified.records), (vec![], trial.live.len() as u64));
    println!("{count} damaged blocks: {} tokens of {tokens} lost", dead.len());
}

#[test]
fn a_store_on_a_disk_opens_whichever_block_is_destroyed() {
    let trial = Trial::new(500);
    let (whole, store) = (trial.folder.path().join("whole"), trial.folder.path().join("store"));
    std::fs::rename(&store, &whole).unwrap();
    let blocks = std::fs::metadata(whole.join("records")).unwrap().len() as usize / SLOT;
    let mut rebuilt = 0;
    for block in 0..blocks - 1 {
        copy(&whole, &store);
        trial.edit("store", |bytes| spoil(bytes, block));
        let opened = trial.open();
        let found = |token: &&Token| matches!(try_read(&opened, token), Ok(Some(_)));
        let lost = 500 - trial.live.values().filter(found).count() as u64;
        rebuilt += usize::from(store.join("records.damaged").exists());
        assert!(lost <= 100, "{lost} are lost");
        opened.close().unwrap();
        std::fs::remove_dir_all(&store).unwrap();
    }
    assert!(rebuilt > 2, "only {rebuilt} were rebuilt");
    assert_eq!(trial.codes("CRUDJT_TREE_RESTORED"), 3, "three blocks have copies");
}

#[test]
fn the_load_on_everything_beside_damaged_blocks_goes_on_over_restarts() {
    let tokens = setting("CRUDJT_LOCAL_TOKENS", 6_000);
    let seconds = setting("CRUDJT_LOCAL_SECONDS", 1);
    [1, 3, 50]
        .into_iter()
        .for_each(|count| goes_on_with(count, tokens, Duration::from_secs(seconds)));
}
