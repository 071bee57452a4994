//! Damage stays local: a store with damaged blocks goes on with everything that is not in them, readable
//! and writable, over restarts; it tells what it lost, and `repair` keeps the rest.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::*;
use crudjt_core::storage::sim::SimDisk;
use crudjt_core::{Event, JournalMode, Repair, Store, Token, repair, verify};

const SLOT: usize = 4096 + 8;
const TOKENS: usize = 6_000;
/// Records of the tests in a block.
const PER_BLOCK: u64 = 100;

/// Flips a bit in each of these blocks of the B-tree's file.
fn damage(disk: &SimDisk, folder: &Path, blocks: impl IntoIterator<Item = usize>) {
    disk.edit(&folder.join("records"), |bytes| {
        for block in blocks {
            bytes[4096 + block * SLOT + 2000] ^= 0x10;
        }
    });
}

/// A closed store with tokens, the one at n with n as its data; and how many blocks its B-tree has.
fn filled() -> (World, Vec<Token>, usize) {
    let world = World::new(JournalMode::Mapped);
    let store = world.open();
    let tokens = (0..TOKENS).map(|at| create(&store, at.to_string().as_bytes(), None, None));
    let tokens = tokens.collect();
    store.close().unwrap();
    let files = world.disk.files();
    let size = files.iter().find(|(path, _)| path.ends_with("records")).unwrap().1;
    (world, tokens, (size - 4096) / SLOT)
}

/// The blocks that only some of the tokens are in: the leaves of the records.
fn leaves(world: &World, tokens: &[Token], blocks: usize) -> Vec<usize> {
    let is_leaf = |block: &usize| {
        let world = World { disk: world.disk.copy(), ..world.clone() };
        damage(&world.disk, &world.path, [*block]);
        let Ok(store) = world.try_open() else { return false };
        let lost =
            tokens.iter().step_by(7).filter(|token| try_read(&store, token).is_err()).count();
        (1..200).contains(&lost)
    };
    (1..blocks).filter(is_leaf).collect()
}

/// Which tokens read as they should; the others must be absent, or errors with the name of the command.
fn readable(store: &Store, tokens: &[Token]) -> BTreeSet<usize> {
    let is_right = |at: &usize| match try_read(store, &tokens[*at]) {
        Ok(Some((data, ..))) => {
            assert_eq!(data, at.to_string().into_bytes());
            true
        }
        Ok(None) => false,
        Err(error) => {
            assert!(error.to_string().contains("crudjt repair"), "{error}");
            false
        }
    };
    (0..tokens.len()).filter(is_right).collect()
}

#[test]
fn everything_beside_damaged_blocks_goes_on_over_restarts() {
    let (whole, tokens, blocks) = filled();
    let leaves = leaves(&whole, &tokens, blocks);
    assert!(leaves.len() >= 50, "{} leaves", leaves.len());
    for count in [1, 3, 50] {
        let mut world = World { disk: whole.disk.copy(), ..whole.clone() };
        world.events = Default::default();
        let step = leaves.len() / count;
        damage(&world.disk, &world.path, leaves.iter().step_by(step).copied().take(count));
        let mut store = world.open();
        let alive = readable(&store, &tokens);
        let lost = (TOKENS - alive.len()) as u64;
        assert!((1..=count as u64 * PER_BLOCK).contains(&lost), "{count} blocks: {lost} lost");
        assert_eq!(store.stats().unwrap().damaged_records, lost);
        assert_eq!(world.codes(), ["CRUDJT_BLOCK_DAMAGED"]);
        let mut fresh = Vec::new();
        for round in 0..4 {
            // Every third token: every leaf is met.
            for at in alive.iter().filter(|at| *at % 3 == 0) {
                let data = at.to_string();
                assert!(update(&store, &tokens[*at], data.as_bytes(), None, None));
            }
            if round == 1 {
                // Its commit meets the block, and would fail for ever.
                let dead = (0..TOKENS).find(|at| !alive.contains(at)).unwrap();
                assert!(delete(&store, &tokens[dead]));
            }
            fresh.push(create(&store, format!("fresh {round}").as_bytes(), None, None));
            store.checkpoint().unwrap();
            assert_eq!(readable(&store, &tokens), alive);
            let closes = round % 2 == 0;
            if closes {
                store.close().unwrap();
            } else {
                world.kill(store);
            }
            store = world.open();
        }
        let told = told(&world);
        let (block, hurt, records) = told.expect("the loss is told");
        assert!(leaves.contains(&(block as usize)) && hurt == count as u64, "{told:?}");
        assert_eq!(records, lost);
        let kept = world.codes().iter().filter(|code| **code == "CRUDJT_DAMAGE_KEPT").count();
        assert_eq!(kept, 3, "each opening tells of what was lost");
        for (round, token) in fresh.iter().enumerate() {
            assert_eq!(data_of(&store, token), Some(format!("fresh {round}").into_bytes()));
        }
        assert!(delete(&store, &fresh[0]));
        assert!(delete(&store, &tokens[*alive.first().unwrap()]));
        store.close().unwrap();
        let verified = verify(&world.options(), &mut |_, _| ()).unwrap();
        assert_eq!(verified.findings, []);
        assert_eq!(verified.records, (alive.len() + fresh.len() - 2) as u64);
        let repaired = repair(&world.options(), &Repair::default(), &mut |_, _| ()).unwrap();
        assert_eq!(repaired.salvaged, verified.records);
    }
}

