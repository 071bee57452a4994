//! What a store keeps through reopening, killing and closing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use common::*;
use crudjt_core::{Error, Options, Store};

fn fill(store: &Store, count: usize) -> Vec<crudjt_core::Token> {
    (0..count).map(|at| create(store, format!("data {at}").as_bytes(), None, None)).collect()
}

fn check(store: &Store, tokens: &[crudjt_core::Token]) {
    for (at, token) in tokens.iter().enumerate() {
        assert_eq!(data_of(store, token), Some(format!("data {at}").into_bytes()), "token {at}");
    }
}

#[test]
fn a_token_is_read_back_from_memory_and_after_a_checkpoint() {
    for mode in MODES {
        let store = World::new(mode).open();
        let tokens = fill(&store, 1000);
        check(&store, &tokens);
        store.checkpoint().unwrap();
        check(&store, &tokens);
        assert_eq!(store.stats().unwrap().live_tokens, 1000);
    }
}

#[test]
fn a_killed_store_has_everything_acknowledged() {
    for mode in MODES {
        let mut world = World::new(mode);
        let store = world.open();
        let tokens = fill(&store, 500);
        assert!(delete(&store, &tokens[7]) && update(&store, &tokens[8], b"new", None, None));
        world.kill(store);
        let store = world.open();
        assert_eq!(
            (data_of(&store, &tokens[7]), data_of(&store, &tokens[8])),
            (None, Some(b"new".to_vec()))
        );
        check(&store, &tokens[..7]);
        assert_eq!(store.stats().unwrap().live_tokens, 499);
        store.checkpoint().unwrap();
        check(&store, &tokens[..7]);
        assert_eq!(store.stats().unwrap().live_tokens, 499);
    }
}

#[test]
fn a_store_killed_again_and_again_loses_nothing() {
    for mode in MODES {
        let mut world = World::new(mode);
        let mut tokens = Vec::new();
        for round in 0..30 {
            let store = world.open();
            check(&store, &tokens);
            for at in 0..round {
                tokens.push(create(
                    &store,
                    format!("data {}", tokens.len()).as_bytes(),
                    None,
                    None,
                ));
                if at == 11 {
                    store.checkpoint().unwrap();
                }
            }
            world.kill(store);
        }
        check(&world.open(), &tokens);
    }
}

#[test]
fn a_closed_store_opens_with_everything_in_it_and_one_segment_left() {
    for mode in MODES {
        let world = World::new(mode);
        let store = world.open();
        let tokens = fill(&store, 300);
        store.close().unwrap();
        store.close().unwrap();
        let segments = world
            .disk
            .files()
            .into_iter()
            .filter(|(path, _)| path.to_string_lossy().contains("journal"));
        assert_eq!(segments.map(|(_, size)| size).collect::<Vec<_>>(), vec![4096]);
        check(&world.open(), &tokens);
    }
}

#[test]
fn closing_one_of_several_handles_makes_everything_durable() {
    for mode in MODES {
        let world = World::new(mode);
        let (first, second) = (world.open(), world.open());
        create(&first, b"data", None, None);
        assert_ne!(second.stats().unwrap().unsynced_age_ms, None);
        first.close().unwrap();
        assert_eq!(second.stats().unwrap().unsynced_age_ms, None);
        create(&second, b"data", None, None);
        assert_eq!(second.stats().unwrap().live_tokens, 2);
    }
}

#[test]
fn every_open_handle_is_told_of_a_failure_once() {
    let worlds = {
        let first = World::new(MODES[1]);
        [first.clone(), World { events: Arc::default(), ..first.clone() }, first]
    };
    let [first, second, third] = worlds.each_ref().map(World::open);
    third.close().unwrap();
    let late = World { events: Arc::default(), ..worlds[0].clone() };
    first.close().unwrap();
    worlds[0].disk.fail_after(0, std::io::ErrorKind::Other, true);
    assert!(second.create(b"refused", Default::default()).is_err() || second.flush().is_err());
    assert_eq!((worlds[0].codes(), worlds[1].codes()), (vec![], vec!["CRUDJT_FAILED"]));
    let joined = late.open();
    assert_eq!(late.codes(), ["CRUDJT_FAILED"], "one that comes later is told too");
    drop(joined);
}

#[test]
fn calls_are_refused_once_a_handle_is_told_to_and_then_it_closes() {
    let world = World::new(MODES[0]);
    let (first, second) = (world.open(), world.open());
    let token = create(&first, b"kept", None, None);
    first.refuse_calls();
    assert!(matches!(first.stats(), Err(Error::Closed)));
    assert_eq!(data_of(&second, &token), Some(b"kept".to_vec()));
    first.close().unwrap();
    second.close().unwrap();
    assert_eq!(data_of(&world.open(), &token), Some(b"kept".to_vec()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_store_with_a_kept_handle_has_no_file_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::open(Options::new(&path, vec![secret(1)])).unwrap();
    let open = || {
        let files = std::fs::read_dir("/proc/self/fd").unwrap();
        let target = |file: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_link(file.ok()?.path()).ok().filter(|target| target.starts_with(&path))
        };
        files.filter_map(target).collect::<Vec<_>>()
    };
    assert!(!open().is_empty());
    store.close().unwrap();
    assert_eq!(open(), [""; 0].map(std::path::PathBuf::from));
    assert!(store.stats().is_err());
}
