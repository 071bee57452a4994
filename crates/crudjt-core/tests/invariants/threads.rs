//! Calls from several threads at once, beside checkpoints and kills.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use crudjt_core::{Reading, Store, Token};

use crate::common::*;
use crate::small;

#[test]
fn append_and_insert_are_atomic_while_memtables_rotate() {
    for mode in MODES {
        let mut world = small(mode);
        let store = Arc::new(world.open());
        let done = Arc::new(AtomicBool::new(false));
        let rotating = {
            let (store, done) = (store.clone(), done.clone());
            std::thread::spawn(move || {
                let mut checkpoints = 0;
                while !done.load(Ordering::Relaxed) {
                    store.checkpoint().unwrap();
                    checkpoints += 1;
                }
                checkpoints
            })
        };
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let store = store.clone();
                std::thread::spawn(move || -> Vec<(Token, Vec<u8>)> {
                    (0..800)
                        .map(|turn| {
                            let data = format!("{writer} {turn}").into_bytes();
                            let token = create(&store, &data, None, None);
                            assert_eq!(data_of(&store, &token).as_ref(), Some(&data));
                            (token, data)
                        })
                        .collect()
                })
            })
            .collect();
        let written: Vec<_> =
            writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        let checkpoints = rotating.join().unwrap();
        assert!(checkpoints > 10, "only {checkpoints} checkpoints beside the writers");
        world.kill(Arc::into_inner(store).unwrap());
        let store = world.open();
        for (token, data) in &written {
            assert_eq!(data_of(&store, token).as_ref(), Some(data));
        }
    }
}

#[test]
fn a_copy_of_the_files_holds_everything_acknowledged_before_it() {
    for mode in MODES {
        let world = small(mode);
        let store = Arc::new(world.open());
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..4)
            .map(|_| {
                let (store, acknowledged, stop) =
                    (store.clone(), acknowledged.clone(), stop.clone());
                std::thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let token = create(&store, b"acknowledged", None, None);
                        acknowledged.lock().unwrap().push(token);
                    }
                })
            })
            .collect();
        while acknowledged.lock().unwrap().len() < 500 {
            std::thread::yield_now();
        }
        // What is noted before the copy begins must be in the copy.
        let noted = acknowledged.lock().unwrap().clone();
        let copy = world.disk.copy();
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        // The copy was made file by file while the store went on: only the journal of that moment
        // is sure to be whole, which is what is looked at, before any checkpoint.
        let mut frozen = World { disk: copy, ..World::new(mode) };
        frozen.path.clone_from(&world.path);
        drop(Arc::into_inner(store));
        let reopened = frozen.open();
        for token in &noted {
            assert!(data_of(&reopened, token).is_some());
        }
    }
}

#[test]
fn a_reader_never_sees_an_older_state_than_was_acknowledged() {
    for mode in MODES {
        let world = small(mode);
        let store = Arc::new(world.open());
        let token = create(&store, &0u64.to_le_bytes(), None, None);
        let acknowledged = Arc::new(AtomicU64::new(0));
        let done = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let (store, acknowledged, done) =
                    (store.clone(), acknowledged.clone(), done.clone());
                std::thread::spawn(move || {
                    let mut states = BTreeSet::new();
                    while !done.load(Ordering::Relaxed) {
                        let at_least = acknowledged.load(Ordering::SeqCst);
                        let data = data_of(&store, &token).expect("a live token");
                        let seen = u64::from_le_bytes(data.try_into().unwrap());
                        assert!(seen >= at_least, "read {seen} after {at_least} was acknowledged");
                        states.insert(seen);
                    }
                    states.len()
                })
            })
            .collect();
        for value in 1..1_500u64 {
            assert!(update(&store, &token, &value.to_le_bytes(), None, None));
            acknowledged.store(value, Ordering::SeqCst);
            if value % 3 == 0 {
                store.checkpoint().unwrap();
            }
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            let states = reader.join().unwrap();
            assert!(states > 10, "a reader saw only {states} states");
        }
    }
}

#[test]
fn read_limits_count_exactly_across_threads_and_kills() {
    for mode in MODES {
        let mut world = small(mode);
        let store = Arc::new(world.open());
        let token = create(&store, b"counted", None, Some(1_000));
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let store = store.clone();
                std::thread::spawn(move || {
                    (0..150).filter(|_| read(&store, &token).is_some()).count()
                })
            })
            .collect();
        let first: usize = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
        world.kill(Arc::into_inner(store).unwrap());
        let store = world.open();
        let rest = (0..1_000).filter(|_| read(&store, &token).is_some()).count();
        assert_eq!((first, rest), (600, 400));
    }
}

/// Does the same on several threads at the same moment.
fn at_once(store: &Arc<Store>, work: impl Fn(&Store) + Clone + Send + 'static) {
    let start = Arc::new(Barrier::new(4));
    let threads = [(); 4].map(|()| {
        let (store, start, work) = (store.clone(), start.clone(), work.clone());
        std::thread::spawn(move || {
            start.wait();
            work(&store);
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

fn version_of(store: &Store, token: &Token) -> u64 {
    match store.read(token.as_bytes(), None, &mut [0; 64]) {
        Ok(Reading::Found(meta, _)) => meta.version,
        _ => panic!("no live token"),
    }
}

#[test]
fn versions_count_every_concurrent_update() {
    for mode in MODES {
        let store = Arc::new(small(mode).open());
        let token = create(&store, b"updated", None, None);
        at_once(&store, move |store| {
            (0..500).for_each(|_| assert!(update(store, &token, b"again", None, None)));
        });
        assert_eq!(version_of(&store, &token), 2_001);
    }
}

#[test]
fn concurrent_deletes_and_expiries_count_a_token_once() {
    for mode in MODES {
        let world = small(mode);
        let store = Arc::new(world.open());
        _ = create(&store, b"living", None, None);
        let tokens: Arc<[Token]> =
            (0..600).map(|_| create(&store, b"dying", Some(5), None)).collect();
        let (deleted, expired) = (tokens.clone(), tokens);
        at_once(&store, move |store| deleted[..300].iter().for_each(|it| _ = delete(store, it)));
        world.clock.advance(6_000);
        at_once(&store, move |store| expired.iter().for_each(|it| _ = data_of(store, it)));
        assert_eq!(store.stats().unwrap().live_tokens, 1);
    }
}
