//! Damage that is known of stays known: over restarts for as long as it is there, and what it has cost
//! for as long as the damaged files are kept.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use common::*;
use crudjt_core::storage::sim::SimDisk;
use crudjt_core::storage::{Held, Mapping, Mode, Storage, StorageFile};
use crudjt_core::{Environment, FindingKind, JournalMode, Options, Store, Token, verify};

const SLOT: usize = 4096 + 8;
const TOKENS: usize = 2_000;

fn filled() -> (World, Vec<Token>) {
    let world = World::new(JournalMode::Mapped);
    let store = world.open();
    let tokens = (0..TOKENS).map(|at| create(&store, at.to_string().as_bytes(), None, None));
    let tokens = tokens.collect();
    store.close().unwrap();
    (world, tokens)
}

fn content(world: &World, name: &str) -> Vec<u8> {
    let mut content = Vec::new();
    world.disk.edit(&world.path.join(name), |bytes| content.clone_from(bytes));
    content
}

fn has(world: &World, name: &str) -> bool {
    world.disk.files().iter().any(|(path, _)| path.ends_with(name))
}

/// The blocks that some of the tokens are in.
fn leaves(world: &World, tokens: &[Token], most: usize) -> Vec<usize> {
    let blocks = content(world, "records").len() / SLOT - 1;
    let is_leaf = |block: &usize| {
        let world = World { disk: world.disk.copy(), ..anew(world) };
        destroy(&world, *block);
        let store = world.open();
        tokens.iter().step_by(7).any(|token| try_read(&store, token).is_err())
    };
    (1..blocks).filter(is_leaf).take(most).collect()
}

fn destroy(world: &World, block: usize) {
    let range = place(block);
    world.disk.edit(&world.path.join("records"), |bytes| bytes[range].fill(0x55));
}

fn place(block: usize) -> Range<usize> {
    4096 + block * SLOT..4096 + (block + 1) * SLOT
}

fn unreadable(store: &Store, tokens: &[Token]) -> Vec<Token> {
    tokens.iter().filter(|token| try_read(store, token).is_err()).copied().collect()
}

fn anew(world: &World) -> World {
    World { events: Default::default(), ..world.clone() }
}

#[test]
fn damage_that_a_call_met_is_told_at_each_opening_until_it_is_gone() {
    let (mut world, tokens) = filled();
    destroy(&world, leaves(&world, &tokens, 1)[0]);
    let store = world.open();
    assert_eq!(world.codes(), [""; 0], "nobody has met it");
    let lost = unreadable(&store, &tokens);
    assert_eq!(unreadable(&store, &tokens).len(), lost.len());
    assert_eq!(store.stats().unwrap().damaged_records, lost.len() as u64, "each counts once");
    world.kill(store);
    for _ in 0..2 {
        world = anew(&world);
        let store = world.open();
        assert_eq!(world.codes(), ["CRUDJT_BLOCK_DAMAGED"], "though no call has met it");
        assert_eq!(store.stats().unwrap().damaged_records, 1);
        store.close().unwrap();
    }
    rebuilt_then_forgotten(world, &lost);
}

/// Once the file was rebuilt, the kept file tells of what was lost.
fn rebuilt_then_forgotten(mut world: World, lost: &[Token]) {
    let store = world.open();
    assert!(delete(&store, &lost[0]));
    store.checkpoint().unwrap();
    world.kill(store);
    world = anew(&world);
    world.open().close().unwrap();
    assert_eq!(world.codes(), ["CRUDJT_DAMAGE_KEPT"]);
    assert!(!has(&world, "damage"));
}

#[test]
fn damage_that_is_gone_at_the_next_opening_is_forgotten() {
    let (mut world, tokens) = filled();
    let (block, whole) = (leaves(&world, &tokens, 1)[0], content(&world, "records"));
    destroy(&world, block);
    let store = world.open();
    assert!(!unreadable(&store, &tokens).is_empty());
    world.kill(store);
    assert!(has(&world, "damage"));
    world.disk.edit(&world.path.join("records"), |bytes| {
        bytes[place(block)].copy_from_slice(&whole[place(block)]);
    });
    world = anew(&world);
    let store = world.open();
    assert_eq!(world.codes(), [""; 0]);
    assert_eq!((has(&world, "damage"), unreadable(&store, &tokens).len()), (false, 0));
}

/// Meets and rebuilds one damaged leaf of the records.
fn rebuild_once(world: &World, tokens: &[Token]) {
    destroy(world, leaves(world, tokens, 2)[1]);
    let store = world.open();
    let lost = unreadable(&store, tokens);
    assert!(delete(&store, &lost[0]));
    store.checkpoint().unwrap();
    store.close().unwrap();
}

