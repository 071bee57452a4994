//! A disk that runs full and gets space again.

use std::sync::Arc;

use crudjt_core::clock::ManualClock;
use crudjt_core::{Change, Environment, Error, JournalMode, Options, Result, Store, Token};

use super::disk::PowerDisk;
use crate::common::{START, create, data_of, limits, patient, secret};

const SEGMENT: u64 = 64 << 10;
/// Of the last segment a sixty-fourth is kept for deletes of 32 bytes.
const DELETES: usize = (SEGMENT / 64 / 32) as usize;

fn options(disk: &PowerDisk, journal: JournalMode) -> Options {
    // Tests run at the same time, and a process has one store in a folder.
    let path = format!("/full/{:?}", std::thread::current().id());
    let mut options = Options::new(path, vec![secret(1)]);
    options.journal = journal;
    options.environment = Environment {
        clock: ManualClock::new(START),
        storage: Arc::new(disk.clone()),
        segment_bytes: SEGMENT,
        timers: false,
        spare_thread: false,
        ..Environment::default()
    };
    options
}

/// Calls until the disk is full; gives how often it was not.
fn until_full<T>(mut call: impl FnMut() -> Result<T>) -> usize {
    for count in 0..100_000 {
        match call() {
            Ok(_) => {}
            Err(Error::Full { .. }) => return count,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the disk is never full");
}

/// Fills a disk on which so many bytes are free: creates are refused first, deletes last; with
/// space everything goes on without a reopening, and nothing is lost.
pub fn fill_and_empty(journal: JournalMode, free: usize) {
    let disk = PowerDisk::new(0);
    let store = Store::open(options(&disk, journal)).unwrap();
    let mut tokens: Vec<Token> = (0..200).map(|_| create(&store, b"first", None, None)).collect();
    disk.leave_free(Some(free));
    let creating = || {
        let created = patient(&store, || store.create(&[1; 200], limits(None, None)));
        created.map(|token| tokens.push(token))
    };
    until_full(creating);
    let update = |data| {
        let change = Change::Replace(limits(None, None));
        patient(&store, || store.update(tokens[0].as_bytes(), data, change))
    };
    let updated = until_full(|| update(&[2; 200]));
    assert!(updated >= 3, "{updated} updates on a full disk");
    let mut deleted = 0;
    let refused = until_full(|| {
        deleted += 1;
        patient(&store, || store.delete(tokens[deleted].as_bytes()))
    });
    assert!(refused >= DELETES, "{refused} deletes on a full disk");
    assert_eq!(data_of(&store, &tokens[0]), Some(vec![2; 200]));
    store.flush().unwrap();
    disk.leave_free(None);
    tokens.push(create(&store, b"later", None, None));
    let disk = disk.kill();
    drop(store);
    let store = Store::open(options(&disk, journal)).unwrap();
    let alive = |token: &Token| data_of(&store, token).is_some();
    assert!(!tokens[1..deleted].iter().any(alive), "a deleted token is back");
    assert!(alive(&tokens[0]) && tokens[deleted..].iter().all(alive), "a token is lost");
    store.close().unwrap();
}

/// Fills a disk with tokens that were still alive when they came into the B-tree, whose file keeps its
/// size when they expire: the space of the active segment is then what is left.
pub fn expire_at_rest_and_recover(journal: JournalMode, free: usize) {
    let disk = PowerDisk::new(0);
    let clock = ManualClock::new(START);
    let mut options = options(&disk, journal);
    options.environment.clock = clock.clone();
    (options.environment.segment_bytes, options.max_data_size) = (4 << 20, 1024);
    let store = Store::open(options.clone()).unwrap();
    let kept = create(&store, b"kept", None, None);
    disk.leave_free(Some(free));
    let mut tokens = Vec::new();
    let mut create_more = || {
        let created = patient(&store, || store.create(&[1; 1000], limits(Some(60), None)));
        created.map(|token| tokens.push(token))
    };
    // What one round brings into the B-tree makes room for the next.
    while until_full(&mut create_more) > 0 {
        _ = store.sweep();
    }
    clock.advance(61_000);
    // As the threads do: who lacks space sweeps, and tries again.
    let create = || patient(&store, || store.create(&[2; 1000], limits(None, None)));
    let recovered = (0..3).any(|_| store.sweep().is_ok() && (0..50).all(|_| create().is_ok()));
    assert!(recovered, "{free} bytes");
    assert!(tokens.iter().all(|token| data_of(&store, token).is_none()));
    store.close().unwrap();
    let store = Store::open(options).unwrap();
    assert_eq!(data_of(&store, &kept), Some(b"kept".to_vec()));
    store.close().unwrap();
}

/// Fills a disk with tokens that then all expire: the store sweeps and takes new ones by itself, also
/// if it was killed and finds the disk full when it opens.
pub fn expire_and_recover(journal: JournalMode, free: usize, kill: bool) {
    let mut disk = PowerDisk::new(0);
    let clock = ManualClock::new(START);
    let options = |disk: &PowerDisk| {
        let mut options = options(disk, journal);
        options.environment.clock = clock.clone();
        options.environment.segment_bytes = 1 << 20;
        options
    };
    let mut store = Store::open(options(&disk)).unwrap();
    // A store that has worked for a while has free blocks in its B-tree.
    let kept = create(&store, b"kept", None, None);
    (0..600).for_each(|_| _ = create(&store, b"earlier", Some(1), None));
    store.checkpoint().unwrap();
    clock.advance(1_001);
    (0..3).for_each(|_| assert!(store.sweep().is_ok()));
    disk.leave_free(Some(free));
    let mut tokens = Vec::new();
    until_full(|| {
        let created = patient(&store, || store.create(&[1; 200], limits(Some(60), None)));
        created.map(|token| tokens.push(token))
    });
    if kill {
        disk = disk.kill();
        disk.leave_free(Some(0));
        drop(store);
        store = Store::open(options(&disk)).unwrap();
    }
    assert_eq!(data_of(&store, &kept), Some(b"kept".to_vec()));
    assert_eq!(data_of(&store, &tokens[0]), Some(vec![1; 200]));
    assert!(patient(&store, || store.delete(tokens[0].as_bytes())).unwrap());
    clock.advance(61_000);
    store.sweep().unwrap();
    (0..50).for_each(|_| _ = create(&store, b"new", None, None));
    assert!(tokens.iter().all(|token| data_of(&store, token).is_none()));
    store.close().unwrap();
    let store = Store::open(options(&disk)).unwrap();
    assert_eq!(data_of(&store, &kept), Some(b"kept".to_vec()));
    store.close().unwrap();
}
