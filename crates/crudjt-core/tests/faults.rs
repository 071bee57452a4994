//! A failing disk: every access of a run fails in turn. The call that meets the fault gets a typed
//! error, reads go on, nothing acknowledged is lost, and the store opens again and goes on.
//!
//! `CRUDJT_FAULTS=all` tries every access instead of every ninth.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use common::MODES;
use crudjt_core::JournalMode;
use trial::disk::{Access, Fault};
use trial::faults::{FaultReport, faults_of};
use trial::power::Trial;

/// Each fault of a run, or every ninth, with the access that it lets fail.
fn faults_in(seed: u64, journal: JournalMode, on: bool) -> Vec<(Access, Fault)> {
    let all = std::env::var_os("CRUDJT_FAULTS").is_some();
    let accesses = Trial::accesses(seed, journal).into_iter().enumerate();
    let each = accesses.flat_map(|(at, access)| {
        faults_of(access, at).into_iter().map(move |fault| (access, Fault { on, ..fault }))
    });
    each.skip(if all { 0 } else { seed as usize }).step_by(if all { 1 } else { 9 }).collect()
}

/// What the faults of a test came to.
#[derive(Debug, Default)]
struct Tally {
    /// Faults that struck, by the access that failed.
    struck: BTreeMap<Access, usize>,
    full_disks: usize,
    partial: usize,
    /// Faults of which a call told.
    told: usize,
    rewritten: usize,
    cuts: usize,
}

impl Tally {
    /// Runs with each fault of some seeds.
    fn of(
        seeds: std::ops::Range<u64>,
        on: impl Fn(u64) -> bool,
        run: impl Fn(Trial, Fault) -> FaultReport,
    ) -> Tally {
        let mut tally = Tally::default();
        for seed in seeds {
            let journal = MODES[seed as usize % 2];
            for (access, fault) in faults_in(seed, journal, on(seed)) {
                let run = || run(Trial::new(seed, journal), fault);
                let report = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
                    eprintln!("seed {seed}, {journal:?}, {fault:?} failed");
                    resume_unwind(panic)
                });
                assert_eq!(report.failures.first(), Some(&access), "{fault:?} did not strike");
                tally.count(fault, &report);
            }
        }
        println!("{tally:?}");
        tally
    }

    fn count(&mut self, fault: Fault, report: &FaultReport) {
        if let Some(access) = report.failures.first() {
            *self.struck.entry(*access).or_default() += 1;
        }
        self.full_disks += usize::from(fault.kind == ErrorKind::StorageFull);
        self.partial += usize::from(fault.partly);
        self.told += usize::from(report.errors > 0);
        self.rewritten += usize::from(report.rewritten);
        self.cuts += usize::from(report.cut);
    }

    fn faults(&self) -> usize {
        self.struck.values().sum()
    }

    /// Every kind of access failed, in every way, and callers met it.
    fn assert_met(&self, accesses: &[Access]) {
        let missing: Vec<_> = accesses.iter().filter(|it| !self.struck.contains_key(it)).collect();
        assert!(missing.is_empty(), "{missing:?} never failed");
        assert!(self.full_disks > 0 && self.partial > 0 && self.rewritten > 0, "{self:?}");
        // A power cut soon after the fault often comes before a call could tell of it.
        assert!(3 * self.told > self.faults(), "{self:?}");
    }
}

/// The accesses that write, rename or sync something, or read: every run has many of them.
const FREQUENT: [Access; 8] = [
    Access::Read,
    Access::Create,
    Access::Write,
    Access::Extend,
    Access::Sync,
    Access::Rename,
    Access::Remove,
    Access::SyncFolder,
];

#[test]
fn one_failed_access_loses_nothing_and_reads_go_on() {
    let tally = Tally::of(0..4, |_| false, Trial::run_with);
    tally.assert_met(&[&FREQUENT[..], &[Access::List, Access::Map, Access::Open]].concat());
}

#[test]
fn a_disk_that_fails_for_good_keeps_what_was_acknowledged_before() {
    Tally::of(4..6, |_| true, Trial::run_with).assert_met(&FREQUENT);
}

#[test]
fn a_power_cut_soon_after_a_failed_access_loses_nothing_that_was_promised() {
    let tally = Tally::of(
        6..10,
        |seed| seed >= 8,
        |trial, fault| {
            let steps = 1 + fault.after as u64 % 9;
            trial.run_with_cut(Fault { cut_after: Some(steps), ..fault })
        },
    );
    tally.assert_met(&FREQUENT);
    assert!(2 * tally.cuts > tally.faults(), "{tally:?}");
}

#[test]
fn no_thread_hangs_on_a_disk_that_starts_to_fail() {
    let mut tally = Tally::default();
    for after in (0..400).step_by(11) {
        for kind in [ErrorKind::Other, ErrorKind::StorageFull] {
            for on in [false, true] {
                let fault = Fault { after, kind, partly: false, on, cut_after: None };
                let journal = MODES[after % 2];
                let report = Trial::run_threads_with(after as u64, journal, fault);
                tally.count(fault, &report);
            }
        }
    }
    println!("{tally:?}");
    // One full moment does not strike an access that takes no space.
    assert!(tally.faults() > 100, "{tally:?}");
    assert!(2 * tally.told > tally.faults(), "{tally:?}");
}
