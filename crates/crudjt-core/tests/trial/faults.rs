//! Random operations on a store whose disk fails once, or from some moment on.

use std::io::ErrorKind;

use crudjt_core::{Error, JournalMode, Store};

use super::disk::{Access, Fault};
use super::power::{Trial, work_at_once};
use crate::common::limits;

const ACTS: usize = 30;

/// What went wrong so far.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Operations noted before the one that is being done.
    noted: usize,
    /// Whether the store takes no more writes.
    latched: bool,
    /// Whether what was acknowledged was written anew after a failed sync.
    rewritten: bool,
    pub errors: usize,
}

/// How an access can fail.
pub fn faults_of(access: Access, after: usize) -> Vec<Fault> {
    let fault = |kind, partly| Fault { after, kind, partly, on: false, cut_after: None };
    let (broken, full) = (fault(ErrorKind::Other, false), fault(ErrorKind::StorageFull, false));
    let short = [fault(ErrorKind::Other, true), fault(ErrorKind::StorageFull, true)];
    match access {
        Access::List | Access::Read | Access::Map | Access::Remove => vec![broken],
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

    /// Runs with a fault, then looks at what a kill and what a power cut leave. Gives how many
    /// errors callers were told.
    pub fn run_with(self, fault: Fault) -> usize {
        let mut trial = self;
        trial.faults = Some(Faults::default());
        trial.disk.set_fault(Some(fault));
        let store = trial.act_until_latched();
        let (killed, cut) = (trial.disk.copy(), trial.disk.copy().cut().disk);
        if let Some(store) = &store {
            trial.check_reads(store, fault.on);
        }
        let faults = trial.faults.take().unwrap_or_default();
        let safe = faults.rewritten && !fault.on;
        for (disk, all) in [(killed, true), (cut, safe)] {
            let mut after = trial.clone();
            after.disk = disk;
            after.disk.set_fault(None);
            let store = after.open().expect("no fault");
            after.meet(&store, all);
            after.live(store, 5);
            let store = after.open().expect("no fault");
            after.meet(&store, false);
        }
        faults.errors
    }

    /// Runs with a fault soon after which the power is cut, and looks at what that leaves.
    pub fn run_with_cut(self, fault: Fault) {
        let mut trial = self;
        trial.faults = Some(Faults::default());
        trial.disk.set_fault(Some(fault));
        drop(trial.act_until_latched());
        trial.faults = None;
        match trial.disk.is_dead() {
            true => trial.go_on_with_remains(),
            false => trial.go_on_with(trial.disk.cut()),
        }
        let store = trial.open().expect("no fault and no cut");
        trial.meet(&store, false);
    }

    /// Lets several threads use a store with threads of its own when the disk starts to fail; each
    /// comes to an end, and what it was told is there when the store is opened anew. Gives how many
    /// errors callers were told.
    pub fn run_threads_with(seed: u64, journal: JournalMode, fault: Fault) -> usize {
        let mut trial = Trial::new(seed, journal);
        trial.faults = Some(Faults::default());
        let mut workers = trial.workers();
        let store = trial.open().expect("no fault yet");
        workers.iter_mut().for_each(|worker| worker.share(&trial));
        trial.disk.set_fault(Some(fault));
        work_at_once(&mut workers, &store);
        trial.disk = trial.disk.kill();
        drop(store);
        trial.disk.set_fault(None);
        let store = trial.open().expect("no fault any more");
        workers.iter_mut().for_each(|worker| worker.meet(&store, true));
        workers.iter().flat_map(|worker| &worker.faults).map(|faults| faults.errors).sum()
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

    pub(super) fn is_latched(&self) -> bool {
        self.faults.as_ref().is_some_and(|faults| faults.latched)
    }

    /// Opens the store; the second attempt, if the disk failed in the first.
    pub(super) fn open_over_fault(&mut self) -> Option<Store> {
        self.open_again().or_else(|| self.open_again())
    }

    /// A store was opened: it takes writes.
    pub(super) fn note_opening(&mut self) {
        self.faults.iter_mut().for_each(|faults| faults.latched = false);
    }

    pub(super) fn begin_act(&mut self) {
        let noted = self.history.noted();
        self.faults.iter_mut().for_each(|faults| faults.noted = noted);
    }

    /// Notes what a call failed with: the store goes on as if it had not been called, or takes no
    /// more writes and nobody knows whether the call did something.
    pub(super) fn note_fault(&mut self, what: &str, error: &Error) {
        let typed = ["ERR_CRUDJT_STORAGE", "ERR_CRUDJT_FULL"].contains(&error.code());
        assert!(typed, "{what}: {error}");
        let latched = self.told().contains(&"CRUDJT_FAILED");
        let Some(faults) = &mut self.faults else { return };
        faults.errors += 1;
        faults.latched = latched;
        faults.rewritten |= matches!(error, Error::Storage { what: "sync its journal", .. });
        if latched {
            self.history.doubt(faults.noted);
        } else {
            self.history.take_back(faults.noted);
        }
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
