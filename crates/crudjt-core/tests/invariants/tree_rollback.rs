//! Tombstones over the B-tree, and a B-tree file that fell back to an older commit.

use std::path::PathBuf;

use crudjt_core::{JournalMode, Store, Token};

use crate::common::*;
use crate::small;

#[test]
fn a_tombstone_hides_records_in_the_tree_and_in_frozen_memtables() {
    for mode in MODES {
        let mut world = small(mode);
        world.frozen_limit = 10;
        let store = world.open();
        let tokens: Vec<_> = (0..3).map(|_| create(&store, b"doomed", None, None)).collect();
        store.checkpoint().unwrap();
        let late = create(&store, b"doomed too", None, None);
        fill_a_memtable(&store);
        assert!(tokens.iter().chain([&late]).all(|token| delete(&store, token)));
        let dead = |store: &Store| {
            tokens.iter().chain([&late]).all(|token| data_of(store, token).is_none())
        };
        assert!(dead(&store));
        fill_a_memtable(&store);
        assert!(dead(&store), "with the tombstones frozen");
        store.checkpoint().unwrap();
        assert!(dead(&store), "with the tombstones in the tree");
        world.kill(store);
        assert!(dead(&world.open()), "after a kill");
    }
}

/// Writes as much as a memtable takes, so that what was written before is frozen.
fn fill_a_memtable(store: &Store) {
    (0..6).for_each(|_| _ = create(store, &[0; 4000], None, None));
}

/// A world with two commits behind it, and the B-tree's file as it was after each.
fn two_commits(mode: JournalMode) -> (World, Vec<Token>, [Vec<u8>; 3]) {
    let mut world = small(mode);
    let store = world.open();
    let mut tokens = Vec::new();
    let mut trees: [Vec<u8>; 3] = Default::default();
    for tree in &mut trees {
        *tree = tree_bytes(&world);
        tokens.push(create(&store, b"kept", None, None));
        store.checkpoint().unwrap();
    }
    world.kill(store);
    (world, tokens, trees)
}

fn tree_file(world: &World) -> PathBuf {
    world.path.join("records")
}

fn tree_bytes(world: &World) -> Vec<u8> {
    let mut copy = Vec::new();
    world.disk.edit(&tree_file(world), |bytes| copy.clone_from(bytes));
    copy
}

#[test]
fn a_tree_one_commit_behind_is_brought_forward_by_the_journal() {
    for mode in MODES {
        let (world, tokens, trees) = two_commits(mode);
        world.disk.edit(&tree_file(&world), |bytes| bytes.clone_from(&trees[2]));
        let store = world.open();
        assert!(tokens.iter().all(|token| data_of(&store, token).is_some()));
    }
}

#[test]
fn a_tree_two_commits_behind_is_damage() {
    for mode in MODES {
        let (world, _, trees) = two_commits(mode);
        world.disk.edit(&tree_file(&world), |bytes| bytes.clone_from(&trees[1]));
        assert_eq!(world.try_open().err().map(|error| error.code()), Some("ERR_CRUDJT_DAMAGED"));
    }
}

#[test]
fn a_tree_from_before_an_orderly_close_is_damage() {
    for mode in MODES {
        let world = small(mode);
        let store = world.open();
        _ = create(&store, b"first", None, None);
        store.checkpoint().unwrap();
        let older = tree_bytes(&world);
        _ = create(&store, b"second", None, None);
        store.close().unwrap();
        world.disk.edit(&tree_file(&world), |bytes| *bytes = older);
        assert_eq!(world.try_open().err().map(|error| error.code()), Some("ERR_CRUDJT_DAMAGED"));
    }
}
