//! A damaged branch of the B-tree costs nothing: the leaves below it, to which nothing leads any more,
//! are found again, and no older version of one of them is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::*;
use crudjt_core::{Finding, FindingKind, JournalMode, Repair, Store, Token, repair, verify};

const BLOCK: usize = 4096;
const SLOT: usize = BLOCK + 8;
const TOKENS: usize = 3_000;
/// Tokens that are deleted once the damage is there, so that a commit meets it.
const VICTIMS: usize = 25;
/// The first byte of a page.
const BRANCH: u8 = 2;
const LEAF: u8 = 1;

/// A closed or killed store that has changed over several commits: it has older versions of its leaves.
struct Changed {
    world: World,
    live: BTreeMap<usize, (Token, Vec<u8>)>,
    dead: Vec<Token>,
}

/// A record takes a third of a block, a part of one, or two.
fn data(at: usize, version: u8) -> Vec<u8> {
    let size =
        [900, 40, 3_900][usize::from(at.is_multiple_of(3)) + usize::from(at.is_multiple_of(60))];
    let mut data = at.to_le_bytes().to_vec();
    data.resize(size, version);
    data
}

fn changed(is_killed: bool) -> Changed {
    let mut world = World::new(JournalMode::Mapped);
    let store = world.open();
    let mut live = BTreeMap::new();
    let mut dead = Vec::new();
    for at in 0..TOKENS {
        live.insert(at, (create(&store, &data(at, 0), None, None), data(at, 0)));
    }
    store.checkpoint().unwrap();
    for round in 1..6u8 {
        for at in (usize::from(round)..TOKENS).step_by(11) {
            if let Some((token, newest)) = live.get_mut(&at) {
                *newest = data(at, round);
                assert!(update(&store, token, newest, None, None));
            }
        }
        for at in (usize::from(round) * 2..TOKENS).step_by(37) {
            if let Some((token, _)) = live.remove(&at) {
                assert!(delete(&store, &token));
                dead.push(token);
            }
        }
        store.checkpoint().unwrap();
    }
    if is_killed {
        store.flush().unwrap();
        world.kill(store);
    } else {
        store.close().unwrap();
    }
    Changed { world, live, dead }
}

impl Changed {
    fn with_spoiled(&self, blocks: &[usize]) -> World {
        let world = World {
            disk: self.world.disk.copy(),
            events: Default::default(),
            ..self.world.clone()
        };
        world.disk.edit(&world.path.join("records"), |bytes| {
            blocks.iter().for_each(|block| bytes[BLOCK + block * SLOT..][..SLOT].fill(0x55));
        });
        world
    }

    /// The blocks that begin with this byte.
    fn blocks(&self, first: u8) -> Vec<usize> {
        let mut found = Vec::new();
        self.world.disk.copy().edit(&self.world.path.join("records"), |bytes| {
            let blocks = 1..bytes.len() / SLOT;
            found = blocks.filter(|block| bytes[BLOCK + block * SLOT..][0] == first).collect();
        });
        found
    }

    /// Whether an opening already meets the damage of a block.
    fn is_met_at_opening(&self, block: usize) -> bool {
        let world = self.with_spoiled(&[block]);
        world.try_open().is_err() || world.codes().contains(&"CRUDJT_TREE_DAMAGED")
    }

    /// All branches but the root of the records and those of redb's own tables.
    fn inner_branches(&self) -> Vec<usize> {
        let mut branches = self.blocks(BRANCH);
        branches.retain(|block| !self.is_met_at_opening(*block));
        branches
    }

