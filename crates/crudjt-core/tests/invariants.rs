//! The invariants of the write path, each in a test that fails when the invariant is taken out.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use common::interrupted::InterruptedClock;
use common::*;
use crudjt_core::{Error, JournalMode, ReaderIndex, Reading, Store, Token};

const MODES: [JournalMode; 2] = [JournalMode::Mapped, JournalMode::Plain];

fn small(journal: JournalMode) -> World {
    World { segment_bytes: 16 << 10, ..World::new(journal) }
}

#[test]
fn append_and_insert_are_one_step_also_while_memtables_rotate() {
    for mode in MODES {
        let mut world = small(mode);
        let store = Arc::new(world.open());
        let done = Arc::new(AtomicBool::new(false));
        let rotating = {
            let (store, done) = (store.clone(), done.clone());
            std::thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    store.checkpoint().unwrap()
                }
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
        rotating.join().unwrap();
        world.kill(Arc::into_inner(store).unwrap());
        let store = world.open();
        for (token, data) in &written {
            assert_eq!(data_of(&store, token).as_ref(), Some(data));
        }
    }
}

#[test]
fn whatever_was_acknowledged_when_the_files_froze_is_there() {
    for mode in MODES {
        let world = small(mode);
        let store = Arc::new(world.open());
        let acknowledged = Arc::new(std::sync::Mutex::new(Vec::new()));
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
fn a_tombstone_hides_what_the_tree_and_frozen_memtables_hold() {
    for mode in MODES {
        let mut world = small(mode);
        world.frozen_limit = 10;
        let store = world.open();
        let tokens: Vec<_> = (0..3).map(|_| create(&store, b"doomed", None, None)).collect();
        store.checkpoint().unwrap();
        let late = create(&store, b"doomed too", None, None);
        fill_a_memtable(&store);
        assert!(tokens.iter().chain([&late]).all(|token| delete(&store, token)));
        let dead = |store: &Store| {
            tokens.iter().chain([&late]).all(|token| data_of(store, token).is_none())
        };
        assert!(dead(&store));
        fill_a_memtable(&store);
        assert!(dead(&store), "with the tombstones frozen");
        store.checkpoint().unwrap();
        assert!(dead(&store), "with the tombstones in the tree");
        world.kill(store);
        assert!(dead(&world.open()), "after a kill");
    }
}

/// Writes as much as a memtable takes, so that what was written before is frozen.
fn fill_a_memtable(store: &Store) {
    (0..6).for_each(|_| _ = create(store, &[0; 4000], None, None));
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
                    while !done.load(Ordering::Relaxed) {
                        let at_least = acknowledged.load(Ordering::SeqCst);
                        let data = data_of(&store, &token).expect("a live token");
                        let seen = u64::from_le_bytes(data.try_into().unwrap());
                        assert!(seen >= at_least, "read {seen} after {at_least} was acknowledged");
                    }
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
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    }
}

/// A world with two commits behind it, and the B-tree's file as it was after each.
fn two_commits(mode: JournalMode) -> (World, Vec<Token>, [Vec<u8>; 3]) {
    let mut world = small(mode);
    let store = world.open();
    let mut tokens = Vec::new();
    let mut trees: [Vec<u8>; 3] = Default::default();
    for tree in &mut trees {
        *tree = tree_bytes(&world);
        tokens.push(create(&store, b"kept", None, None));
        store.checkpoint().unwrap();
    }
    world.kill(store);
    (world, tokens, trees)
}

fn tree_file(world: &World) -> PathBuf {
    world.path.join("records")
}

fn tree_bytes(world: &World) -> Vec<u8> {
    let mut copy = Vec::new();
    world.disk.edit(&tree_file(world), |bytes| copy.clone_from(bytes));
    copy
}

#[test]
fn a_tree_that_fell_back_by_one_commit_is_brought_forward_by_the_journal() {
    for mode in MODES {
        let (world, tokens, trees) = two_commits(mode);
        world.disk.edit(&tree_file(&world), |bytes| bytes.clone_from(&trees[2]));
        let store = world.open();
        assert!(tokens.iter().all(|token| data_of(&store, token).is_some()));
    }
}

#[test]
fn a_tree_that_fell_back_further_is_reported_as_damage() {
    for mode in MODES {
        let (world, _, trees) = two_commits(mode);
        world.disk.edit(&tree_file(&world), |bytes| bytes.clone_from(&trees[1]));
        assert_eq!(world.try_open().err().map(|error| error.code()), Some("ERR_CRUDJT_DAMAGED"));
    }
}

#[test]
fn a_tree_that_fell_back_behind_an_orderly_close_is_reported_as_damage() {
    for mode in MODES {
        let world = small(mode);
        let store = world.open();
        _ = create(&store, b"first", None, None);
        store.checkpoint().unwrap();
        let older = tree_bytes(&world);
        _ = create(&store, b"second", None, None);
        store.close().unwrap();
        world.disk.edit(&tree_file(&world), |bytes| *bytes = older);
        assert_eq!(world.try_open().err().map(|error| error.code()), Some("ERR_CRUDJT_DAMAGED"));
    }
}

#[test]
fn an_update_that_comes_too_late_does_not_revive_a_token() {
    for mode in MODES {
        let world = small(mode);
        let store = world.open();
        let token = create(&store, b"short", Some(5), None);
        world.clock.advance(4_999);
        assert_eq!(read(&store, &token).and_then(|(_, ttl, _)| ttl), Some(1));
        world.clock.advance(1);
        assert!(!update(&store, &token, b"revived", None, None));
        assert_eq!(data_of(&store, &token), None);
    }
}

/// A store whose clock can be interrupted.
fn open_interrupted(world: &World) -> (Arc<Store>, Arc<InterruptedClock>) {
    let clock = InterruptedClock::new(world.clock.clone());
    let mut options = world.options();
    options.environment.clock = clock.clone();
    (Arc::new(Store::open(options).unwrap()), clock)
}

#[test]
fn a_writer_whose_token_expires_while_it_works_comes_too_late() {
    for mode in MODES {
        for after in 0..3 {
            let world = small(mode);
            let (store, clock) = open_interrupted(&world);
            let token = create(&store, b"short", Some(5), None);
            let manual = world.clock.clone();
            clock.interrupt(after, move || manual.advance(6_000));
            let updated = update(&store, &token, b"revived", Some(60), None);
            assert_eq!(updated, !clock.has_interrupted(), "after {after} looks at the clock");
        }
    }
}

#[test]
fn a_reader_takes_the_time_before_it_looks() {
    for mode in MODES {
        for after in 0..3 {
            let world = small(mode);
            let (store, clock) = open_interrupted(&world);
            let token = create(&store, b"short", Some(5), None);
            let (writing, manual) = (Arc::downgrade(&store), world.clock.clone());
            clock.interrupt(after, move || {
                assert!(update(&writing.upgrade().unwrap(), &token, b"extended", Some(60), None));
                manual.advance(6_000);
            });
            let found = data_of(&store, &token);
            // If nothing came in between, closing must not be interrupted either.
            _ = clock.has_interrupted();
            assert!(found.is_some(), "after {after} looks at the clock");
        }
    }
}

#[test]
fn what_was_read_as_expired_stays_dead_when_the_clock_steps_back_over_a_restart() {
    for mode in MODES {
        let mut world = small(mode);
        let store = world.open();
        let token = create(&store, b"short", Some(5), None);
        world.clock.advance(6_000);
        assert_eq!(data_of(&store, &token), None);
        world.kill(store);
        world.clock.set_wall(START);
        assert_eq!(data_of(&world.open(), &token), None);
    }
}

#[test]
fn counted_reads_are_counted_exactly_over_threads_and_kills() {
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
    let start = Arc::new(std::sync::Barrier::new(4));
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
fn versions_count_every_update_of_those_that_come_at_once() {
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
fn a_token_dies_once_however_many_meet_it_expired_or_delete_it_at_once() {
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

#[test]
fn a_reader_that_knows_the_version_is_told_so_until_it_changes() {
    let store = small(JournalMode::Mapped).open();
    let token = create(&store, b"known", Some(60), None);
    let mut out = [0; 64];
    let mut kept = ReaderIndex::new(64);
    kept.keep(token.id(), 1, 0);
    let known = |out: &mut [u8]| store.read(token.as_bytes(), Some(&kept), out).unwrap();
    assert!(
        matches!(known(&mut out), Reading::Unchanged(meta, 0) if meta.ttl == Some(60) && meta.version == 1)
    );
    store.checkpoint().unwrap();
    for from in ["the B-tree", "the cache, which has no data then"] {
        assert!(matches!(known(&mut out), Reading::Unchanged(..)), "from {from}");
    }
    let mut room = [0; 64];
    assert!(matches!(store.read(token.as_bytes(), None, &mut room), Ok(Reading::Found(_, 5))));
    assert_eq!(&room[..5], b"known");
    assert!(matches!(known(&mut out), Reading::Unchanged(..)), "from the cache");
    assert!(update(&store, &token, b"other", None, None));
    assert!(matches!(known(&mut out), Reading::Found(meta, 5) if meta.version == 2));
}

#[test]
fn a_keeper_who_watches_is_told_of_what_others_do() {
    let world = small(JournalMode::Mapped);
    let store = world.open();
    let mut kept = ReaderIndex::new(64);
    store.watch(&mut kept);
    let mut out = [0; 64];
    let changed = |store: &Store, token: &Token| update(store, token, b"other", Some(60), None);
    for change in [delete as fn(&Store, &Token) -> bool, changed] {
        let token = store.create_kept(b"known", limits(Some(60), None), &kept, 7).unwrap();
        let mut known = || store.read(token.as_bytes(), Some(&kept), &mut out).unwrap();
        for _ in 0..2 {
            assert!(matches!(known(), Reading::Unchanged(meta, 7) if meta.ttl == Some(60)));
        }
        let other = world.open();
        assert!(std::thread::scope(|scope| scope.spawn(|| change(&other, &token)).join().unwrap()));
        assert!(!matches!(known(), Reading::Unchanged(..)));
    }
    let token = store.create_kept(b"known", limits(Some(60), None), &kept, 8).unwrap();
    let mut known = || store.read(token.as_bytes(), Some(&kept), &mut out).unwrap();
    world.clock.advance(59_001);
    assert!(matches!(known(), Reading::Unchanged(meta, 8) if meta.ttl == Some(1)));
    world.clock.advance(999);
    assert_eq!(known(), Reading::Absent);
    world.clock.set_wall(START);
    assert_eq!(known(), Reading::Absent);
    store.close().unwrap();
    assert!(matches!(store.read(token.as_bytes(), Some(&kept), &mut out), Err(Error::Closed)));
}

#[test]
fn what_a_keeper_has_of_an_id_is_not_given_for_another_token_of_that_id() {
    let mut world = small(JournalMode::Mapped);
    let store = world.open();
    let earlier = world.disk.copy();
    let lost = create(&store, b"lost", None, None);
    store.close().unwrap();
    world.disk = earlier;
    let store = world.open();
    let mut kept = ReaderIndex::new(64);
    store.watch(&mut kept);
    let made = store.create_kept(b"made", limits(None, None), &kept, 0).unwrap();
    assert_eq!(made.id(), lost.id());
    let mut out = [0; 64];
    let mut known = |token: &Token| store.read(token.as_bytes(), Some(&kept), &mut out).unwrap();
    assert!(matches!(known(&made), Reading::Unchanged(..)));
    assert_eq!(known(&lost), Reading::Absent);
    assert!(matches!(known(&made), Reading::Unchanged(..)));
}

#[test]
fn after_a_failed_sync_writes_are_refused_and_reads_go_on_until_reopened() {
    for mode in MODES {
        let mut world = small(mode);
        let store = world.open();
        let token = create(&store, b"there", None, None);
        world.disk.fail_after(0, std::io::ErrorKind::Other, false);
        assert_eq!(store.flush().unwrap_err().code(), "ERR_CRUDJT_STORAGE");
        assert!(matches!(store.create(b"refused", limits(None, None)), Err(Error::Storage { .. })));
        assert_eq!(data_of(&store, &token), Some(b"there".to_vec()));
        assert_eq!(world.codes(), ["CRUDJT_FAILED"]);
        world.kill(store);
        let store = world.open();
        assert_eq!(data_of(&store, &token), Some(b"there".to_vec()));
        assert!(delete(&store, &token));
    }
}

#[test]
fn a_full_disk_refuses_writes_before_they_are_acknowledged_and_recovers() {
    for mode in MODES {
        let mut world = small(mode);
        let store = world.open();
        let mut tokens = Vec::new();
        world.disk.fail_after(0, std::io::ErrorKind::StorageFull, true);
        let refused = loop {
            match try_create_uncommitted(&store, &[7; 500]) {
                Ok(token) => tokens.push(token),
                Err(error) => break error,
            }
        };
        assert_eq!(refused.code(), "ERR_CRUDJT_FULL");
        world.disk.heal();
        tokens.push(create_once_there_is_space(&store, &[7; 500]));
        assert!(tokens.iter().all(|token| data_of(&store, token).is_some()));
        world.kill(store);
        let store = world.open();
        assert!(tokens.iter().all(|token| data_of(&store, token).is_some()));
    }
}
