//! The order in which threads run, chosen by a checker at every lock and atomic of the engine: calls
//! on the same tokens from several threads, with rotation, checkpoint and sync between, give what
//! they would have given one after the other, in an order that agrees with who was done before who
//! began.
//!
//! `CRUDJT_SCHEDULES` orders (default 300) of each kind are tried. Needs the feature `shuttle`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::shelf::{TestShelf, WaitedClock};
use common::*;
use crudjt_core::{JournalMode, OUT_BYTES, Reading, Store, Token};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

/// What a call does with the one token.
#[derive(Debug, Clone, Copy)]
enum Call {
    Read,
    /// From the shelf and, if nothing is there, from the store, which puts it on the shelf. Not for a
    /// token with a read limit.
    ReadShelf,
    /// The number is the data, the option a read limit.
    Update(u8, Option<u64>),
    Delete,
}

/// What it gave: the number read with the reads left, or whether there was a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gave {
    Read(Option<(u8, Option<u64>)>),
    Was(bool),
}

/// A call with the moments it began and ended.
#[derive(Debug, Clone, Copy)]
struct Event {
    call: Call,
    gave: Gave,
    began: usize,
    ended: usize,
}

type State = Option<(u8, Option<u64>)>;

/// What a call gives in a state, and the state after it.
fn step(state: State, call: Call) -> (Gave, State) {
    match (call, state) {
        (Call::Read | Call::ReadShelf, None) => (Gave::Read(None), None),
        (Call::ReadShelf, Some((data, _))) => (Gave::Read(Some((data, None))), state),
        (Call::Read, Some((data, reads))) => {
            let left = reads.map(|reads| reads - 1);
            (Gave::Read(Some((data, left))), (left != Some(0)).then_some((data, left)))
        }
        (Call::Update(data, reads), Some(_)) => (Gave::Was(true), Some((data, reads))),
        (Call::Delete, Some(_)) => (Gave::Was(true), None),
        (Call::Update(..) | Call::Delete, None) => (Gave::Was(false), None),
    }
}

/// The state after some order of the events that explains what each gave; `None` if there is none.
fn explained(state: State, left: &[Event]) -> Option<State> {
    if left.is_empty() {
        return Some(state);
    }
    let first_end = left.iter().map(|event| event.ended).min()?;
    left.iter().enumerate().filter(|(_, event)| event.began < first_end).find_map(|(at, event)| {
        let (gave, after) = step(state, event.call);
        let others: Vec<_> = [&left[..at], &left[at + 1..]].concat();
        (gave == event.gave).then(|| explained(after, &others)).flatten()
    })
}

/// The events so far, and a clock for them that the checker does not see.
#[derive(Default)]
struct Log {
    clock: AtomicUsize,
    events: Mutex<Vec<Event>>,
}

impl Log {
    fn call(&self, store: &Store, shelf: &TestShelf, token: &Token, call: Call) {
        let began = self.clock.fetch_add(1, Ordering::SeqCst);
        let gave = match call {
            Call::Read => Gave::Read(read(store, token).map(|(data, _, reads)| (data[0], reads))),
            Call::ReadShelf => Gave::Read(read_shelf(store, shelf, token)),
            Call::Update(data, reads) => Gave::Was(update(store, token, &[data; 700], None, reads)),
            Call::Delete => Gave::Was(delete(store, token)),
        };
        let ended = self.clock.fetch_add(1, Ordering::SeqCst);
        self.events.lock().unwrap().push(Event { call, gave, began, ended });
    }
}

/// What a reader of the shelf is given.
fn read_shelf(store: &Store, shelf: &TestShelf, token: &Token) -> Option<(u8, Option<u64>)> {
    if let Some((data, _)) = shelf.find(token) {
        return Some((data[0], None));
    }
    let mut out = vec![0; OUT_BYTES];
    match patient(store, || store.read_to_shelf(token.as_bytes(), &mut out)).unwrap() {
        Reading::Found(meta, _) => Some((out[0], meta.reads)),
        _ => None,
    }
}

fn world(journal: JournalMode) -> World {
    // A few updates fill a segment, so that they rotate.
    let mut world = World::new(journal);
    (world.segment_bytes, world.spare_thread) = (8 << 10, false);
    world
}

type Plans = &'static [&'static [Call]];

fn is_of_shelf(call: &Call) -> bool {
    matches!(call, Call::ReadShelf)
}

