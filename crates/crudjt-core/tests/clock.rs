//! Clocks that step back, jump ahead or were wrong when the store was open last.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::*;
use crudjt_core::{Event, JournalMode, Store, Token};

const HOUR: u64 = 3_600_000;

type Recording = fn(&Store);

/// What makes the store record the time.
const RECORDINGS: [Recording; 3] = [
    |store| store.flush().unwrap(),
    |store| store.checkpoint().unwrap(),
    |store| store.close().unwrap(),
];

fn world() -> World {
    World::new(JournalMode::Mapped)
}

/// By how many seconds the clock was found wrong, each time it was told.
fn told(world: &World) -> Vec<(&'static str, u64)> {
    let events = world.events.lock().unwrap();
    let told = |event: &Event| match event {
        Event::ClockJumped { seconds } | Event::ClockBehind { seconds } => {
            Some((event.code(), *seconds))
        }
        _ => None,
    };
    events.iter().filter_map(told).collect()
}

/// A store with a token for a minute, which recorded a time so many milliseconds later.
fn recorded_later(later: u64, record: Recording) -> (World, Token) {
    let mut world = world();
    let store = world.open();
    let token = create(&store, b"a minute", Some(60), None);
    store.checkpoint().unwrap();
    world.clock.set_wall(START + later);
    _ = create(&store, b"another", Some(60), None);
    record(&store);
    world.kill(store);
    world.events.lock().unwrap().clear();
    (world, token)
}

#[test]
fn a_clock_that_steps_back_over_a_restart_revives_nothing() {
    for record in RECORDINGS {
        let (world, token) = recorded_later(60_000, record);
        world.clock.set_wall(START);
        let store = world.open();
        assert_eq!(data_of(&store, &token), None);
        assert!(!update(&store, &token, b"revived", None, None) && !delete(&store, &token));
        assert_eq!(told(&world), []);
    }
}

#[test]
fn after_a_step_back_time_stands_still_until_the_clock_has_caught_up() {
    let world = world();
    let store = world.open();
    world.clock.advance(10_000);
    _ = create(&store, b"sees the time", Some(1), None);
    world.clock.set_wall(START);
    let token = create(&store, b"ten seconds", Some(10), None);
    world.clock.advance(10_000);
    assert_eq!(read(&store, &token).and_then(|(_, ttl, _)| ttl), Some(10));
    world.clock.advance(9_999);
    assert!(data_of(&store, &token).is_some());
    world.clock.advance(1);
    assert_eq!(data_of(&store, &token), None);
}

#[test]
fn a_recorded_time_over_an_hour_ahead_is_reported_and_ignored() {
    for record in RECORDINGS {
        let (world, token) = recorded_later(HOUR + 5_000, record);
        world.clock.set_wall(START);
        let store = world.open();
        assert_eq!(told(&world), [("CRUDJT_CLOCK_BEHIND", 3_605)]);
        assert!(data_of(&store, &token).is_some(), "the clock was wrong, not the token too old");
        let new = create(&store, b"a minute", Some(60), None);
        world.clock.advance(59_999);
        assert!(data_of(&store, &new).is_some());
        world.clock.advance(1);
        assert_eq!(data_of(&store, &new), None);
    }
}

#[test]
fn a_recorded_time_an_hour_ahead_is_believed() {
    for record in RECORDINGS {
        let (world, token) = recorded_later(HOUR, record);
        world.clock.set_wall(START);
        assert_eq!(data_of(&world.open(), &token), None);
        assert_eq!(told(&world), []);
    }
}

#[test]
fn a_jump_ahead_is_reported_once_and_removes_nothing_for_an_hour() {
    type Removal = fn(&Store, &Token);
    let removals: [Removal; 4] = [
        |store, _| assert_eq!(store.sweep().unwrap(), 0),
        |store, _| {
            _ = create(store, b"something to commit", None, None);
            store.checkpoint().unwrap();
        },
        |store, token| assert_eq!(data_of(store, token), None, "expired by this clock"),
        |store, token| assert!(!delete(store, token), "expired by this clock"),
    ];
    for remove in removals {
        let mut world = world();
        let store = world.open();
        let token = create(&store, b"a minute", Some(60), None);
        store.checkpoint().unwrap();
        world.clock.set_wall(START + 30 * 24 * HOUR);
        (0..3).for_each(|_| remove(&store, &token));
        assert_eq!(told(&world), [("CRUDJT_CLOCK_JUMPED", 30 * 24 * 3_600)]);
        store.flush().unwrap();
        world.kill(store);
        world.clock.set_wall(START);
        assert!(data_of(&world.open(), &token).is_some(), "the clock is right again");
    }
}

#[test]
fn a_jump_ahead_is_believed_after_an_hour() {
    let world = world();
    let store = world.open();
    _ = create(&store, b"a minute", Some(60), None);
    store.checkpoint().unwrap();
    world.clock.set_wall(START + 2 * HOUR);
    assert_eq!(store.sweep().unwrap(), 0);
    world.clock.advance(HOUR - 1);
    assert_eq!(store.sweep().unwrap(), 0);
    world.clock.advance(1);
    assert_eq!(store.sweep().unwrap(), 1);
}

#[test]
fn time_that_passes_on_both_clocks_is_no_jump() {
    let world = world();
    let store = world.open();
    _ = create(&store, b"a minute", Some(60), None);
    store.checkpoint().unwrap();
    world.clock.advance(24 * HOUR);
    assert_eq!((store.sweep().unwrap(), told(&world)), (1, vec![]));
}

#[test]
fn expiry_is_checked_on_every_read_whether_or_not_a_sweep_has_run() {
    for at_rest in [false, true] {
        let world = world();
        let store = world.open();
        let token = create(&store, b"a minute", Some(60), None);
        if at_rest {
            store.checkpoint().unwrap();
        }
        world.clock.advance(59_999);
        assert!(data_of(&store, &token).is_some());
        world.clock.advance(1);
        assert_eq!(data_of(&store, &token), None);
    }
}
