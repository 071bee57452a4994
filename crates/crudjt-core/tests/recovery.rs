//! What is left after a kill, a power loss or a full disk in the worst moment: nothing that was
//! synced is lost, nothing dead comes back, and the store goes on.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use common::medium::{BEGIN_AT, ENTRIES, Medium};
use common::*;
use crudjt_core::{JournalMode, Options, Store, Token};

const MODES: [JournalMode; 2] = [JournalMode::Mapped, JournalMode::Plain];
const SEGMENT: usize = 16 << 10;

fn small(journal: JournalMode) -> World {
    World { segment_bytes: SEGMENT as u64, ..World::new(journal) }
}

/// The world as it stands, with a store that goes on failing in its own copy of it.
fn survived(world: World, store: impl Sized) -> World {
    let disk = world.disk.copy();
    drop(store);
    World { disk, ..world }
}

fn alive(store: &Store, tokens: &[Token]) -> Vec<bool> {
    tokens.iter().map(|token| data_of(store, token).is_some()).collect()
}

fn begins_at(bytes: &mut [u8]) -> &mut [u8] {
    &mut bytes[BEGIN_AT as usize..][..512]
}

/// The segments with room for entries that were begun.
fn begun(world: &World) -> Vec<PathBuf> {
    let is_begun = |path: &PathBuf| {
        let mut found = false;
        world.disk.edit(path, |bytes| found = begins_at(bytes).iter().any(|byte| *byte != 0));
        found
    };
    let segments = world.disk.files().into_iter().filter(|(path, size)| {
        path.to_string_lossy().contains("journal-") && *size > ENTRIES as usize
    });
    segments.map(|(path, _)| path).filter(is_begun).collect()
}

/// Loses the sectors that say where these segments begin, as a power loss may.
fn lose_begins(world: &World, segments: &[PathBuf]) {
    segments.iter().for_each(|path| world.disk.edit(path, |bytes| begins_at(bytes).fill(0)));
}

#[test]
fn a_store_killed_at_any_step_of_its_close_goes_on_and_keeps_what_follows() {
    for mode in MODES {
        let closed = (0..60).find(|step| close_killed_at(mode, *step));
        assert!(closed.is_some(), "no close came to its end");
    }
}

/// Kills a close at a step, then writes and kills again; true if the close was through before.
fn close_killed_at(mode: JournalMode, step: u64) -> bool {
    let world = small(mode);
    let store = world.open();
    let first = create(&store, b"first", None, None);
    world.disk.fail_after(step, ErrorKind::Other, true);
    let closed = store.close().is_ok();
    let mut world = survived(world, store);
    let store = world.try_open().unwrap_or_else(|error| panic!("step {step}: {error}"));
    assert_eq!(alive(&store, &[first]), [true], "step {step}");
    let second = create(&store, b"second", None, None);
    assert!(delete(&store, &first));
    store.flush().unwrap();
    world.kill(store);
    let store = world.try_open().unwrap_or_else(|error| panic!("step {step}: {error}"));
    assert_eq!(alive(&store, &[first, second]), [false, true], "step {step}");
    closed
}

#[test]
fn a_kill_at_any_step_of_a_commit_a_sweep_or_an_opening_loses_and_revives_nothing() {
    for mode in MODES {
        (0..40).for_each(|step| commit_killed_at(mode, step));
    }
}

fn commit_killed_at(mode: JournalMode, step: u64) {
    let world = small(mode);
    let store = world.open();
    let mut living: Vec<_> = (0..8).map(|_| create(&store, &[1; 3000], None, None)).collect();
    store.checkpoint().unwrap();
    let mut dead = vec![living.remove(0)];
    assert!(delete(&store, &dead[0]));
    living.extend([(); 2].map(|()| create(&store, &[2; 3000], None, None)));
    world.disk.fail_after(step, ErrorKind::Other, true);
    let _ = store.checkpoint().and_then(|()| store.sweep());
    let mut world = survived(world, store);
    for round in 0..3 {
        world.disk.fail_after((step * 14 + round * 5) % 23, ErrorKind::Other, true);
        let opened = world.try_open();
        world = survived(world, opened);
        let store = world.try_open().unwrap_or_else(|error| panic!("step {step}: {error}"));
        assert!(alive(&store, &living).iter().all(|alive| *alive), "step {step}: lost");
        assert!(!alive(&store, &dead).contains(&true), "step {step}: revived");
        living.push(create(&store, b"more", None, None));
        dead.push(living.remove(0));
        assert!(delete(&store, dead.last().unwrap()));
        if round == 1 {
            store.checkpoint().unwrap();
        }
        world.kill(store);
    }
}

