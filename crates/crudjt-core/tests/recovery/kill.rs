//! Kills at every step of a close, a commit, a sweep and an opening.

use std::io::ErrorKind;

use crudjt_core::{JournalMode, Options, Store, Token};

use crate::common::*;
use crate::{alive, small};

/// The world as it stands, with a store that goes on failing in its own copy of it.
fn survived(world: World, store: impl Sized) -> World {
    let disk = world.disk.copy();
    drop(store);
    World { disk, ..world }
}

#[test]
fn a_store_killed_at_any_step_of_a_close_keeps_everything_and_goes_on() {
    for mode in MODES {
        let closed = (0..60).find(|step| close_killed_at(mode, *step));
        assert!(closed.is_some_and(|steps| steps > 5), "a close of {closed:?} steps");
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
fn a_kill_at_any_step_of_a_commit_sweep_or_opening_loses_and_revives_nothing() {
    for mode in MODES {
        let killed: Vec<_> = (0..40).map(|step| commit_killed_at(mode, step)).collect();
        let commits = killed.iter().filter(|(commit, _)| *commit).count();
        let openings: usize = killed.iter().map(|(_, openings)| openings).sum();
        assert!(commits > 5 && openings > 20, "{commits} commits and {openings} openings killed");
    }
}

/// Tells whether the commit and the sweep were killed, and how many openings after them.
fn commit_killed_at(mode: JournalMode, step: u64) -> (bool, usize) {
    let world = small(mode);
    let store = world.open();
    let mut living: Vec<_> = (0..8).map(|_| create(&store, &[1; 3000], None, None)).collect();
    store.checkpoint().unwrap();
    let mut dead = vec![living.remove(0)];
    assert!(delete(&store, &dead[0]));
    living.extend([(); 2].map(|()| create(&store, &[2; 3000], None, None)));
    world.disk.fail_after(step, ErrorKind::Other, true);
    let is_killed = store.checkpoint().and_then(|()| store.sweep()).is_err();
    let mut world = survived(world, store);
    let mut openings = 0;
    for round in 0..3 {
        world.disk.fail_after((step * 14 + round * 5) % 23, ErrorKind::Other, true);
        let opened = world.try_open();
        openings += usize::from(opened.is_err());
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
    (is_killed, openings)
}

#[test]
fn an_expired_token_stays_dead_whichever_call_found_it_expired() {
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
fn an_unknown_secret_is_refused_before_the_first_commit_too() {
    let mut world = small(JournalMode::Mapped);
    let store = world.open();
    _ = create(&store, b"kept", None, None);
    world.kill(store);
    world.secrets = vec![secret(2)];
    let strict = Options { require_known_key: true, ..world.options() };
    assert_eq!(Store::open(strict).err().map(|error| error.code()), Some("ERR_CRUDJT_UNKNOWN_KEY"));
}

#[test]
fn creates_refused_by_a_full_disk_leave_no_trace() {
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
