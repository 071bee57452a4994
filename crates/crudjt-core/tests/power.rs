//! Power loss: whatever a cut leaves of the unsynced data, the store holds a prefix of its operations
//! that includes all that was flushed, goes on, and survives the next cut.
//!
//! `CRUDJT_CUTS` (default 600) says how many cuts are made at random, and a twentieth as many while
//! threads work. `CRUDJT_SEED` repeats the cuts of one seed, exactly but for those with threads.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use common::MODES;
use trial::power::{Report, Trial};

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

/// Runs the seeds on all processors and sums up what they report; `has_met` says whether that is what
/// the test is for. A single seed need not meet everything.
fn all_seeds(
    test: &str,
    seeds: std::ops::Range<u64>,
    run: impl Fn(&mut Trial) + Sync,
    has_met: impl Fn(Report) -> bool,
) {
    let run = |seed| {
        let mut trial = Trial::new(seed, MODES[seed as usize % 2]).unsteady();
        run(&mut trial);
        trial.report
    };
    if let Some(seed) = number_from("CRUDJT_SEED") {
        return println!("{test}: {}", with_seed(test, seed, || run(seed)));
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
    let report = sum.into_inner().unwrap();
    println!("{test}: {report}");
    assert!(has_met(report), "too little was met: {report}");
}

/// Most cuts came between an operation and its sync.
fn is_mostly_unsynced(report: Report) -> bool {
    report.cuts > 0 && report.unsynced * 2 > report.cuts
}

#[test]
fn a_power_cut_before_any_step_of_a_run_loses_nothing_that_was_promised() {
    let count = if number_from("CRUDJT_CUTS").is_some() { 150 } else { 30 };
    all_seeds(
        "before_any_step",
        0..8,
        |trial| trial.run_in_copies(count, 1),
        |report| {
            let is_varied = report.opening * 10 > report.cuts && report.kills * 20 > report.cuts;
            report.cuts > 1_000 && is_mostly_unsynced(report) && is_varied
        },
    );
}

#[test]
fn a_power_cut_while_threads_work_loses_nothing_that_was_promised() {
    let cuts = number_from("CRUDJT_CUTS").unwrap_or(600) / 20;
    all_seeds(
        "while_threads_work",
        0..cuts.div_ceil(CUTS_EACH),
        |trial| trial.run_threads(CUTS_EACH),
        |report| report.cuts >= cuts && is_mostly_unsynced(report),
    );
}

#[test]
fn a_power_cut_at_random_loses_nothing_that_was_promised() {
    let cuts = number_from("CRUDJT_CUTS").unwrap_or(600);
    all_seeds(
        "at_random",
        0..cuts.div_ceil(CUTS_EACH),
        |trial| trial.run(CUTS_EACH),
        |report| {
            let is_varied = report.opening * 50 > cuts && report.kills * 4 > cuts;
            report.cuts >= cuts && is_mostly_unsynced(report) && is_varied
        },
    );
}
