//! A damaged block of the B-tree is an error for the records in it, and for nothing else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::*;
use crudjt_core::{JournalMode, Store, Token};

const SLOT: usize = 4096 + 8;

/// A closed store with tokens, whose B-tree has one changed byte in each block that `damaged` names.
fn damaged(blocks: impl Iterator<Item = usize>) -> (World, Vec<Token>) {
    let world = World::new(JournalMode::Mapped);
    let store = world.open();
    let tokens =
        (0..400).map(|at| create(&store, format!("{at}").as_bytes(), None, None)).collect();
    store.close().unwrap();
    world.disk.edit(&world.path.join("records"), |bytes| {
        for block in blocks {
            bytes[4096 + block * SLOT + 2000] ^= 0x10;
        }
    });
    (world, tokens)
}

/// How many tokens read as they should; the others must be errors.
fn readable(store: &Store, tokens: &[Token]) -> usize {
    let right = |(at, token): &(usize, &Token)| match try_read(store, token) {
        Ok(found) => {
            assert_eq!(found.map(|(data, ..)| data), Some(format!("{at}").into_bytes()));
            true
        }
        Err(error) => {
            assert_eq!(error.code(), "ERR_CRUDJT_DAMAGED", "{error}");
            false
        }
    };
    tokens.iter().enumerate().filter(right).count()
}

#[test]
fn a_damaged_block_loses_only_its_own_records() {
    let (whole, _) = damaged(std::iter::empty());
    let size = whole.disk.files().iter().find(|(path, _)| path.ends_with("records")).unwrap().1;
    let mut hurt = 0;
    for block in 1..(size - 4096) / SLOT {
        let (world, tokens) = damaged(std::iter::once(block));
        let Ok(store) = world.try_open() else { continue };
        let first = readable(&store, &tokens);
        assert_eq!(first, readable(&store, &tokens), "block {block}: the second look differs");
        hurt += usize::from((1..400).contains(&first));
        let fresh = create(&store, b"fresh", None, None);
        assert_eq!(data_of(&store, &fresh), Some(b"fresh".to_vec()));
    }
    assert!(hurt > 3, "only {hurt} blocks with some of the records were met");
}

fn tree_content(world: &World) -> Vec<u8> {
    let mut content = Vec::new();
    world.disk.edit(&world.path.join("records"), |bytes| content.clone_from(bytes));
    content
}

/// Changes a store whose B-tree may be inconsistent in all ways that reach redb.
fn work(store: &Store, tokens: &[Token]) {
    tokens.iter().for_each(|token| _ = store.delete(token.as_bytes()));
    create(store, b"fresh", None, None);
    _ = (store.checkpoint(), store.sweep(), store.checkpoint());
}

/// A write that the disk lost leaves a stale block, whose checksum is right: redb may panic on it.
#[test]
fn a_stale_block_never_yields_older_data_and_never_ends_the_process() {
    let world = World::new(JournalMode::Mapped);
    let store = world.open();
    let tokens: Vec<_> = (0..200).map(|_| create(&store, &[1; 200], Some(60), None)).collect();
    let mut older = Vec::new();
    for round in 2..8 {
        store.checkpoint().unwrap();
        older.push(tree_content(&world));
        tokens.iter().for_each(|token| assert!(update(&store, token, &[round; 200], None, None)));
    }
    store.close().unwrap();
    let newest = tree_content(&world);
    let mut opened = 0;
    for older in &older {
        for block in 1..(older.len().min(newest.len()) - 4096) / SLOT {
            let range = 4096 + block * SLOT..4096 + (block + 1) * SLOT;
            if older[range.clone()] == newest[range.clone()] {
                continue;
            }
            let world = World { disk: world.disk.copy(), ..world.clone() };
            world.disk.edit(&world.path.join("records"), |bytes| {
                bytes[range.clone()].copy_from_slice(&older[range]);
            });
            let Ok(store) = world.try_open() else { continue };
            opened += 1;
            for token in &tokens {
                let read = try_read(&store, token);
                assert!(read.is_err() || read.unwrap().is_none_or(|(data, ..)| data == [7; 200]));
            }
            work(&store, &tokens[..100]);
        }
    }
    assert!(opened > 100, "only {opened} stores with a stale block were opened");
}
