//! Random operations on a store whose disk fails once, or from some moment on.

use std::io::ErrorKind;

use crudjt_core::{Error, JournalMode, Store};

use super::disk::{Access, Fault};
use super::power::{FaultLog, Trial, work_at_once};
use crate::common::limits;

const ACTS: usize = 30;

/// What a fault came to.
pub struct FaultReport {
    /// The accesses that failed.
    pub failures: Vec<Access>,
    /// How many errors callers were told.
    pub errors: usize,
    /// Whether what was acknowledged was written anew after a failed sync.
    pub rewritten: bool,
    /// Whether the power was cut while the run was going on.
    pub cut: bool,
}

/// How an access can fail.
pub fn faults_of(access: Access, after: usize) -> Vec<Fault> {
    let fault = |kind, partly| Fault { after, kind, partly, on: false, cut_after: None };
    let (broken, full) = (fault(ErrorKind::Other, false), fault(ErrorKind::StorageFull, false));
    let short = [fault(ErrorKind::Other, true), fault(ErrorKind::StorageFull, true)];
    match access {
        Access::List | Access::Read | Access::Map | Access::Open | Access::Remove => vec![broken],
        Access::Create | Access::Sync | Access::Rename | Access::SyncFolder => vec![broken, full],
        Access::Write | Access::Extend => [vec![broken, full], short.to_vec()].concat(),
    }
}

impl Trial {
    /// The accesses of a run without faults.
    pub fn accesses(seed: u64, journal: JournalMode) -> Vec<Access> {
        let mut trial = Trial::new(seed, journal);
        let mut store = trial.open_again();
        for _ in 0..ACTS {
            store = store.and_then(|store| trial.act(store));
        }
        store.expect("no fault").close().unwrap();
        trial.disk.accesses()
    }

    fn report_faults(&self) -> FaultReport {
        let FaultLog { errors, rewritten, .. } = self.faults.clone().unwrap_or_default();
        let (failures, cut) = (self.disk.failures(), self.disk.is_dead());
        FaultReport { failures, errors, rewritten, cut }
    }

    /// Runs with a fault, then looks at what a kill and what a power cut leave.
    pub fn run_with(self, fault: Fault) -> FaultReport {
        let mut trial = self;
        trial.faults = Some(FaultLog::default());
        trial.disk.set_fault(Some(fault));
        let store = trial.act_until_latched();
        let (killed, cut) = (trial.disk.copy(), trial.disk.copy().cut().disk);
        if let Some(store) = &store {
            trial.check_reads(store, fault.on);
        }
        let report = trial.report_faults();
        trial.faults = None;
        let safe = report.rewritten && !fault.on;
        for (disk, all) in [(killed, true), (cut, safe)] {
            let mut after = trial.fork(disk);
            after.forget_time();
            after.disk.set_fault(None);
            let store = after.open().expect("no fault");
            after.meet(&store, all);
            after.live(store, 5);
            let store = after.open().expect("no fault");
            after.meet(&store, false);
        }
        report
    }

    /// Runs with a fault soon after which the power is cut, and looks at what that leaves.
    pub fn run_with_cut(self, fault: Fault) -> FaultReport {
        let mut trial = self;
        trial.faults = Some(FaultLog::default());
        trial.disk.set_fault(Some(fault));
        drop(trial.act_until_latched());
        let report = trial.report_faults();
        trial.faults = None;
        match trial.disk.is_dead() {
            true => trial.go_on_with_remains(),
            false => trial.go_on_with(trial.disk.cut()),
        }
        let store = trial.open().expect("no fault and no cut");
        trial.meet(&store, false);
        report
    }

    /// Lets several threads use a store with threads of its own when the disk starts to fail; each
    /// comes to an end, and what it was told is there when the store is opened anew.
    pub fn run_threads_with(seed: u64, journal: JournalMode, fault: Fault) -> FaultReport {
        let mut trial = Trial::new(seed, journal);
        trial.faults = Some(FaultLog::default());
        let mut workers = trial.workers();
        let store = trial.open().expect("no fault yet");
        workers.iter_mut().for_each(|worker| worker.share(&trial));
        trial.disk.set_fault(Some(fault));
        work_at_once(&mut workers, &store);
        let report = trial.report_faults();
        trial.disk = trial.disk.kill();
        drop(store);
        trial.disk.set_fault(None);
        let store = trial.open().expect("no fault any more");
        workers.iter_mut().for_each(|worker| worker.meet(&store, true));
        let errors = workers.iter().map(|worker| worker.report_faults().errors).sum();
        FaultReport { errors, ..report }
    }

    fn act_until_latched(&mut self) -> Option<Store> {
        let mut store = self.open_over_fault();
        for _ in 0..ACTS {
            store = match store {
                Some(store) if self.is_latched() || self.disk.is_dead() => return Some(store),
                Some(store) => self.act(store),
                None => return None,
            };
        }
        let ended = self.is_latched() || self.disk.is_dead();
        if let Some(store) = store.as_ref().filter(|_| !ended) {
            self.begin_act();
            let closed = store.close();
            _ = closed.map_err(|error| self.note_fault("close", &error));
            return None;
        }
        store
    }

    /// After a failure reads go on, also when the system dropped what it could not write; writes
    /// are refused if the store latched.
    fn check_reads(&mut self, store: &Store, still_failing: bool) {
        if still_failing {
            return;
        }
        self.disk.evict();
        let now = self.now();
        self.history.is_still_read(store, now).unwrap_or_else(|text| panic!("{text}"));
        let refused = store.create(b"refused", limits(None, None)).err().map(|error| error.code());
        assert_eq!(refused, Some("ERR_CRUDJT_STORAGE"));
    }
}
