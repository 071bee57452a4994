//! A backup of a store that is written to is a store by itself, with everything acknowledged before
//! it; one that did not come to its end says so.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use common::*;
use crudjt_core::{BackedUp, JournalMode, Result, Store, Token, backup, verify};

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
