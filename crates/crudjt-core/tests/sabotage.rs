//! The test of the tests: the engine is broken in each known way, and a trial has to notice.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crudjt_core::JournalMode;
use crudjt_core::sabotage::{Breakage, switch};
use trial::power::Trial;

const MODES: [JournalMode; 2] = [JournalMode::Mapped, JournalMode::Plain];

/// How many trials it takes until one fails, of so many at most.
fn trials_until_noticed(most: u64, trial: impl Fn(u64)) -> Option<u64> {
    (0..most).find(|seed| catch_unwind(AssertUnwindSafe(|| trial(*seed))).is_err())
}

#[test]
fn each_breakage_is_noticed_by_a_trial() {
    std::panic::set_hook(Box::new(|_| ()));
    let cut = |seed: u64| Trial::new(seed, MODES[seed as usize % 2]).run(25);
    let all = [
        Breakage::FolderUnsynced,
        Breakage::MarkAhead,
        Breakage::FrozenUnsynced,
        Breakage::CommitAhead,
        Breakage::TreeUnsynced,
        Breakage::RecoveredUnsynced,
        Breakage::EntriesUnchecked,
        Breakage::StaleKept,
        Breakage::KeyringUnsynced,
    ];
    let mut missed = Vec::new();
    for breakage in all {
        switch(Some(breakage));
        let noticed = trials_until_noticed(200, cut);
        println!("{breakage:?}: noticed in trial {noticed:?}");
        missed.extend(noticed.is_none().then_some(breakage));
    }
    switch(None);
    _ = std::panic::take_hook();
    assert!(missed.is_empty(), "not noticed: {missed:?}");
    assert_eq!(trials_until_noticed(10, cut), None, "nothing is broken any more");
}
