//! A master, writers and four readers in processes of their own, of which any is killed at any moment,
//! stopped, or started with another key: no reader is given what an acknowledged operation, or what
//! anybody has read before it, has made untrue. For each token that is linearizability: one writer,
//! values that only ascend, and bounds that every read is held against (`board.rs`).
//!
//! `CRUDJT_SHELF_SECONDS` is how long it takes, 20 by default; `npm run soak:shelf` takes ten minutes.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod board;
#[expect(unsafe_code, reason = "processes share a file in memory")]
mod board_unsafe;
mod driver;
mod master;
mod reader;
mod wire;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use board::Board;

/// A child's part: `role:folder:argument`.
const ROLE: &str = "CRUDJT_SHELF_ROLE";
/// The guard that the children leave out.
const BROKEN: &str = "CRUDJT_SHELF_BROKEN";
/// The test that children run.
const NAME: &str = "no_reader_is_given_what_is_no_longer_true";

/// What all processes of a trial know.
#[derive(Clone)]
pub(crate) struct Trial {
    folder: PathBuf,
    broken: Option<&'static str>,
}

impl Trial {
    pub(crate) fn board(&self) -> Board {
        Board::open(&self.folder.join("board"))
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Starts a process with a part.
    pub(crate) fn spawn(&self, role: &str, argument: u64) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args([NAME, "--exact", "--nocapture"])
            .env(ROLE, format!("{role}:{argument}:{}", self.folder.display()))
            .env(BROKEN, self.broken.unwrap_or_default())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }
}

/// Plays a child's part.
fn play(part: &str) {
    break_guard(&std::env::var(BROKEN).unwrap_or_default());
    end_with_parent();
    let mut words = part.splitn(3, ':');
    let (role, argument) = (words.next().unwrap(), words.next().unwrap().parse().unwrap());
    let trial = Trial { folder: Path::new(words.next().unwrap()).to_path_buf(), broken: None };
    match role {
        "master" => master::serve(&trial, argument),
        "reader" => reader::read(&trial, argument),
        other => panic!("{other} is no part"),
    }
}

/// Nobody goes on after a trial that failed.
fn end_with_parent() {
    let parent = rustix::process::getppid();
    std::thread::spawn(move || {
        while rustix::process::getppid() == parent {
            std::thread::sleep(Duration::from_millis(100));
        }
        std::process::exit(1);
    });
}

#[cfg(feature = "sabotage")]
fn break_guard(name: &str) {
    use crudjt_shelf::sabotage::{Breakage, switch};
    let all = [Breakage::MarkUnchecked, Breakage::CopyKept, Breakage::LeaseUnchecked];
    switch(all.into_iter().find(|breakage| format!("{breakage:?}") == name));
}

#[cfg(not(feature = "sabotage"))]
fn break_guard(_name: &str) {}

fn trial(time: Duration, broken: Option<&'static str>) -> Board {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let trial = Trial { folder: folder.path().to_path_buf(), broken };
    Board::create(&folder.path().join("board"));
    driver::drive(&trial, time)
}

#[test]
fn no_reader_is_given_what_is_no_longer_true() {
    if let Ok(part) = std::env::var(ROLE) {
        play(&part);
        std::process::exit(0);
    }
    let seconds = std::env::var("CRUDJT_SHELF_SECONDS").map_or(20, |text| text.parse().unwrap());
    let board = trial(Duration::from_secs(seconds), None);
    println!("{}", board.tally());
    assert_eq!(board.violations(), 0);
    board.check_that_it_was_a_trial();
}

#[cfg(feature = "sabotage")]
#[test]
fn a_missing_guard_is_noticed() {
    for broken in ["CopyKept", "MarkUnchecked", "LeaseUnchecked"] {
        let noticed = (0..6).any(|_| trial(Duration::from_secs(5), Some(broken)).violations() > 0);
        assert!(noticed, "{broken}");
    }
}
