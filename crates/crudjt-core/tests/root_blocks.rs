//! The root blocks, which lead to all others: block 0, the list of tables and the applied mark. Whichever
//! is damaged is restored from its copy, and nothing is lost; a copy that is damaged too, or stale, never
//! yields wrong data.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::*;
use crudjt_core::{FindingKind, JournalMode, Repair, Store, Token, repair, verify};

const PREFACE: usize = 4096;
const BLOCK: usize = 4096 + 8;
/// Where in the preface the two copies are.
const COPIES: [usize; 2] = [1024, 2560];
const COPY: usize = 1536;
const TOKENS: usize = 600;

/// What a test keeps of a token: it and its data, `None` for a deleted one.
type Known = Vec<(Token, Option<Vec<u8>>)>;

/// A store that was committed several times, closed or killed.
fn filled(journal: JournalMode, closed: bool) -> (World, Known) {
    let mut world = World::new(journal);
    let store = world.open();
    let mut known = Known::new();
    for round in 0..4 {
        work(&store, &mut known, round);
        store.checkpoint().unwrap();
    }
    if closed {
        store.close().unwrap();
    } else {
        work(&store, &mut known, 4);
        store.flush().unwrap();
        world.kill(store);
    }
    (world, known)
}

/// Creates tokens, updates and deletes some of the older ones.
fn work(store: &Store, known: &mut Known, round: usize) {
    for at in 0..TOKENS / 4 {
        let data = format!("{round} {at}").into_bytes();
        known.push((create(store, &data, None, None), Some(data)));
    }
    for (at, (token, state)) in
        known.iter_mut().enumerate().filter(|(_, (_, state))| state.is_some())
    {
        if at % 7 == round {
            assert!(delete(store, token));
            *state = None;
        } else if at % 5 == round {
            let data = format!("changed in {round}").into_bytes();
            assert!(update(store, token, &data, None, None));
            *state = Some(data);
        }
    }
}

fn assert_whole(store: &Store, known: &Known) {
    for (token, state) in known {
        assert_eq!(data_of(store, token), *state);
    }
    assert_eq!(store.stats().unwrap().damaged_records, 0);
}

fn copy_of(world: &World) -> World {
    World { disk: world.disk.copy(), events: Default::default(), ..world.clone() }
}

fn edit(world: &World, change: impl FnOnce(&mut Vec<u8>)) {
    world.disk.edit(&world.path.join("records"), change);
}

fn destroy(world: &World, at: usize, length: usize) {
    edit(world, |bytes| bytes[at..at + length].fill(0x55));
}

fn destroy_block(world: &World, block: usize) {
    destroy(world, PREFACE + block * BLOCK, BLOCK);
}

/// The root blocks, as the newer copy names them.
fn root_blocks(world: &World) -> Vec<usize> {
    let mut bytes = Vec::new();
    edit(world, |file| bytes.clone_from(file));
    let place = COPIES.into_iter().max_by_key(|place| transaction(&bytes[*place..])).unwrap();
    let (mut at, mut blocks) = (place + 2, Vec::new());
    for _ in 0..bytes[place] {
        blocks.push(u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize);
        at += 10 + usize::from(u16::from_le_bytes([bytes[at + 8], bytes[at + 9]]));
    }
    blocks
}

/// The transaction of the newest commit in a copy.
fn transaction(copy: &[u8]) -> u64 {
    let header = &copy[12..];
    let slot = if header[9] & 1 == 0 { 64 } else { 192 };
    u64::from_le_bytes(header[slot + 104..slot + 112].try_into().unwrap())
}

fn goes_on(world: &World, known: &Known, what: &str) {
    let store = world.open();
    assert_eq!(world.codes(), ["CRUDJT_TREE_RESTORED"], "{what}");
    assert_whole(&store, known);
    let fresh = create(&store, b"fresh", None, None);
    store.checkpoint().unwrap();
    store.close().unwrap();
    assert!(verify(&world.options(), &mut |_, _| ()).unwrap().is_sound(), "{what}");
    let store = world.open();
    assert_eq!(world.codes().len(), 1, "{what}: told once");
    assert_whole(&store, known);
    assert_eq!(data_of(&store, &fresh), Some(b"fresh".to_vec()));
}

#[test]
fn a_store_whose_root_block_is_destroyed_loses_nothing() {
    for (journal, closed) in MODES.into_iter().flat_map(|mode| [(mode, true), (mode, false)]) {
        let (whole, known) = filled(journal, closed);
        let roots = root_blocks(&whole);
        assert_eq!((roots.len(), roots[0]), (3, 0), "{roots:?}");
        for block in roots {
            let world = copy_of(&whole);
            destroy_block(&world, block);
            goes_on(&world, &known, &format!("block {block}"));
        }
        // With all that stands before the blocks, the copies are gone too, but then no root block is.
        let world = copy_of(&whole);
        destroy(&world, 0, PREFACE);
        goes_on(&world, &known, "the preface");
    }
}

