//! The test of the tests: the engine is broken in each known way, and a trial has to notice.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::MODES;
use crudjt_core::sabotage::{Breakage, switch};
use trial::faults::faults_of;
use trial::full;
use trial::ownership;
use trial::power::Trial;
use trial::rotation::Rotation;
use trial::shelf;
use trial::time::TimeTrial;

fn cut(seed: u64) {
    Trial::new(seed, MODES[seed as usize % 2]).unsteady().run(25);
}

/// Every access of a run fails for some seed.
fn fail(seed: u64) {
    let journal = MODES[seed as usize % 2];
    for (at, access) in Trial::accesses(seed, journal).into_iter().enumerate() {
        for fault in faults_of(access, at).into_iter().skip(at % 4).take(1) {
            Trial::new(seed, journal).run_with(fault);
            Trial::new(seed, journal).run_with(trial::disk::Fault { on: true, ..fault });
        }
    }
}

fn fill(seed: u64) {
    full::fill_and_empty(MODES[seed as usize % 2], seed as usize * 5_000);
}

fn expire(seed: u64) {
    full::expire_at_rest_and_recover(MODES[seed as usize % 2], 4_000_000 + seed as usize * 40_000);
}

fn rotate(seed: u64) {
    Rotation::new(seed, MODES[seed as usize % 2]).rotate();
}

fn intrude(seed: u64) {
    Rotation::new(seed, MODES[seed as usize % 2]).intrude();
}

fn take_away(seed: u64) {
    ownership::take_away(seed, MODES[seed as usize % 2]);
}

fn step(seed: u64) {
    TimeTrial::new(seed, MODES[seed as usize % 2]).run(400);
}

fn change(seed: u64) {
    shelf::change(MODES[seed as usize % 2]);
}

fn take_over(seed: u64) {
    shelf::take_over(MODES[seed as usize % 2]);
}

/// A trial with a seed.
type Try = fn(u64);

/// Each breakage, the trial that is to notice it, and how often that runs at most.
const BROKEN: [(Breakage, Try, u64); 29] = [
    (Breakage::FolderUnsynced, cut, 200),
    (Breakage::MarkAhead, cut, 200),
    (Breakage::FrozenUnsynced, cut, 200),
    (Breakage::CommitAhead, cut, 200),
    (Breakage::TreeUnsynced, cut, 200),
    (Breakage::RootsUncopied, cut, 200),
    (Breakage::RecoveredUnsynced, cut, 200),
    (Breakage::EntriesUnchecked, cut, 200),
    (Breakage::StaleKept, cut, 200),
    (Breakage::KeyringUnsynced, cut, 200),
    (Breakage::RecoveredTrusted, fail, 10),
    (Breakage::SyncRetried, fail, 10),
    (Breakage::Unlatched, fail, 10),
    (Breakage::ReserveSpent, fill, 10),
    (Breakage::MakingLatches, fail, 10),
    (Breakage::ActiveKept, expire, 10),
    (Breakage::SlotsDroppedFirst, rotate, 4),
    (Breakage::CarriedUnsaved, rotate, 4),
    (Breakage::DomainsReplaced, rotate, 4),
    (Breakage::DomainsReplaced, intrude, 4),
    (Breakage::OwnershipUnchecked, take_away, 16),
    (Breakage::TreeUnlocked, take_away, 16),
    (Breakage::TimeByWall, step, 4),
    (Breakage::TimeByWall, cut, 200),
    (Breakage::BootIgnored, step, 10),
    (Breakage::JumpTrusted, step, 20),
    (Breakage::ExpiredUnjournalled, step, 20),
    (Breakage::ShelfUntold, change, 2),
    (Breakage::GraceSkipped, take_over, 2),
];

/// Which trial fails first, of so many at most.
fn first_failure(trial: Try, most: u64) -> Option<u64> {
    (0..most).find(|seed| catch_unwind(AssertUnwindSafe(|| trial(*seed))).is_err())
}

#[test]
fn each_breakage_is_noticed_by_a_trial() {
    std::panic::set_hook(Box::new(|_| ()));
    let mut missed = Vec::new();
    for (breakage, trial, most) in BROKEN {
        switch(Some(breakage));
        let noticed = first_failure(trial, most);
        println!("{breakage:?}: noticed in trial {noticed:?}");
        missed.extend(noticed.is_none().then_some(breakage));
    }
    switch(None);
    _ = std::panic::take_hook();
    assert!(missed.is_empty(), "not noticed: {missed:?}");
    for (trial, most) in [
        (cut as Try, 10),
        (fail, 1),
        (fill, 5),
        (expire, 4),
        (rotate, 2),
        (intrude, 2),
        (take_away, 16),
        (step, 20),
        (change, 2),
        (take_over, 2),
    ] {
        assert_eq!(first_failure(trial, most), None, "nothing is broken any more");
    }
}
