//! `repair` salvages what can be told, and never revives: what a hole in the journal may hide stays
//! out unless it is asked for.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::path::PathBuf;

use common::*;
use crudjt_core::storage::Storage;
use crudjt_core::{
    FindingKind, JournalMode, Repair, Repaired, Store, Token, compact, repair, verify,
};

const SLOT: usize = 4096 + 8;

fn target(world: &World) -> PathBuf {
    PathBuf::from(format!("{}.repaired", world.path.display()))
}

fn mend(world: &World, how: &Repair) -> (Repaired, World) {
    let repaired = repair(&world.options(), how, &mut |_, _| ()).unwrap();
    let copy = World { path: repaired.path.clone(), ..world.clone() };
    let sound = verify(&copy.options(), &mut |_, _| ()).unwrap();
    assert!(sound.is_sound(), "{:?}", sound.findings);
    assert_eq!(sound.records, repaired.salvaged);
    (repaired, copy)
}

fn alive(store: &Store, tokens: &[Token]) -> usize {
    tokens.iter().filter(|token| data_of(store, token).is_some()).count()
}

/// 300 tokens at rest, which the journal has no more; then 20 of them die, one changes, ten are new.
/// Killed, all of it synced.
struct Killed {
    world: World,
    dead: Vec<Token>,
    living: Vec<Token>,
}

fn killed() -> Killed {
    let mut world = World::new(JournalMode::Mapped);
    let store = world.open();
    let mut living: Vec<_> = (0..300).map(|_| create(&store, &[7; 200], None, None)).collect();
    for _ in 0..3 {
        let passing = create(&store, b"passing", None, None);
        assert!(delete(&store, &passing));
        store.checkpoint().unwrap();
    }
    let dead: Vec<_> = living.drain(..20).collect();
    dead.iter().for_each(|token| assert!(delete(&store, token)));
    assert!(update(&store, &living[0], b"changed", None, None));
    living.extend((0..10).map(|_| create(&store, b"new", None, Some(3))));
    store.flush().unwrap();
    world.kill(store);
    Killed { world, dead, living }
}

/// The segment that holds the newest entries.
fn last_segment(world: &World) -> PathBuf {
    let used = |path: &PathBuf| {
        let mut used = false;
        world.disk.edit(path, |bytes| used = bytes.len() > 4120 && bytes[4096..4120] != [0; 24]);
        used
    };
    let segments = world.disk.files().into_iter().map(|(path, _)| path);
    segments.filter(|path| path.to_string_lossy().contains("journal-")).rfind(used).unwrap()
}

#[test]
fn a_sound_store_is_salvaged_whole_and_its_tokens_go_on_working() {
    let Killed { world, dead, living } = killed();
    let (repaired, copy) = mend(&world, &Repair::default());
    assert_eq!((repaired.salvaged, repaired.doubtful, repaired.lost), (290, 0, Some(0)));
    let store = copy.open();
    assert_eq!((alive(&store, &living), alive(&store, &dead)), (290, 0));
    assert_eq!(data_of(&store, &living[0]), Some(b"changed".to_vec()));
    let more = create(&store, b"more", None, None);
    store.close().unwrap();
    let store = copy.open();
    assert_eq!((alive(&store, &living), data_of(&store, &more)), (290, Some(b"more".to_vec())));
}

#[test]
fn repair_needs_no_secret() {
    let Killed { mut world, living, .. } = killed();
    let secrets = std::mem::take(&mut world.secrets);
    let (repaired, copy) = mend(&world, &Repair::default());
    assert_eq!((repaired.salvaged, repaired.opened), (290, 0));
    assert_eq!(alive(&World { secrets, ..copy }.open(), &living), 290);
}

#[test]
fn a_damaged_block_loses_its_records_and_revives_nothing() {
    let Killed { world, dead, living } = killed();
    let size = world.disk.files().iter().find(|(path, _)| path.ends_with("records")).unwrap().1;
    let (mut partial, mut most, mut without_epochs) = (0, 0, 0);
    for block in 0..(size - 4096) / SLOT {
        let world = World { disk: world.disk.copy(), ..world.clone() };
        world.disk.edit(&world.path.join("records"), |bytes| {
            bytes[4096 + block * SLOT..][..SLOT].fill(0)
        });
        let (repaired, copy) = mend(&world, &Repair { keep_doubtful: true, target: None });
        let store = copy.open();
        let there = alive(&store, &living);
        assert_eq!((alive(&store, &dead), there as u64), (0, repaired.salvaged), "block {block}");
        without_epochs +=
            u64::from(repaired.findings.iter().any(|found| found.kind == FindingKind::Record));
        if (12..290).contains(&there) {
            let lost = repaired.lost.unwrap();
            assert!(lost > 0 && lost + repaired.salvaged >= 290, "{repaired:?}");
            (partial, most) = (partial + 1, most.max(there));
        }
    }
    // The header and the list of tables have copies, and the epochs stand in two blocks.
    assert_eq!(without_epochs, 0);
    assert!(partial > 15 && most > 270, "{partial} blocks of which the best left {most}");
}