#[test]
fn what_is_restored_when_opened_is_found_by_verify_and_salvaged_by_repair() {
    let (whole, known) = filled(JournalMode::Mapped, true);
    let alive = known.iter().filter(|(_, state)| state.is_some()).count() as u64;
    for block in root_blocks(&whole) {
        let world = copy_of(&whole);
        destroy_block(&world, block);
        let untouched = copy_of(&world);
        let verified = verify(&world.options(), &mut |_, _| ()).unwrap();
        let found: Vec<_> = verified.findings.iter().map(|it| (it.kind, it.place)).collect();
        assert_eq!(found, [(FindingKind::Block, Some(block as u64))]);
        assert_eq!(verified.records, alive);
        let repaired = repair(&world.options(), &Repair::default(), &mut |_, _| ()).unwrap();
        assert_eq!((repaired.salvaged, repaired.lost), (alive, Some(0)), "block {block}");
        let (mut before, mut after) = (Vec::new(), Vec::new());
        edit(&untouched, |bytes| before.clone_from(bytes));
        edit(&world, |bytes| after.clone_from(bytes));
        assert!(before == after, "neither writes to the store");
    }
}

/// The copy of the commit before is as good: the journal has what came after it.
#[test]
fn with_the_newer_copy_damaged_too_the_older_one_restores_everything() {
    for (journal, closed) in MODES.into_iter().flat_map(|mode| [(mode, true), (mode, false)]) {
        let (world, known) = filled(journal, closed);
        let mut newer = 0;
        edit(&world, |bytes| {
            newer = COPIES.into_iter().max_by_key(|place| transaction(&bytes[*place..])).unwrap();
        });
        destroy_block(&world, 0);
        destroy(&world, newer + 700, 1);
        goes_on(&world, &known, "an older copy");
    }
}

#[test]
fn with_both_copies_damaged_the_store_is_refused_with_the_name_of_the_command() {
    let (world, _) = filled(JournalMode::Mapped, true);
    destroy_block(&world, 0);
    COPIES.into_iter().for_each(|place| destroy(&world, place, COPY));
    let error = world.try_open().err().expect("refused");
    assert_eq!(error.code(), "ERR_CRUDJT_DAMAGED");
    assert!(error.to_string().contains("crudjt repair"), "{error}");
}

/// As if writes of the copies had been lost for a while.
#[test]
fn a_stale_copy_never_yields_an_older_state() {
    for closed in [true, false] {
        let mut world = World::new(JournalMode::Mapped);
        let (mut known, mut older) = (Known::new(), Vec::new());
        let store = world.open();
        for round in 0..6 {
            work(&store, &mut known, round);
            store.checkpoint().unwrap();
            edit(&world, |bytes| older.push(bytes[COPIES[0]..PREFACE].to_vec()));
        }
        if closed {
            store.close().unwrap()
        } else {
            world.kill(store)
        }
        let mut restored = 0;
        for (age, preface) in older.iter().rev().enumerate() {
            let world = copy_of(&world);
            edit(&world, |bytes| bytes[COPIES[0]..PREFACE].copy_from_slice(preface));
            destroy_block(&world, 0);
            let Ok(store) = world.try_open() else { continue };
            assert_whole(&store, &known);
            assert!(age < 2, "opened with a copy that is {age} commits behind");
            restored += 1;
        }
        assert!(closed || restored > 0, "the newest one is not stale");
    }
}

/// redb has the header in memory; whoever reads it from the file restores it first.
#[test]
fn a_root_block_destroyed_while_the_store_is_open_stops_nothing() {
    let (whole, known) = filled(JournalMode::Mapped, true);
    let roots = root_blocks(&whole);
    for at in 0..roots.len() {
        let mut world = copy_of(&whole);
        let mut known = known.clone();
        let store = world.open();
        for round in 4..7 {
            destroy_block(&world, root_blocks(&world)[at]);
            work(&store, &mut known, round);
            assert_whole(&store, &known);
            // A damaged leaf has the file rebuilt, from the header in the file.
            store.checkpoint().unwrap();
            assert_whole(&store, &known);
        }
        world.kill(store);
        assert_whole(&world.open(), &known);
    }
}

#[test]
fn a_store_of_a_version_without_copies_gets_them_when_opened() {
    let (world, known) = filled(JournalMode::Mapped, true);
    edit(&world, |bytes| bytes[COPIES[0]..PREFACE].fill(0));
    let mut killed = copy_of(&world);
    let store = killed.open();
    killed.kill(store);
    destroy_block(&killed, 0);
    goes_on(&killed, &known, "copies of an opening");
}
