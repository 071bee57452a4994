//! Power losses on a medium that keeps only what was synced.

use std::sync::Arc;

use crudjt_core::{JournalMode, Store};

use crate::common::medium::Medium;
use crate::common::*;
use crate::{alive, create_uncommitted, small};

#[test]
fn a_commit_during_a_rotation_is_durable() {
    let world = small(JournalMode::Plain);
    let medium = Medium::of(&world);
    let open = || Store::open(medium.options(&world)).unwrap();
    let store = Arc::new(open());
    let (kept, mut later): (Vec<_>, Vec<_>) =
        ([(); 3].map(|()| create_uncommitted(&store)).into(), Vec::new());
    later.extend([(); 3].map(|()| create_uncommitted(&store)));
    // So that the commit needs no sync, which would wait for the rotation.
    store.flush().unwrap();
    medium.hold_begin();
    let rotating = std::thread::spawn({
        let store = store.clone();
        move || create_uncommitted(&store)
    });
    medium.wait_until_held();
    store.sweep().unwrap();
    medium.let_begin();
    later.push(rotating.join().unwrap());
    assert_eq!(store.stats().unwrap().pending, 4, "without the three that were committed");
    store.close().unwrap();
    let store = open();
    assert!(later.iter().all(|token| delete(&store, token)));
    store.close().unwrap();
    assert_eq!(alive(&open(), &kept), [true; 3]);
}

#[test]
fn entries_of_a_failed_sync_are_rewritten_before_writes_are_refused() {
    let world = small(JournalMode::Plain);
    let medium = Medium::of(&world);
    let store = Store::open(medium.options(&world)).unwrap();
    let tokens = [(); 4].map(|()| create_uncommitted(&store));
    medium.refuse_sync();
    assert_eq!(store.flush().unwrap_err().code(), "ERR_CRUDJT_STORAGE");
    store.flush().unwrap();
    let refused = store.create(b"refused", limits(None, None)).err().map(|error| error.code());
    assert_eq!(refused, Some("ERR_CRUDJT_STORAGE"));
    let world = medium.lose_power(world, store);
    assert_eq!(alive(&world.open(), &tokens), [true; 4]);
}

#[test]
fn flushed_and_committed_records_survive_a_power_loss() {
    for commit in [false, true] {
        let world = small(JournalMode::Plain);
        let medium = Medium::of(&world);
        let store = Store::open(medium.options(&world)).unwrap();
        let tokens = [(); 5].map(|()| create_uncommitted(&store));
        if commit { store.checkpoint() } else { store.flush() }.unwrap();
        _ = create_uncommitted(&store);
        let world = medium.lose_power(world, store);
        assert_eq!(alive(&world.open(), &tokens), [true; 5], "committed: {commit}");
    }
}

#[test]
fn recovered_records_survive_a_power_loss_together_with_later_ones() {
    let world = small(JournalMode::Plain);
    let medium = Medium::of(&world);
    let store = Store::open(medium.options(&world)).unwrap();
    let first = create(&store, b"never synced before the kill", None, None);
    let (world, medium) = medium.kill(world, store);
    let store = Store::open(medium.options(&world)).unwrap();
    let second = create(&store, b"flushed", None, None);
    store.flush().unwrap();
    let world = medium.lose_power(world, store);
    assert_eq!(alive(&world.open(), &[first, second]), [true, true]);
}