/// A token whose record is in a damaged block can still be revoked, and does not come back.
#[test]
fn a_token_in_a_damaged_block_can_be_deleted() {
    let (mut world, tokens, blocks) = filled();
    let block = leaves(&world, &tokens, blocks)[3];
    let whole = world.disk.copy();
    damage(&world.disk, &world.path, [block]);
    let store = world.open();
    let alive = readable(&store, &tokens);
    let lost = (0..TOKENS).find(|at| !alive.contains(at)).unwrap();
    assert!(delete(&store, &tokens[lost]));
    assert_eq!(data_of(&store, &tokens[lost]), None);
    store.flush().unwrap();
    world.kill(store);
    // The disk gives the block again, as one does that failed for a while.
    let mut sound = Vec::new();
    whole.edit(&world.path.join("records"), |bytes| sound.clone_from(bytes));
    world.disk.edit(&world.path.join("records"), |bytes| {
        let range = 4096 + block * SLOT..4096 + (block + 1) * SLOT;
        bytes[range.clone()].copy_from_slice(&sound[range]);
    });
    let store = world.open();
    assert_eq!(data_of(&store, &tokens[lost]), None);
    assert_eq!(readable(&store, &tokens).len(), TOKENS - 1);
}

/// Each single damaged block: what opens goes on.
#[test]
fn a_store_that_opens_takes_writes_whichever_block_is_damaged() {
    let (whole, tokens, blocks) = filled();
    let mut rebuilt = 0;
    for block in (1..blocks).step_by(3) {
        let world = World { disk: whole.disk.copy(), ..whole.clone() };
        damage(&world.disk, &world.path, [block]);
        let Ok(store) = world.try_open() else { continue };
        let alive = readable(&store, &tokens);
        for at in alive.iter().step_by(40) {
            assert!(update(&store, &tokens[*at], at.to_string().as_bytes(), None, None));
        }
        let dead = (0..TOKENS).find(|at| !alive.contains(at));
        dead.into_iter().for_each(|at| assert!(delete(&store, &tokens[at])));
        store.checkpoint().unwrap();
        store.sweep().unwrap();
        assert_eq!(readable(&store, &tokens), alive, "block {block}");
        store.close().unwrap();
        let store = world.open();
        assert_eq!(readable(&store, &tokens), alive, "block {block}");
        rebuilt += usize::from(
            world.disk.files().iter().any(|(path, _)| path.ends_with("records.damaged")),
        );
    }
    assert!(rebuilt > 20, "only {rebuilt} files were rebuilt");
}

fn with_destroyed(whole: &World, blocks: &[usize]) -> World {
    let world = World { disk: whole.disk.copy(), events: Default::default(), ..whole.clone() };
    world.disk.edit(&world.path.join("records"), |bytes| {
        blocks.iter().for_each(|block| bytes[4096 + block * SLOT..][..SLOT].fill(0x55));
    });
    world
}

/// What was told of a rebuilding: the first block, how many, and the records in them.
fn told(world: &World) -> Option<(u64, u64, u64)> {
    world.events.lock().unwrap().iter().find_map(|event| match event {
        Event::TreeDamaged { block, blocks, records, .. } => Some((*block, *blocks, *records)),
        _ => None,
    })
}

#[test]
fn a_store_opens_whichever_block_is_destroyed() {
    let (whole, tokens, blocks) = filled();
    let (mut restored, mut met, mut spared) = (0, Vec::new(), Vec::new());
    for block in 0..blocks {
        let world = with_destroyed(&whole, &[block]);
        let store = world.open();
        restored += usize::from(world.codes() == ["CRUDJT_TREE_RESTORED"]);
        let rebuilt = world.codes().contains(&"CRUDJT_TREE_DAMAGED");
        let fresh = create(&store, b"fresh", None, None);
        store.checkpoint().unwrap();
        let alive = readable(&store, &tokens).len() as u64;
        assert!(alive + PER_BLOCK >= TOKENS as u64, "block {block}: {alive} are left");
        if rebuilt {
            assert_eq!((alive, told(&world)), (TOKENS as u64, Some((block as u64, 1, 0))));
            met.push(block);
        } else if alive == TOKENS as u64 {
            spared.push(block);
        }
        store.close().unwrap();
        assert_eq!(data_of(&world.open(), &fresh), Some(b"fresh".to_vec()));
    }
    assert_eq!(restored, 3, "the header, the list of tables and the applied mark");
    // With both tables of the epochs everything would be lost.
    let pairs = met.iter().flat_map(|first| spared.iter().map(move |second| [*first, *second]));
    let refused = pairs.filter_map(|pair| with_destroyed(&whole, &pair).try_open().err());
    let pairs = refused.inspect(|error| assert!(error.to_string().contains("crudjt repair")));
    assert_eq!(pairs.count(), 1);
}

/// A page says how much of it is in use: the rest may be damaged.
#[test]
fn damage_behind_what_a_block_holds_costs_nothing() {
    let (whole, tokens, blocks) = filled();
    for block in (1..blocks).step_by(3) {
        let world = World { disk: whole.disk.copy(), events: Default::default(), ..whole.clone() };
        world.disk.edit(&world.path.join("records"), |bytes| {
            bytes[4096 + block * SLOT + SLOT - 1] ^= 1;
        });
        let store = world.open();
        for token in tokens.iter().step_by(50) {
            assert!(update(&store, token, b"changed", None, None));
        }
        store.checkpoint().unwrap();
        let left = tokens.iter().filter(|token| data_of(&store, token).is_some()).count();
        assert_eq!(left, TOKENS, "block {block}");
    }
}
