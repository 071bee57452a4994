//! A full disk: calls are refused before they are acknowledged, new tokens first and deletes last,
//! and everything goes on by itself when there is space again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::*;
use crudjt_core::clock::ManualClock;
use crudjt_core::{Environment, Error, Event, JournalMode, Options, Store, Token};

#[test]
fn a_full_disk_refuses_creates_first_and_deletes_last_and_recovers() {
    for journal in MODES {
        for free in [0, 100, 5_000, 70_000, 140_000, 300_000] {
            trial::full::fill_and_empty(journal, free);
        }
    }
}

#[test]
fn a_disk_full_of_expired_tokens_recovers_by_itself() {
    for journal in MODES {
        for free in [3_000_000, 4_000_000, 6_000_000] {
            for kill in [false, true] {
                trial::full::expire_and_recover(journal, free, kill);
            }
        }
    }
}

#[test]
fn a_disk_full_of_tokens_that_expired_in_the_b_tree_recovers_by_itself() {
    for journal in MODES {
        for free in (4_000_000..16_000_000).step_by(240_000) {
            trial::full::expire_at_rest_and_recover(journal, free);
        }
    }
}

/// A small file system in memory, until dropped.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    /// `None` where this process may not mount.
    fn mount(kib: usize) -> Option<Tmpfs> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={kib}k,mode=700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "crudjt-test"]).arg(folder.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Tmpfs(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Takes all space that is left.
fn take_space(path: &Path) {
    let mut file = std::fs::File::create(path).unwrap();
    for size in [64 << 10, 4096, 512] {
        while file.write_all(&vec![7; size]).is_ok() {}
    }
}

#[test]
fn a_full_real_file_system_refuses_creates_first_and_recovers() {
    for journal in MODES {
        match Tmpfs::mount(6 << 10) {
            Some(tmpfs) => fill_and_empty(&tmpfs, journal),
            None => return eprintln!("SKIPPED: this process may not mount a tmpfs"),
        }
    }
}

fn fill_and_empty(tmpfs: &Tmpfs, journal: JournalMode) {
    let clock = ManualClock::new(START);
    let environment =
        Environment { clock: clock.clone(), segment_bytes: 256 << 10, ..Environment::default() };
    let options = Options::new(tmpfs.path().join("store"), vec![secret(1)]);
    let options = Options { journal, environment, ..options };
    let store = Store::open(options.clone()).unwrap();
    let mut tokens: Vec<Token> = (0..500).map(|_| create(&store, b"first", None, None)).collect();
    let ballast = tmpfs.path().join("ballast");
    take_space(&ballast);
    let refused = loop {
        match patient(&store, || store.create(&[1; 200], limits(None, None))) {
            Ok(token) => tokens.push(token),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, Error::Full { .. }), "{refused}");
    let dead = tokens.split_off(tokens.len() - 100);
    assert!(dead.iter().all(|token| delete(&store, token)));
    assert!(update(&store, &tokens[0], b"changed", None, None));
    store.flush().unwrap();
    std::fs::remove_file(ballast).unwrap();
    // The store finds out by itself, in its own time; the ten minutes are only there to end a failure.
    let deadline = Instant::now() + Duration::from_secs(600);
    let created = loop {
        clock.advance(500);
        match patient(&store, || store.create(b"later", limits(None, None))) {
            Err(Error::Full { .. }) if Instant::now() < deadline => std::thread::yield_now(),
            created => break created,
        }
    };
    tokens.push(created.unwrap());
    store.close().unwrap();
    let store = Store::open(options).unwrap();
    assert!(tokens.iter().all(|token| data_of(&store, token).is_some()));
    assert!(!dead.iter().any(|token| data_of(&store, token).is_some()));
    assert_eq!(data_of(&store, &tokens[0]), Some(b"changed".to_vec()));
}

#[test]
fn a_real_file_system_full_of_expired_tokens_recovers_within_three_seconds() {
    for journal in MODES {
        match Tmpfs::mount(40 << 10) {
            Some(tmpfs) => fill_with_expiring(&tmpfs, journal),
            None => return eprintln!("SKIPPED: this process may not mount a tmpfs"),
        }
    }
}

fn fill_with_expiring(tmpfs: &Tmpfs, journal: JournalMode) {
    let options = Options::new(tmpfs.path().join("store"), vec![secret(1)]);
    let told = Arc::new(AtomicUsize::new(0));
    let count = told.clone();
    let freed = Arc::new(AtomicUsize::new(0));
    let counts_freed = freed.clone();
    let on_event = move |event: Event| {
        count.fetch_add(usize::from(event.code() == "CRUDJT_DISK_FULL"), Ordering::Relaxed);
        counts_freed.fetch_add(usize::from(event.code() == "CRUDJT_DISK_FREED"), Ordering::Relaxed);
    };
    let options =
        Options { journal, max_data_size: 4096, on_event: Some(Arc::new(on_event)), ..options };
    let mut store = Store::open(options.clone()).unwrap();
    for round in 0..3 {
        let mut token = create(&store, b"first", Some(1), None);
        let refused = loop {
            match patient(&store, || store.create(&[1; 1000], limits(Some(1), None))) {
                Ok(created) => token = created,
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, Error::Full { .. }), "{refused}");
        if round == 1 {
            store.close().unwrap();
            store = Store::open(options.clone()).unwrap();
        }
        std::thread::sleep(Duration::from_secs(1));
        let expired = Instant::now();
        let deadline = expired + Duration::from_secs(3);
        for _ in 0..100 {
            loop {
                match patient(&store, || store.create(&[2; 2000], limits(Some(1), None))) {
                    Err(Error::Full { .. }) if Instant::now() < deadline => {
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    created => break created.map(drop).unwrap(),
                }
            }
        }
        println!(
            "{journal:?}: 100 new tokens {} ms after all had expired",
            expired.elapsed().as_millis()
        );
        assert_eq!(data_of(&store, &token), None);
    }
    let (told, freed) = (told.load(Ordering::Relaxed), freed.load(Ordering::Relaxed));
    assert!(told > 0, "nobody was told of the full disk");
    assert!(freed == told || freed + 1 == told, "full {told} times, freed {freed} times");
    store.close().unwrap();
}
