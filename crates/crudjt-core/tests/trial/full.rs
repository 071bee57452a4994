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
    let mut options = Options::new("/full", vec![secret(1)]);
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