#[test]
fn the_first_damaged_file_and_the_last_one_are_kept_and_verify_names_them() {
    let (world, tokens) = filled();
    rebuild_once(&world, &tokens);
    let first = content(&world, "records.damaged");
    assert!(!has(&world, "records.damaged-2"));
    let mut last = Vec::new();
    for _ in 0..2 {
        rebuild_once(&world, &tokens);
        assert!(content(&world, "records.damaged") == first, "the first one stays");
        let kept = content(&world, "records.damaged-2");
        assert!(kept != last, "the last one is replaced");
        last = kept;
    }
    let world = anew(&world);
    world.open().close().unwrap();
    assert_eq!(world.codes(), ["CRUDJT_DAMAGE_KEPT"; 2]);
    let verified = verify(&world.options(), &mut |_, _| ()).unwrap();
    assert!(verified.is_sound());
    assert_eq!(verified.kept, ["records.damaged", "records.damaged-2"]);
}

#[test]
fn a_rebuilding_that_is_interrupted_between_its_renames_is_undone() {
    for kept in [&["records.damaged"][..], &["records.damaged", "records.damaged-2"]] {
        let (world, tokens) = filled();
        let [folder, tree] = ["", "records"].map(|name| world.path.join(name));
        let older = kept.len() > 1;
        if older {
            // One that was kept before.
            world.disk.open(&folder.join(kept[0]), Mode::New).unwrap();
        }
        world.disk.open(&folder.join("records.new"), Mode::New).unwrap();
        world.disk.rename(&tree, &folder.join(kept.last().unwrap())).unwrap();
        let store = world.open();
        assert!(tokens.iter().all(|token| data_of(&store, token).is_some()));
        assert_eq!((has(&world, kept[0]), has(&world, "records.new")), (older, false));
    }
}

#[test]
fn verify_lists_what_is_wrong_by_place() {
    let (world, tokens) = filled();
    for block in leaves(&world, &tokens, 20).into_iter().rev() {
        destroy(&world, block);
    }
    let verified = verify(&world.options(), &mut |_, _| ()).unwrap();
    let blocks = verified.findings.iter().filter(|finding| finding.kind == FindingKind::Block);
    let places: Vec<_> = blocks.map(|finding| finding.place).collect();
    assert!(places.len() >= 20 && places.is_sorted(), "{places:?}");
}

/// A disk that reports a range of the B-tree's file as unreadable.
#[derive(Clone)]
struct BadSector {
    disk: SimDisk,
    bad: Arc<Mutex<Range<u64>>>,
}

#[derive(Debug)]
struct BadFile {
    file: Arc<dyn StorageFile>,
    bad: Arc<Mutex<Range<u64>>>,
}

impl Storage for BadSector {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.create_folder(path)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.disk.list(folder)
    }
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn StorageFile>> {
        let file = self.disk.open(path, mode)?;
        let bad = self.bad.clone();
        Ok(if path.ends_with("records") { Arc::new(BadFile { file, bad }) } else { file })
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.disk.sync_folder(folder)
    }
    fn lock(&self, path: &Path, mode: Mode) -> io::Result<Option<Box<dyn Held>>> {
        self.disk.lock(path, mode)
    }
    fn hold_folder(&self, folder: &Path) -> io::Result<Box<dyn Held>> {
        self.disk.hold_folder(folder)
    }
    fn maps_well(&self, folder: &Path) -> bool {
        self.disk.maps_well(folder)
    }
}

impl StorageFile for BadFile {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bad = self.bad.lock().unwrap().clone();
        // EIO, and what Windows calls a failed check of a sector.
        let code = if cfg!(windows) { 23 } else { 5 };
        if offset < bad.end && offset + out.len() as u64 > bad.start {
            return Err(io::Error::from_raw_os_error(code));
        }
        self.file.read_at(offset, out)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, data)
    }
    fn set_size(&self, size: u64) -> io::Result<()> {
        self.file.set_size(size)
    }
    fn allocate(&self, size: u64) -> io::Result<()> {
        self.file.allocate(size)
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
    fn map(&self, size: u64) -> io::Result<Box<dyn Mapping>> {
        self.file.map(size)
    }
}

#[test]
fn a_token_in_a_block_that_the_disk_cannot_read_can_be_deleted() {
    let (world, tokens) = filled();
    let block = leaves(&world, &tokens, 2)[1];
    let range = place(block);
    let bad = Arc::new(Mutex::new(range.start as u64..range.end as u64));
    let storage: Arc<dyn Storage> = Arc::new(BadSector { disk: world.disk.clone(), bad });
    let path: PathBuf = world.path.clone();
    let options = world.options();
    let environment = Environment { storage, ..options.environment.clone() };
    let store = Store::open(Options { path, environment, ..options }).unwrap();
    let lost = unreadable(&store, &tokens);
    assert!(!lost.is_empty());
    assert!(store.delete(lost[0].as_bytes()).unwrap(), "before the file is rebuilt");
    assert_eq!(data_of(&store, &lost[0]), None);
    store.checkpoint().unwrap();
    assert_eq!(unreadable(&store, &tokens).len(), 0, "rebuilt without the block");
}
