//! Power loss: whatever of the unsynced data a cut leaves, the store holds a prefix of what it was
//! told that has everything it promised to keep, goes on, and stands the next cut.
//!
//! `CRUDJT_CUTS` cuts (default 600) are made at random, a twentieth as many while threads work; with
//! `CRUDJT_SEED` those of that seed only, which are the same again but for those with threads.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crudjt_core::JournalMode;
use trial::power::{Report, Trial};

const MODES: [JournalMode; 2] = [JournalMode::Mapped, JournalMode::Plain];
/// Cuts that one store goes through.
const CUTS_EACH: u64 = 25;

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// Runs the trial of a seed; a failure tells how to repeat it.
fn with_seed(test: &str, seed: u64, run: impl FnOnce() -> Report) -> Report {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        eprintln!("seed {seed} failed; to repeat it: CRUDJT_SEED={seed} cargo test -p crudjt-core --test power {test}");
        resume_unwind(panic)
    })
}

/// Runs the seeds on all processors and sums up what they report.
fn all_seeds(
    test: &str,
    seeds: std::ops::Range<u64>,
    run: impl Fn(u64) -> Report + Sync,
) -> Report {
    if let Some(seed) = number_from("CRUDJT_SEED") {
        return with_seed(test, seed, || run(seed));
    }
    let (next, sum) = (AtomicU64::new(seeds.start), Mutex::new(Report::default()));
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds.end {
            return;
        }
        let report = with_seed(test, seed, || run(seed));
        *sum.lock().unwrap() += report;
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        (0..threads).for_each(|_| _ = scope.spawn(work));
    });
    sum.into_inner().unwrap()
}

#[test]
fn power_cut_before_every_step_of_a_run_loses_nothing_that_was_kept() {
    let report = all_seeds("before_every_step", 0..8, |seed| {
        let mut trial = Trial::new(seed, MODES[seed as usize % 2]);
        trial.run_in_copies(if number_from("CRUDJT_CUTS").is_some() { 150 } else { 30 }, 1);
        trial.report
    });
    println!("before every step: {report}");
}

#[test]
fn power_cut_while_threads_work_loses_nothing_that_was_kept() {
    let cuts = number_from("CRUDJT_CUTS").unwrap_or(600) / 20;
    let report = all_seeds("while_threads_work", 0..cuts.div_ceil(CUTS_EACH), |seed| {
        let mut trial = Trial::new(seed, MODES[seed as usize % 2]);
        trial.run_threads(CUTS_EACH);
        trial.report
    });
    println!("while threads work: {report}");
}

#[test]
fn power_cut_at_random_loses_nothing_that_was_kept() {
    let cuts = number_from("CRUDJT_CUTS").unwrap_or(600);
    let report = all_seeds("at_random", 0..cuts.div_ceil(CUTS_EACH), |seed| {
        let mut trial = Trial::new(seed, MODES[seed as usize % 2]);
        trial.run(CUTS_EACH);
        trial.report
    });
    println!("at random: {report}");
}