#[test]
fn records_that_a_journal_gap_may_have_removed_are_left_out_unless_asked_for() {
    let Killed { world, dead, living } = killed();
    // The first entry of that segment: the removal of the first token.
    world.disk.edit(&last_segment(&world), |bytes| bytes[4096 + 24] ^= 1);
    assert_eq!(world.try_open().err().unwrap().code(), "ERR_CRUDJT_DAMAGED");
    let (repaired, copy) = mend(&world, &Repair::default());
    let store = copy.open();
    assert_eq!((alive(&store, &dead), alive(&store, &living)), (0, 11));
    assert_eq!((repaired.salvaged, repaired.doubtful), (11, 280));
    let how = Repair { target: Some(world.path.with_extension("kept")), keep_doubtful: true };
    let (repaired, copy) = mend(&world, &how);
    let store = copy.open();
    assert_eq!((alive(&store, &dead), alive(&store, &living)), (1, 290));
    assert_eq!((repaired.salvaged, repaired.doubtful), (291, 280));
}

#[test]
fn a_journal_that_ends_before_its_mark_makes_every_record_doubtful() {
    let Killed { world, dead, .. } = killed();
    let last = last_segment(&world);
    for length in [0, 512, 600, 1_200, 4_095, 4_096, 4_096 + 32 * 5] {
        let world = World { disk: world.disk.copy(), ..world.clone() };
        world.disk.edit(&last, |bytes| bytes.truncate(length));
        assert_eq!(world.try_open().err().map(|error| error.code()), Some("ERR_CRUDJT_DAMAGED"));
        let (repaired, copy) = mend(&world, &Repair::default());
        assert_eq!((repaired.salvaged, alive(&copy.open(), &dead)), (0, 0));
        assert!(repaired.doubtful > 270, "{repaired:?}");
    }
}

#[test]
fn a_damaged_block_loses_nothing_that_the_journal_still_has() {
    let mut world = World::new(JournalMode::Mapped);
    let store = world.open();
    let tokens: Vec<_> = (0..300).map(|_| create(&store, &[7; 200], None, None)).collect();
    store.checkpoint().unwrap();
    world.kill(store);
    world.disk.edit(&world.path.join("records"), |bytes| bytes[4096..].fill(0));
    let (repaired, copy) = mend(&world, &Repair::default());
    assert_eq!((repaired.salvaged, alive(&copy.open(), &tokens)), (300, 300));
}

/// A file that was cut short has lost the list of its tables, and with it how many records there were.
#[test]
fn what_is_lost_of_a_truncated_file_is_unknown_not_zero() {
    let Killed { world, .. } = killed();
    world.disk.edit(&world.path.join("records"), |bytes| bytes.truncate(4096 + 2 * SLOT));
    let (repaired, _) = mend(&world, &Repair::default());
    assert_eq!(repaired.lost, None);
}

#[test]
fn without_the_b_tree_the_journal_alone_is_salvaged() {
    let mut world = World::new(JournalMode::Mapped);
    let store = world.open();
    let living: Vec<_> = (0..30).map(|_| create(&store, &[7; 200], None, None)).collect();
    let dead = create(&store, b"dead", None, None);
    assert!(delete(&store, &dead));
    world.kill(store);
    world.disk.remove(&world.path.join("records")).unwrap();
    let (repaired, copy) = mend(&world, &Repair::default());
    let store = copy.open();
    assert_eq!((alive(&store, &[dead]), alive(&store, &living), repaired.salvaged), (0, 30, 30));
}

#[test]
fn one_copy_of_the_keyring_is_enough_and_none_is_refused() {
    let Killed { world, living, .. } = killed();
    world.disk.edit(&world.path.join("keyring"), |bytes| bytes[50] ^= 1);
    let (_, copy) = mend(&world, &Repair::default());
    assert_eq!(alive(&copy.open(), &living), 290);
    world.disk.remove(&world.path.join("keyring.copy")).unwrap();
    let how = Repair { target: Some(world.path.join("../other")), ..Repair::default() };
    let refused = repair(&world.options(), &how, &mut |_, _| ()).err().unwrap();
    assert_eq!(refused.code(), "ERR_CRUDJT_DAMAGED");
    assert!(world.disk.list(&world.path.join("../other")).unwrap().is_empty());
}

#[test]
fn nothing_is_overwritten_and_an_open_store_is_refused() {
    let Killed { world, .. } = killed();
    mend(&world, &Repair::default());
    let again = repair(&world.options(), &Repair::default(), &mut |_, _| ()).err().unwrap();
    assert_eq!(again.code(), "ERR_CRUDJT_PATH");
    let store = world.open();
    let how = Repair { target: Some(target(&world).join("../third")), ..Repair::default() };
    let locked = repair(&world.options(), &how, &mut |_, _| ()).err().unwrap();
    assert_eq!(locked.code(), "ERR_CRUDJT_STORE_LOCKED");
    assert_eq!(
        compact(&world.options(), &mut |_, _| ()).err().unwrap().code(),
        "ERR_CRUDJT_STORE_LOCKED"
    );
    store.close().unwrap();
}