#[test]
fn an_expired_token_is_dead_for_good_whoever_met_it() {
    type Meeting = fn(&Store, &Token) -> bool;
    let meetings: [Meeting; 3] = [
        |store, token| data_of(store, token).is_some(),
        |store, token| update(store, token, b"revived", None, None),
        delete,
    ];
    for mode in MODES {
        for (meeting, recovered) in meetings.iter().flat_map(|it| [(it, false), (it, true)]) {
            let mut world = small(mode);
            let mut store = world.open();
            let token = create(&store, b"short", Some(5), None);
            if recovered {
                world.kill(store);
                store = world.open();
            }
            world.clock.advance(6_000);
            assert!(!meeting(&store, &token));
            world.kill(store);
            world.clock.set_wall(START);
            assert_eq!(data_of(&world.open(), &token), None, "recovered: {recovered}");
        }
    }
}

#[test]
fn an_unknown_secret_is_an_error_also_before_the_first_commit() {
    let mut world = small(JournalMode::Mapped);
    let store = world.open();
    _ = create(&store, b"kept", None, None);
    world.kill(store);
    world.secrets = vec![secret(2)];
    let strict = Options { require_known_key: true, ..world.options() };
    assert_eq!(Store::open(strict).err().map(|error| error.code()), Some("ERR_CRUDJT_UNKNOWN_KEY"));
}

#[test]
fn a_lost_beginning_of_a_segment_without_entries_hides_nothing_that_follows() {
    let mut world = small(JournalMode::Plain);
    let store = world.open();
    let first = create(&store, b"first", None, None);
    store.close().unwrap();
    let store = world.open();
    world.kill(store);
    let empty = begun(&world);
    assert_eq!(empty.len(), 1);
    let store = world.open();
    let second = create(&store, b"second", None, None);
    store.flush().unwrap();
    world.kill(store);
    lose_begins(&world, &empty);
    let store = world.open();
    assert_eq!(alive(&store, &[first, second]), [true, true]);
    let third = create(&store, b"third", None, None);
    assert!(delete(&store, &first));
    store.flush().unwrap();
    world.kill(store);
    assert_eq!(alive(&world.open(), &[first, second, third]), [false, true, true]);
}

#[test]
fn what_was_lost_with_the_power_does_not_come_back_behind_new_entries() {
    let mut world = small(JournalMode::Plain);
    let store = world.open();
    let tokens = [(); 2].map(|()| create(&store, b"kept", None, None));
    store.close().unwrap();
    let store = world.open();
    assert!(tokens.iter().all(|token| delete(&store, token)));
    world.kill(store);
    lose_begins(&world, &begun(&world));
    let store = world.open();
    assert_eq!(alive(&store, &tokens), [true, true], "the deletions were not synced");
    assert!(delete(&store, &tokens[0]));
    world.kill(store);
    assert_eq!(alive(&world.open(), &tokens), [false, true]);
}

#[test]
fn entries_that_were_synced_and_are_gone_are_damage_and_others_a_torn_tail() {
    for (mode, synced) in MODES.into_iter().flat_map(|mode| [(mode, true), (mode, false)]) {
        let mut world = small(mode);
        let store = world.open();
        let token = create(&store, b"kept", None, None);
        if synced {
            store.flush().unwrap();
        }
        world.kill(store);
        for path in begun(&world) {
            world.disk.edit(&path, |bytes| bytes[ENTRIES as usize..].fill(0));
        }
        match world.try_open() {
            Err(error) => assert_eq!((error.code(), synced), ("ERR_CRUDJT_DAMAGED", true)),
            Ok(store) => assert_eq!((data_of(&store, &token), synced), (None, false)),
        }
    }
}

#[test]
fn a_segment_behind_a_hole_does_not_stand_in_the_way_of_what_follows() {
    for mode in MODES {
        let mut world = small(mode);
        let store = world.open();
        (0..4).for_each(|_| _ = create_uncommitted(&store));
        world.kill(store);
        let segments = begun(&world);
        assert_eq!(segments.len(), 2);
        world.disk.edit(&segments[0], |bytes| bytes[ENTRIES as usize..].fill(0));
        let store = world.open();
        let token = create(&store, b"kept", None, None);
        store.flush().unwrap();
        world.kill(store);
        assert_eq!(alive(&world.open(), &[token]), [true]);
    }
}

fn is_damaged(world: &World) -> bool {
    world.try_open().is_err_and(|error| error.code() == "ERR_CRUDJT_DAMAGED")
}

