//! A backup of a store that is written to is a store by itself, with everything acknowledged before
//! it; one that did not come to its end says so.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};

use common::*;
use crudjt_core::storage::{Disk, Held, Mode, Storage, StorageFile};
use crudjt_core::{
    BackedUp, JournalMode, Options, Repair, Result, Store, Token, backup, repair, verify,
};

fn target(world: &World) -> PathBuf {
    PathBuf::from(world.path.to_string_lossy().replace("simulated", "backups"))
}

/// The backup as a world of its own, with nothing else on its disk's path.
fn restored(world: &World) -> World {
    World { path: target(world), ..world.clone() }
}

fn texts(store: &Store, tokens: &[Token]) -> Vec<Option<Vec<u8>>> {
    tokens.iter().map(|token| data_of(store, token)).collect()
}

#[test]
fn a_backup_holds_everything_acknowledged_before_and_opens_by_itself() {
    let world = World::new(JournalMode::Mapped);
    let store = world.open();
    let mut tokens: Vec<_> =
        (0..500u16).map(|at| create(&store, &at.to_le_bytes(), None, None)).collect();
    store.checkpoint().unwrap();
    assert!(delete(&store, &tokens[0]) && update(&store, &tokens[1], b"changed", None, None));
    let counted = create(&store, b"counted", None, Some(2));
    let backed_up = store.backup(&target(&world), &mut |_, _| ()).unwrap();
    assert_eq!(backed_up.records, 500);
    let expected = texts(&store, &tokens);
    let later = create(&store, b"later", None, None);
    assert!(delete(&store, &tokens[2]));
    let copy = restored(&world);
    let sound = verify(&copy.options(), &mut |_, _| ()).unwrap();
    assert!(sound.is_sound() && sound.opened == 500, "{sound:?}");
    let other = copy.open();
    assert_eq!(texts(&other, &tokens), expected);
    assert_eq!(
        (data_of(&other, &later), read(&other, &counted)),
        (None, Some((b"counted".to_vec(), None, Some(1))))
    );
    tokens.push(create(&other, b"goes on", None, None));
    other.close().unwrap();
    assert_eq!(data_of(&copy.open(), &tokens[500]), Some(b"goes on".to_vec()));
    assert_eq!(data_of(&store, &later), Some(b"later".to_vec()));
}

#[test]
fn a_backup_taken_under_writes_holds_a_prefix_of_each_writers_records() {
    let world = World::new(JournalMode::Plain);
    let store = world.open();
    let before: Vec<_> = (0..200).map(|_| create(&store, &[5; 300], None, None)).collect();
    let (begun, done) = (Barrier::new(3), AtomicBool::new(false));
    let write = || {
        let mut tokens: Vec<_> = (0..100).map(|_| create(&store, &[6; 200], None, None)).collect();
        begun.wait();
        while !done.load(Ordering::SeqCst) {
            tokens.push(create(&store, &[6; 200], None, None));
        }
        tokens.extend((0..100).map(|_| create(&store, &[6; 200], None, None)));
        tokens
    };
    let written = std::thread::scope(|scope| {
        let writers = [(); 2].map(|()| scope.spawn(write));
        begun.wait();
        store.backup(&target(&world), &mut |_, _| ()).unwrap();
        done.store(true, Ordering::SeqCst);
        writers.into_iter().map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
    });
    let copy = restored(&world).open();
    assert!(texts(&copy, &before).iter().all(Option::is_some));
    for tokens in written {
        let kept: Vec<bool> = texts(&copy, &tokens).iter().map(Option::is_some).collect();
        assert!(kept[99] && !kept[kept.len() - 100], "the backup was taken while writers wrote");
        assert!(
            kept.is_sorted_by(|earlier, later| earlier >= later),
            "a hole in one writer's history"
        );
    }
}

#[test]
fn a_target_that_is_not_empty_or_lies_in_the_store_is_refused() {
    let world = World::new(JournalMode::Mapped);
    let store = world.open();
    let token = create(&store, b"kept", None, None);
    for path in [world.path.clone(), world.path.join("within")] {
        assert_eq!(store.backup(&path, &mut |_, _| ()).err().unwrap().code(), "ERR_CRUDJT_PATH");
    }
    store.backup(&target(&world), &mut |_, _| ()).unwrap();
    assert_eq!(
        store.backup(&target(&world), &mut |_, _| ()).err().unwrap().code(),
        "ERR_CRUDJT_PATH"
    );
    assert_eq!(data_of(&store, &token), Some(b"kept".to_vec()));
}

