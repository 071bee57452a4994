//! `compact` gives back the room of removed records, loses nothing, and can be cut anywhere.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::io::ErrorKind;

use common::*;
use crudjt_core::{JournalMode, Store, Token, compact, verify};

/// A killed store of which most records were removed, and part of whose changes are in the journal.
fn sparse(count: usize) -> (World, Vec<Token>, Vec<Token>) {
    let mut world = World::new(JournalMode::Mapped);
    let store = world.open();
    let mut living: Vec<_> =
        (0..count).map(|_| create(&store, &[7; 200], Some(1000), None)).collect();
    store.checkpoint().unwrap();
    let mut dead: Vec<_> = living.drain(..count / 10 * 9).collect();
    dead.iter().for_each(|token| assert!(delete(&store, token)));
    store.checkpoint().unwrap();
    dead.push(living.remove(0));
    assert!(delete(&store, dead.last().unwrap()));
    living.push(create(&store, b"new", None, None));
    world.kill(store);
    (world, living, dead)
}

fn alive(store: &Store, tokens: &[Token]) -> usize {
    tokens.iter().filter(|token| data_of(store, token).is_some()).count()
}

#[test]
fn compaction_shrinks_the_file_and_loses_and_revives_nothing() {
    let (world, living, dead) = sparse(3_000);
    let compacted = compact(&world.options(), &mut |done, total| assert!(done <= total)).unwrap();
    assert!(compacted.bytes_after * 3 < compacted.bytes_before, "{compacted:?}");
    let sound = verify(&world.options(), &mut |_, _| ()).unwrap();
    assert!(sound.is_sound() && sound.opened == living.len() as u64, "{sound:?}");
    let store = world.open();
    assert_eq!((alive(&store, &living), alive(&store, &dead)), (living.len(), 0));
    store.close().unwrap();
    let again = compact(&world.options(), &mut |_, _| ()).unwrap();
    assert!(again.bytes_after <= compacted.bytes_after, "{again:?}");
}

#[test]
fn a_compaction_killed_at_any_step_leaves_the_store_as_it_was() {
    let (world, living, dead) = sparse(100);
    for step in 0..300 {
        let world = World { disk: world.disk.copy(), ..world.clone() };
        world.disk.fail_after(step, ErrorKind::Other, true);
        let done = compact(&world.options(), &mut |_, _| ()).is_ok();
        world.disk.heal();
        let store = world.open();
        assert_eq!(
            (alive(&store, &living), alive(&store, &dead)),
            (living.len(), 0),
            "step {step}"
        );
        store.close().unwrap();
        assert!(!world.disk.files().iter().any(|(path, _)| path.ends_with("records.new")));
        assert_eq!(world.codes(), [""; 0]);
        if done {
            return;
        }
    }
    panic!("no compaction came to its end");
}

#[test]
fn a_damaged_store_is_refused_and_left_as_it_was() {
    let (world, ..) = sparse(300);
    world.open().close().unwrap();
    let mut refused = 0;
    for block in 1..20 {
        let world = World { disk: world.disk.copy(), ..world.clone() };
        world.disk.edit(&world.path.join("records"), |bytes| bytes[4096 + block * 4104 + 100] ^= 1);
        match compact(&world.options(), &mut |_, _| ()) {
            Ok(_) => assert!(verify(&world.options(), &mut |_, _| ()).unwrap().is_sound()),
            Err(error) => {
                assert_eq!(error.code(), "ERR_CRUDJT_DAMAGED");
                refused += 1;
            }
        }
    }
    assert!(refused > 1, "only {refused} blocks mattered");
}
