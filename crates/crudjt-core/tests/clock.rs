//! Clocks that step back, jump ahead or were wrong when the store was open last.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use common::interrupted::InterruptedClock;
use common::*;
use crudjt_core::clock::Clock;
use crudjt_core::storage::Storage;
use crudjt_core::{Event, JournalMode, Store, Token};
use trial::time::TimeTrial;

const HOUR: u64 = 3_600_000;
const TEN_HOURS: i64 = 36_000_000;

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

/// What is told of a step.
fn told_of(step: i64) -> (&'static str, u64) {
    let code = if step > 0 { "CRUDJT_CLOCK_JUMPED" } else { "CRUDJT_CLOCK_BEHIND" };
    (code, step.unsigned_abs() / 1000)
}

/// The token lives for exactly so many milliseconds more.
fn lives_for(world: &World, store: &Store, token: &Token, milliseconds: u64) {
    world.clock.advance(milliseconds - 1);
    assert!(data_of(store, token).is_some(), "it ended too early");
    world.clock.advance(1);
    assert_eq!(data_of(store, token), None, "it lives too long");
}

#[test]
fn a_step_while_the_store_is_open_is_told_once_and_ends_no_token_early_or_late() {
    for step in [-TEN_HOURS, -5_000, -1_000, 1_000, 5_000, TEN_HOURS, i64::from(i32::MAX)] {
        let world = world();
        let store = world.open();
        let token = create(&store, b"two seconds", Some(2), None);
        world.clock.advance(500);
        world.clock.step_wall(step);
        lives_for(&world, &store, &token, 1_500);
        let later = create(&store, b"two seconds", Some(2), None);
        assert_eq!(read(&store, &later).and_then(|(_, ttl, _)| ttl), Some(2));
        lives_for(&world, &store, &later, 2_000);
        (0..3).for_each(|_| store.flush().unwrap());
        assert_eq!(told(&world), [told_of(step)]);
    }
}

#[test]
fn what_a_time_server_slews_is_not_told() {
    let world = world();
    let store = world.open();
    for _ in 0..100 {
        world.clock.step_wall(-400);
        store.flush().unwrap();
    }
    assert_eq!(told(&world), []);
}

#[test]
fn a_step_while_the_store_is_closed_is_told_and_ends_no_token_early_or_late() {
    for (step, killed) in
        [-TEN_HOURS, -5_000, 5_000, TEN_HOURS].map(|step| [(step, false), (step, true)]).concat()
    {
        let mut world = world();
        let store = world.open();
        let token = create(&store, b"a minute", Some(60), None);
        let dead = create(&store, b"a second", Some(1), None);
        world.clock.advance(2_000);
        if killed {
            world.kill(store)
        } else {
            store.close().unwrap()
        }
        world.clock.advance(3_000);
        world.clock.step_wall(step);
        let store = world.open();
        assert_eq!(told(&world), [told_of(step)]);
        assert_eq!(data_of(&store, &dead), None);
        lives_for(&world, &store, &token, 55_000);
    }
}

#[test]
fn over_a_reboot_the_wall_clock_tells_how_long_the_store_was_closed() {
    for (step, record) in
        [-TEN_HOURS, 0, TEN_HOURS].iter().flat_map(|step| RECORDINGS.map(|record| (*step, record)))
    {
        let mut world = world();
        let store = world.open();
        world.clock.step_wall(step);
        let token = create(&store, b"a minute", Some(60), None);
        record(&store);
        world.kill(store);
        world.clock.advance(10_000);
        world.clock.reboot();
        world.events.lock().unwrap().clear();
        let store = world.open();
        lives_for(&world, &store, &token, 50_000);
        assert_eq!(told(&world), []);
    }
}

#[test]
fn a_wall_clock_that_is_behind_over_a_reboot_is_told_and_revives_nothing() {
    for record in RECORDINGS {
        let mut world = world();
        let store = world.open();
        let [token, longer] = [60, 90].map(|ttl| create(&store, b"data", Some(ttl), None));
        store.checkpoint().unwrap();
        world.clock.advance(60_000);
        _ = create(&store, b"another", None, None);
        record(&store);
        world.kill(store);
        world.clock.reboot();
        world.clock.set_wall(1_000);
        let store = world.open();
        assert_eq!(told(&world), [("CRUDJT_CLOCK_BEHIND", (START + 60_000 - 1_000) / 1000)]);
        assert_eq!(data_of(&store, &token), None);
        assert!(!update(&store, &token, b"revived", None, None) && !delete(&store, &token));
        lives_for(&world, &store, &longer, 30_000);
    }
}

type Call = fn(&Store, &Token);

/// Calls that tell that a token is dead.
const CALLS: [Call; 3] = [
    |store, token| assert_eq!(data_of(store, token), None),
    |store, token| assert!(!update(store, token, b"more", None, None)),
    |store, token| assert!(!delete(store, token)),
];

/// A store with two tokens for a minute that was opened after a reboot with a clock ten hours ahead.
fn opened_ahead() -> (World, Store, [Token; 2]) {
    let world = world();
    let store = world.open();
    let tokens = [(); 2].map(|()| create(&store, b"a minute", Some(60), None));
    store.close().unwrap();
    world.clock.reboot();
    world.clock.step_wall(TEN_HOURS);
    let store = world.open();
    (world, store, tokens)
}