    /// Makes a commit meet the damage; gives how many tokens are lost then.
    fn lost_after_a_commit(&self, store: &Store) -> usize {
        let is_victim = |at: &usize| at.is_multiple_of(VICTIMS);
        for (_, (token, _)) in self.live.iter().filter(|(at, _)| is_victim(at)) {
            // False if it was in a leaf that an opening found damaged.
            delete(store, token);
        }
        store.checkpoint().unwrap();
        let comes_back = |token: &Token| matches!(try_read(store, token), Ok(Some(_)));
        assert!(!self.dead.iter().any(comes_back), "dead stays dead");
        let rest = self.live.iter().filter(|(at, _)| !is_victim(at));
        let lost = rest.filter(|(_, (token, newest))| match try_read(store, token) {
            Ok(Some((found, ..))) => {
                assert_eq!(found, *newest, "an older state came back");
                false
            }
            Ok(None) | Err(_) => true,
        });
        lost.count()
    }
}

#[test]
fn all_tokens_below_a_damaged_branch_are_kept_in_their_newest_state() {
    for is_killed in [false, true] {
        let whole = changed(is_killed);
        let mut met = BTreeSet::new();
        for block in whole.blocks(BRANCH) {
            let world = whole.with_spoiled(&[block]);
            let store = world.open();
            assert_eq!(whole.lost_after_a_commit(&store), 0, "block {block}");
            if world.codes().contains(&"CRUDJT_TREE_DAMAGED") {
                met.insert(block);
            }
            store.close().unwrap();
            assert_eq!(verify(&world.options(), &mut |_, _| ()).unwrap().findings, []);
        }
        assert!(met.len() > 5, "{} branches", met.len());
        let world = whole.with_spoiled(&whole.inner_branches());
        assert_eq!(whole.lost_after_a_commit(&world.open()), 0, "without any of them");
    }
}

#[test]
fn repair_brings_back_all_below_a_damaged_branch_and_nothing_that_was_deleted() {
    let whole = changed(false);
    for block in whole.blocks(BRANCH) {
        let world = whole.with_spoiled(&[block]);
        let found = verify(&world.options(), &mut |_, _| ()).unwrap();
        assert_eq!(found.records, whole.live.len() as u64);
        let is_block = |finding: &Finding| finding.kind == FindingKind::Block;
        assert!(found.findings.iter().all(is_block), "{:?}", found.findings);
        let repaired = repair(&world.options(), &Repair::default(), &mut |_, _| ()).unwrap();
        let told = (repaired.salvaged, repaired.doubtful, repaired.lost);
        assert_eq!(told, (whole.live.len() as u64, 0, Some(0)));
        let store = World { path: repaired.path, ..world }.open();
        assert_eq!(whole.lost_after_a_commit(&store), 0);
    }
}

#[test]
fn a_damaged_leaf_below_a_damaged_branch_costs_its_own_tokens() {
    let whole = changed(false);
    let branches = whole.inner_branches();
    let mut lossy = 0;
    for leaf in
        whole.blocks(LEAF).into_iter().filter(|leaf| !whole.is_met_at_opening(*leaf)).step_by(40)
    {
        let alone = whole.lost_after_a_commit(&whole.with_spoiled(&[leaf]).open());
        let world = whole.with_spoiled(&[branches.as_slice(), &[leaf]].concat());
        assert_eq!(whole.lost_after_a_commit(&world.open()), alone, "leaf {leaf}");
        lossy += usize::from(alone > 0);
    }
    assert!(lossy > 5, "only {lossy} leaves");
}

/// Without the free list, an older version of a leaf can't be told from the newest one.
#[test]
fn nothing_below_a_damaged_branch_comes_back_where_the_free_list_is_unreadable() {
    let whole = changed(false);
    let branches = whole.inner_branches();
    let (mut all, mut none) = (0, 0);
    for block in whole.blocks(LEAF).into_iter().filter(|block| whole.is_met_at_opening(*block)) {
        let world = whole.with_spoiled(&[branches.as_slice(), &[block]].concat());
        let Ok(store) = world.try_open() else { continue };
        match whole.lost_after_a_commit(&store) {
            0 => all += 1,
            lost => none += usize::from(lost > 1_000),
        }
    }
    assert!(all > 0 && none > 0, "{all} openings without a loss, {none} with one");
}
