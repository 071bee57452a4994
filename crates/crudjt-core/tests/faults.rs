//! A failing disk: every access of a run fails in turn. The call that meets it gets a typed error,
//! reads go on, nothing that was acknowledged is lost, and the store opens again and goes on.
//!
//! `CRUDJT_FAULTS=all` tries every access and not only some of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crudjt_core::JournalMode;
use trial::disk::Fault;
use trial::faults::faults_of;
use trial::power::Trial;

const MODES: [JournalMode; 2] = [JournalMode::Mapped, JournalMode::Plain];

/// Every fault of a run, or every so manieth.
fn faults_in(seed: u64, journal: JournalMode, on: bool) -> Vec<Fault> {
    let all = std::env::var_os("CRUDJT_FAULTS").is_some();
    let accesses = Trial::accesses(seed, journal);
    let each = accesses.iter().enumerate().flat_map(|(at, access)| faults_of(*access, at));
    let each = each.map(|fault| Fault { on, ..fault });
    each.skip(if all { 0 } else { seed as usize }).step_by(if all { 1 } else { 9 }).collect()
}

fn try_all(seeds: std::ops::Range<u64>, on: bool) {
    let (mut count, mut errors, mut met) = (0, 0, 0);
    for seed in seeds {
        let journal = MODES[seed as usize % 2];
        for fault in faults_in(seed, journal, on) {
            let run = || Trial::new(seed, journal).run_with(fault);
            let told = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
                eprintln!("seed {seed}, {journal:?}, {fault:?} failed");
                resume_unwind(panic)
            });
            (count, errors, met) = (count + 1, errors + told, met + usize::from(told > 0));
        }
    }
    println!("{count} faults (lasting: {on}), {met} of them met by a call, {errors} errors told");
}

#[test]
fn one_failed_access_loses_nothing_and_reads_go_on() {
    try_all(0..4, false);
}

#[test]
fn a_disk_that_fails_from_some_moment_on_keeps_what_it_was_given_before() {
    try_all(4..6, true);
}

#[test]
fn a_power_cut_soon_after_a_failed_access_loses_nothing_that_was_kept() {
    let mut count = 0;
    for seed in 6..10 {
        let journal = MODES[seed as usize % 2];
        for (at, fault) in faults_in(seed, journal, seed >= 8).into_iter().enumerate() {
            let fault = Fault { cut_after: Some(1 + at as u64 % 9), ..fault };
            Trial::new(seed, journal).run_with_cut(fault);
            count += 1;
        }
    }
    println!("{count} power cuts soon after a fault");
}

#[test]
fn a_disk_that_starts_to_fail_while_threads_work_holds_nobody_up() {
    let (mut count, mut errors) = (0, 0);
    for after in (0..400).step_by(11) {
        for kind in [ErrorKind::Other, ErrorKind::StorageFull] {
            for on in [false, true] {
                let fault = Fault { after, kind, partly: false, on, cut_after: None };
                let journal = MODES[after % 2];
                errors += Trial::run_threads_with(after as u64, journal, fault);
                count += 1;
            }
        }
    }
    println!("{count} faults while threads work, {errors} errors told");
}