#[test]
fn a_clock_far_ahead_after_a_reboot_sweeps_nothing_and_what_was_told_dead_stays_dead() {
    for (call, reboots) in CALLS.into_iter().flat_map(|call| [(call, false), (call, true)]) {
        let (mut world, store, [told_dead, other]) = opened_ahead();
        call(&store, &told_dead);
        assert_eq!(store.sweep().unwrap(), 0);
        store.checkpoint().unwrap();
        store.flush().unwrap();
        if reboots {
            store.close().unwrap();
            world.clock.reboot();
        } else {
            world.kill(store);
        }
        world.clock.step_wall(-TEN_HOURS);
        world.events.lock().unwrap().clear();
        let store = world.open();
        assert_eq!(told(&world).len(), usize::from(!reboots));
        assert_eq!(data_of(&store, &told_dead), None);
        lives_for(&world, &store, &other, 60_000);
        assert_eq!(data_of(&store, &told_dead), None);
    }
}

#[test]
fn a_clock_far_ahead_after_a_reboot_is_believed_after_an_hour_also_over_openings() {
    for reopened in [false, true] {
        let (world, mut store, _) = opened_ahead();
        world.clock.advance(HOUR / 2);
        if reopened {
            store.close().unwrap();
            drop(store);
            store = world.open();
        }
        world.clock.advance(HOUR / 2 - 1);
        assert_eq!(store.sweep().unwrap(), 0);
        world.clock.advance(1);
        assert_eq!(store.sweep().unwrap(), 2);
        let now = store.time();
        store.close().unwrap();
        drop(store);
        world.clock.step_wall(-TEN_HOURS);
        assert_eq!(world.open().time(), now, "it never goes back");
        world.clock.reboot();
        assert_eq!(world.open().time(), now);
    }
}

#[test]
fn without_its_file_the_store_goes_on_from_the_recorded_time() {
    type Damage = fn(&World, &std::path::Path);
    let damages: [Damage; 4] = [
        |world, path| world.disk.remove(path).unwrap(),
        |world, path| world.disk.edit(path, Vec::clear),
        |world, path| world.disk.edit(path, |bytes| bytes[30] ^= 1),
        |world, path| world.disk.edit(path, |bytes| bytes.fill(0)),
    ];
    for damage in damages {
        let world = world();
        let store = world.open();
        let token = create(&store, b"a minute", Some(60), None);
        world.clock.advance(10_000);
        store.close().unwrap();
        world.clock.step_wall(-TEN_HOURS);
        damage(&world, &world.path.join("clock"));
        let store = world.open();
        assert_eq!(told(&world), [told_of(-TEN_HOURS)]);
        lives_for(&world, &store, &token, 50_000);
    }
}

#[test]
fn a_delete_that_a_token_s_end_overtakes_removes_it_all_the_same() {
    for after in 0..3 {
        let world = world();
        let clock = InterruptedClock::new(world.clock.clone());
        let mut options = world.options();
        options.environment.clock = clock.clone();
        let store = Store::open(options).unwrap();
        let token = create(&store, b"five seconds", Some(5), None);
        let manual = world.clock.clone();
        clock.interrupt(after, move || manual.advance(6_000));
        let deleted = delete(&store, &token);
        assert_eq!(deleted, !clock.has_interrupted(), "after {after} looks at the clock");
        assert_eq!(store.stats().unwrap().live_tokens, 0);
        store.checkpoint().unwrap();
        assert_eq!(store.sweep().unwrap(), 0, "there is a tombstone");
    }
}

#[test]
fn tokens_end_by_the_time_that_passed_whatever_the_wall_clock_does() {
    let (mut live, mut ended, mut righted) = (0, 0, 0);
    for seed in 0..40 {
        let mut trial = TimeTrial::new(seed, MODES[seed as usize % 2]);
        trial.run(400);
        live += trial.live;
        ended += trial.ended;
        righted += trial.righted;
    }
    println!("{live} calls on live tokens, {ended} on ended ones; {righted} clocks put right");
    assert!(live > 1_000 && ended > 500 && righted > 100);
}

#[test]
fn stats_count_no_expired_token() {
    for at_rest in [false, true] {
        let world = world();
        let store = world.open();
        let tokens: Vec<_> =
            (0..900).map(|ttl| create(&store, b"data", Some(ttl % 3 * 30 + 30), None)).collect();
        _ = create(&store, b"for good", None, None);
        if at_rest {
            store.checkpoint().unwrap();
        }
        let live = || store.stats().unwrap().live_tokens;
        assert_eq!(live(), 901);
        // A longer life, a shorter one and none, of what is at rest.
        assert!(update(&store, &tokens[0], b"data", Some(70), None));
        assert!(update(&store, &tokens[2], b"data", Some(20), None));
        assert!(delete(&store, &tokens[3]));
        world.clock.advance(30_000);
        assert_eq!(live(), 901 - 300 - 1 + 1);
        assert_eq!(data_of(&store, &tokens[6]), None);
        assert_eq!(live(), 901 - 300, "removed, and not counted twice");
        store.checkpoint().unwrap();
        assert_eq!(live(), 901 - 300);
        world.clock.advance(30_000);
        assert_eq!(live(), 901 - 600);
        assert!(store.sweep().is_ok_and(|swept| swept > 0));
        assert_eq!(live(), 901 - 600);
    }
}

#[test]
fn time_that_passes_on_both_clocks_is_no_step() {
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
        lives_for(&world, &store, &token, 60_000);
    }
}

#[test]
fn the_system_s_monotonic_clock_is_that_of_the_boot() {
    use crudjt_core::clock::SystemClock;
    let first = SystemClock.monotonic();
    std::thread::sleep(std::time::Duration::from_millis(20));
    let passed = SystemClock.monotonic() - first;
    assert!((19..5_000).contains(&passed), "{passed} ms");
    assert_eq!(SystemClock.boot(), SystemClock.boot());
    if cfg!(target_os = "linux") {
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        assert!((uptime * 1000.0 - SystemClock.monotonic() as f64).abs() < 5_000.0);
        assert!(SystemClock.boot().is_some());
    }
}
