//! Journals and B-trees of which a power loss took some sectors, or whole states.

use std::path::PathBuf;

use crudjt_core::JournalMode;

use crate::common::medium::{BEGIN_AT, ENTRIES};
use crate::common::*;
use crate::{alive, begins_at, begun, create_uncommitted, small};

/// Loses the sectors that say where these segments begin, as a power loss may.
fn lose_begins(world: &World, segments: &[PathBuf]) {
    segments.iter().for_each(|path| world.disk.edit(path, |bytes| begins_at(bytes).fill(0)));
}

#[test]
fn the_lost_header_of_an_empty_segment_hides_no_later_entries() {
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
fn entries_lost_with_the_power_do_not_come_back_behind_new_ones() {
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
fn missing_synced_entries_are_damage_and_missing_unsynced_ones_a_torn_tail() {
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
fn a_segment_behind_a_gap_does_not_block_later_entries() {
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
fn a_journal_that_ends_before_the_trees_last_commit_is_damage() {
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