#[test]
fn a_journal_that_ends_before_what_the_tree_holds_is_damage() {
    for mode in MODES {
        let mut world = small(mode);
        let store = world.open();
        _ = create(&store, b"kept", None, None);
        store.checkpoint().unwrap();
        world.kill(store);
        let segments = begun(&world);
        for path in &segments {
            let after_begin = BEGIN_AT as usize + 512;
            world.disk.edit(path, |bytes| bytes[after_begin..].fill(0));
        }
        lose_begins(&world, &segments[1..]);
        assert!(is_damaged(&world));
    }
}

#[test]
fn a_tree_of_another_timeline_is_damage() {
    for mode in MODES {
        let world = small(mode);
        world.open().close().unwrap();
        let worlds = [(); 2].map(|()| {
            let mut world = World { disk: world.disk.copy(), ..world.clone() };
            let store = world.open();
            _ = create(&store, b"one or the other", None, None);
            store.checkpoint().unwrap();
            world.kill(store);
            world
        });
        let (mut tree, path) = (Vec::new(), world.path.join("records"));
        worlds[0].disk.edit(&path, |bytes| tree.clone_from(bytes));
        worlds[1].disk.edit(&path, |bytes| bytes.clone_from(&tree));
        assert!(is_damaged(&worlds[1]));
    }
}

/// Creates a token without committing anything to make room; three fill a segment.
fn create_uncommitted(store: &Store) -> Token {
    try_create_uncommitted(store, &[1; 3500]).unwrap()
}

#[test]
fn a_commit_in_the_middle_of_a_rotation_stays_done() {
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
fn what_a_failed_sync_did_not_reach_is_written_anew_before_the_store_gives_up() {
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
fn what_was_flushed_or_committed_survives_the_power() {
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
fn what_was_recovered_survives_the_power_together_with_what_follows() {
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

/// Epoch and nonce of each record in a segment's bytes.
fn seals(segment: &[u8]) -> Vec<[u8; 9]> {
    let (mut found, mut entries) = (Vec::new(), &segment[ENTRIES as usize..]);
    while let Some((head, payload)) = entries.split_at_checked(24).filter(|(head, _)| head[4] != 0)
    {
        let length = u32::from_le_bytes(*head.first_chunk().unwrap()) as usize;
        if head[4] == 1 {
            // An id of 8 bytes, format and flags, then the epoch and the nonce.
            found.push(*payload[10..].first_chunk().unwrap());
        }
        entries = &payload[length.next_multiple_of(8)..];
    }
    found
}

/// Epoch and nonce of each record in the journal.
fn journal_seals(world: &World) -> Vec<[u8; 9]> {
    let mut found = Vec::new();
    for path in begun(world) {
        world.disk.edit(&path, |bytes| found.extend(seals(bytes)));
    }
    found
}

#[test]
fn no_nonce_is_used_twice_under_one_epoch_over_closing_and_killing() {
    for (mode, closing) in MODES.into_iter().flat_map(|mode| [(mode, true), (mode, false)]) {
        let mut world = World { epoch_seals: 4, ..small(mode) };
        let mut found = Vec::new();
        for _ in 0..4 {
            let store = world.open();
            let token = create(&store, b"sealed", None, Some(9));
            (0..4).for_each(|_| assert!(read(&store, &token).is_some()));
            assert!(update(&store, &token, b"sealed again", None, None));
            if closing {
                found.extend(journal_seals(&world));
                store.close().unwrap();
            } else {
                world.kill(store);
            }
        }
        found.extend(journal_seals(&world));
        let different: std::collections::BTreeSet<_> = found.iter().collect();
        assert_eq!((found.len(), different.len()), (24, 24), "closing: {closing}");
    }
}

#[test]
fn creates_that_a_full_disk_refuses_leave_no_trace() {
    for mode in MODES {
        let mut world = small(mode);
        let store = world.open();
        let mut tokens = vec![create(&store, b"before", None, None)];
        world.disk.fail_after(0, ErrorKind::StorageFull, true);
        while let Ok(token) = try_create_uncommitted(&store, &[1; 3500]) {
            tokens.push(token);
        }
        assert!((0..2_000).all(|_| store.create(&[1; 3500], limits(None, None)).is_err()));
        world.disk.heal();
        tokens.extend((0..300).map(|_| create_once_there_is_space(&store, b"after")));
        assert!(alive(&store, &tokens).iter().all(|alive| *alive));
        world.kill(store);
        assert!(alive(&world.open(), &tokens).iter().all(|alive| *alive));
    }
}