/// Lets threads make their calls on one token while another thread does `between`; then the events
/// must have an explanation, as must a last read, also of the store as a kill leaves it.
fn trial(plans: Plans, between: fn(&Store), journal: JournalMode) {
    let mut world = world(journal);
    let (store, shelf) = (Arc::new(world.open()), Arc::new(TestShelf::default()));
    let reads = (!plans.iter().flat_map(|plan| plan.iter()).any(is_of_shelf)).then_some(5);
    if reads.is_none() {
        store.set_shelf(Some(shelf.clone())).unwrap();
    }
    let token = create(&store, &[0; 700], None, reads);
    let log = Arc::new(Log::default());
    let mut threads: Vec<_> = Vec::new();
    for plan in plans {
        let (store, shelf, log) = (store.clone(), shelf.clone(), log.clone());
        threads.push(shuttle::thread::spawn(move || {
            plan.iter().for_each(|call| log.call(&store, &shelf, &token, *call));
        }));
    }
    let other = store.clone();
    threads.push(shuttle::thread::spawn(move || between(&other)));
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    log.call(&store, &shelf, &token, Call::Read);
    let events = log.events.lock().unwrap().clone();
    let state = explained(Some((0, reads)), &events);
    let state = state.unwrap_or_else(|| panic!("no order explains {events:#?}"));
    world.kill(Arc::into_inner(store).unwrap());
    // Which waits for the readers of a shelf.
    let mut options = world.options();
    options.environment.clock = WaitedClock::new(world.clock.clone());
    let seen =
        read(&Store::open(options).unwrap(), &token).map(|(data, _, reads)| (data[0], reads));
    assert_eq!(Gave::Read(seen), step(state, Call::Read).0, "after a kill");
}

fn run(scheduler: impl Scheduler + 'static, test: impl Fn() + Send + Sync + 'static) {
    // The engine's calls need more than the checker's usual stack.
    let mut config = Config::default();
    config.stack_size = 1 << 20;
    Runner::new(scheduler, config).run(test);
}

/// Tries orders at random, and such that few switches of threads are needed.
fn check(plans: Plans, between: fn(&Store)) {
    let count = std::env::var("CRUDJT_SCHEDULES").map_or(300, |text| text.parse().unwrap());
    for journal in [JournalMode::Mapped, JournalMode::Plain] {
        run(RandomScheduler::new(count / 2), move || trial(plans, between, journal));
        run(PctScheduler::new(3, count / 2), move || trial(plans, between, journal));
    }
}

use Call::{Delete, Read, ReadShelf, Update};

#[test]
fn updates_and_counted_reads_linearise_beside_a_checkpoint() {
    check(&[&[Update(1, Some(3)), Read, Read], &[Read, Update(2, Some(2)), Read]], |store| {
        store.checkpoint().unwrap()
    });
}

#[test]
fn updates_and_a_delete_linearise_beside_rotation_and_sync() {
    check(&[&[Update(1, None), Read, Update(2, None)], &[Read, Delete, Read]], |store| {
        (0..9).for_each(|_| _ = create(store, &[9; 900], None, None));
        store.flush().unwrap();
    });
}

#[test]
fn reads_that_fill_the_cache_linearise_beside_commits() {
    check(&[&[Update(1, None), Read, Update(2, None), Read], &[Read, Read, Read]], |store| {
        store.checkpoint().unwrap();
        store.checkpoint().unwrap();
    });
}

#[test]
fn one_of_three_concurrent_deletes_finds_the_token() {
    check(&[&[Delete, Read], &[Read, Delete], &[Update(1, None), Delete]], |store| {
        store.flush().unwrap();
        store.checkpoint().unwrap();
    });
}

#[test]
fn reads_of_a_shelf_linearise_beside_updates_and_reads_of_the_store() {
    check(
        &[&[Update(1, None), Read, Update(2, None)], &[ReadShelf, ReadShelf, ReadShelf]],
        |store| {
            store.checkpoint().unwrap();
        },
    );
    // Who has seen a change, in whatever way, tells who reads the shelf next.
    check(&[&[Update(1, None)], &[Read, ReadShelf], &[ReadShelf, Read, ReadShelf]], |_| {});
}

#[test]
fn reads_of_a_shelf_linearise_beside_a_delete() {
    check(
        &[&[Update(1, None), Delete], &[ReadShelf, ReadShelf], &[ReadShelf, ReadShelf]],
        |store| {
            store.flush().unwrap();
        },
    );
}

#[test]
fn reads_of_a_shelf_linearise_beside_its_end() {
    check(&[&[Update(1, None), Update(2, None)], &[ReadShelf, ReadShelf, ReadShelf]], |store| {
        store.set_shelf(None).unwrap();
    });
}