#[test]
fn a_backup_interrupted_at_any_step_is_complete_or_recognised_as_incomplete() {
    let world = World::new(JournalMode::Mapped);
    let store = world.open();
    let tokens: Vec<_> = (0..50).map(|_| create(&store, b"kept", None, None)).collect();
    store.checkpoint().unwrap();
    let (mut refused, mut whole) = (0, 0);
    for step in 0..400 {
        let world = World { path: world.path.join(step.to_string()), ..world.clone() };
        world.disk.fail_after(step, ErrorKind::Other, true);
        let done = store.backup(&target(&world), &mut |_, _| ()).is_ok();
        world.disk.heal();
        match restored(&world).try_open() {
            Ok(copy) if done => {
                whole += usize::from(texts(&copy, &tokens).iter().all(Option::is_some));
                break;
            }
            Ok(copy) => {
                let there = texts(&copy, &tokens).iter().flatten().count();
                assert!(there == 0 || there == tokens.len(), "step {step}: {there} tokens");
            }
            Err(error) => {
                assert_eq!(error.code(), "ERR_CRUDJT_DAMAGED", "step {step}: {error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 10 && whole == 1, "{refused} refused, {whole} whole");
}

#[test]
fn a_closed_handle_refuses_a_backup() {
    let world = World::new(JournalMode::Mapped);
    let store = world.open();
    create(&store, b"kept", None, None);
    store.close().unwrap();
    assert_eq!(
        store.backup(&target(&world), &mut |_, _| ()).err().unwrap().code(),
        "ERR_CRUDJT_NOT_STARTED"
    );
}

/// Every file of a store and what is in it.
fn contents(world: &World) -> Vec<(PathBuf, Vec<u8>)> {
    let files = world.disk.files().into_iter().filter(|(path, _)| path.starts_with(&world.path));
    let read = |(path, _): (PathBuf, usize)| {
        let mut content = Vec::new();
        world.disk.edit(&path, |bytes| content.clone_from(bytes));
        (path, content)
    };
    files.map(read).collect()
}

fn back_up_closed(world: &World) -> Result<BackedUp> {
    backup(&world.options(), &target(world), &mut |_, _| ())
}

#[test]
fn a_closed_or_killed_store_is_backed_up_without_a_change() {
    for killed in [false, true] {
        let mut world = World::new(JournalMode::Mapped);
        let store = world.open();
        let tokens: Vec<_> =
            (0..300u16).map(|at| create(&store, &at.to_le_bytes(), None, None)).collect();
        store.checkpoint().unwrap();
        assert!(delete(&store, &tokens[0]) && update(&store, &tokens[1], b"changed", None, None));
        let expected = texts(&store, &tokens);
        if killed {
            world.kill(store)
        } else {
            store.close().unwrap()
        }
        let before = contents(&world);
        assert_eq!(back_up_closed(&world).unwrap().records, 299);
        assert_eq!(contents(&world), before);
        let copy = restored(&world);
        assert!(verify(&copy.options(), &mut |_, _| ()).unwrap().is_sound());
        let other = copy.open();
        assert_eq!(texts(&other, &tokens), expected);
        let fresh = create(&other, b"goes on", None, None);
        assert!(tokens.iter().all(|token| token.as_str() != fresh.as_str()));
        assert_eq!(back_up_closed(&world).err().unwrap().code(), "ERR_CRUDJT_PATH");
    }
}

#[test]
fn a_damaged_store_gives_no_backup_but_one_damaged_keyring_does_not_matter() {
    let world = World::new(JournalMode::Plain);
    let store = world.open();
    let token = create(&store, b"kept", None, None);
    store.close().unwrap();
    world.disk.edit(&world.path.join("keyring"), |bytes| bytes[50] ^= 1);
    back_up_closed(&world).unwrap();
    assert_eq!(data_of(&restored(&world).open(), &token), Some(b"kept".to_vec()));
    world.disk.edit(&world.path.join("records"), |bytes| bytes.truncate(bytes.len() / 2));
    let copy = PathBuf::from("/backups/of-a-damaged-store");
    let error = backup(&world.options(), &copy, &mut |_, _| ()).err().unwrap();
    assert_eq!(error.code(), "ERR_CRUDJT_DAMAGED");
    let opened = World { path: copy, ..world.clone() }.try_open();
    assert_eq!(opened.err().map(|error| error.code()), Some("ERR_CRUDJT_DAMAGED"));
}

#[test]
fn an_open_store_and_a_folder_within_the_store_are_refused_without_a_copy() {
    let world = World::new(JournalMode::Mapped);
    let store = world.open();
    assert_eq!(back_up_closed(&world).err().unwrap().code(), "ERR_CRUDJT_STORE_LOCKED");
    store.close().unwrap();
    let within = backup(&world.options(), &world.path.join("within"), &mut |_, _| ());
    assert_eq!(within.err().unwrap().code(), "ERR_CRUDJT_PATH");
    assert_eq!(
        back_up_closed(&World::new(JournalMode::Plain)).err().unwrap().code(),
        "ERR_CRUDJT_PATH"
    );
}

/// The real disk of a process that is killed before an access by name.
#[derive(Default)]
struct MortalDisk {
    /// Accesses left, plus one; 0 for no end of them.
    left: AtomicU64,
}

impl MortalDisk {
    fn die_after(&self, accesses: u64) {
        self.left.store(accesses + 1, Ordering::SeqCst);
    }

    fn live(&self) {
        self.left.store(0, Ordering::SeqCst);
    }

    fn step(&self) -> std::io::Result<()> {
        let count = |left: u64| (left > 1).then(|| left - 1);
        match self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, count) {
            Err(1) => Err(ErrorKind::Other.into()),
            _ => Ok(()),
        }
    }
}

impl Storage for MortalDisk {
    fn create_folder(&self, path: &Path) -> std::io::Result<()> {
        self.step()?;
        Disk.create_folder(path)
    }

    fn list(&self, folder: &Path) -> std::io::Result<Vec<String>> {
        Disk.list(folder)
    }

    fn open(&self, path: &Path, mode: Mode) -> std::io::Result<Arc<dyn StorageFile>> {
        self.step()?;
        Disk.open(path, mode)
    }

    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        self.step()?;
        Disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        self.step()?;
        Disk.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> std::io::Result<()> {
        self.step()?;
        Disk.sync_folder(folder)
    }

    fn lock(&self, path: &Path, mode: Mode) -> std::io::Result<Option<Box<dyn Held>>> {
        self.step()?;
        Disk.lock(path, mode)
    }

    fn hold_folder(&self, folder: &Path) -> std::io::Result<Box<dyn Held>> {
        self.step()?;
        Disk.hold_folder(folder)
    }

    fn maps_well(&self, folder: &Path) -> bool {
        Disk.maps_well(folder)
    }
}

#[test]
fn a_backup_that_is_killed_at_any_step_does_not_open_as_an_empty_store() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(MortalDisk::default());
    let options = |path: PathBuf| {
        let mut options = Options::new(path, vec![secret(1)]);
        options.environment.storage = disk.clone();
        options.environment.timers = false;
        options
    };
    let store = Store::open(options(folder.path().join("store"))).unwrap();
    let tokens: Vec<_> = (0..20).map(|_| create(&store, b"kept", None, None)).collect();
    store.checkpoint().unwrap();
    let (mut missing, mut refused) = (0, 0);
    for step in 0.. {
        let target = folder.path().join(format!("copies/{step}"));
        disk.die_after(step);
        let done = store.backup(&target, &mut |_, _| ()).is_ok();
        disk.live();
        missing += usize::from(!target.exists());
        if target.exists() {
            match Store::open(options(target.clone())) {
                Ok(copy) => assert!(texts(&copy, &tokens).iter().all(Option::is_some), "{step}"),
                Err(error) => {
                    assert_eq!(error.code(), "ERR_CRUDJT_DAMAGED", "{error}");
                    refused += 1;
                }
            }
        }
        if done {
            break;
        }
        assert!(step < 200);
    }
    assert!(missing > 2 && refused > 5, "{missing} missing, {refused} refused");
}

#[cfg(unix)]
#[test]
fn a_copy_is_refused_within_the_store_also_through_links_and_slashes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let options = |path: &Path| Options::new(path, vec![secret(1)]);
    Store::open(options(&path)).unwrap().close().unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for (store, target) in [(&path, &link), (&link, &path)] {
        let target = target.join("copy");
        let how = Repair { target: Some(target.clone()), ..Repair::default() };
        let refused = [
            backup(&options(store), &target, &mut |_, _| ()).err().unwrap(),
            repair(&options(store), &how, &mut |_, _| ()).err().unwrap(),
        ];
        assert!(refused.iter().all(|error| error.code() == "ERR_CRUDJT_PATH"), "{refused:?}");
        assert!(!target.exists());
    }
    let slash = PathBuf::from(format!("{}/", path.display()));
    let repaired = repair(&options(&slash), &Repair::default(), &mut |_, _| ()).unwrap();
    assert_eq!(repaired.path, folder.path().join("store.repaired"));
    assert!(repaired.path.is_dir() && !path.join(".repaired").exists());
}
