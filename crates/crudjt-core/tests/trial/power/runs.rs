//! Whole runs of a trial: with cuts at random, before every step, and while threads work.

use crudjt_core::Store;

use super::{Report, Trial};
use crate::trial::rng::Rng;

impl Trial {
    /// Opens, cuts and goes on until there were so many cuts.
    pub fn run(&mut self, cuts: u64) {
        while self.report.cuts < cuts {
            if self.rng.chance(30) {
                self.disk.cut_after(self.rng.below(60));
            }
            let store = self.open_over_cuts();
            self.disk.cut_never();
            self.meet(&store, false);
            self.live(store, 150);
        }
    }

    /// Does so many things, and cuts the power of so many copies before each step of them.
    pub fn run_in_copies(&mut self, count: usize, copies: u64) {
        self.copies = copies;
        self.disk.cut_copies(copies);
        let mut store = self.open_again();
        for _ in 0..count {
            store = store.and_then(|store| self.act(store));
        }
        self.keep(&store.expect("no cut"), Store::close);
    }

    /// Cuts the power while several threads use a store that syncs and commits by itself. What each
    /// thread did is in order, so a prefix of it is left.
    pub fn run_threads(&mut self, cuts: u64) {
        let mut workers = self.workers();
        while self.report.cuts < cuts {
            let store = self.open_over_cuts();
            self.disk.cut_never();
            for worker in &mut workers {
                worker.disk = self.disk.clone();
                (worker.offset, worker.newest_time) = (None, 0);
                worker.meet(&store, false);
            }
            self.disk.cut_after(self.rng.below(1500));
            work_at_once(&mut workers, &store);
            match self.disk.is_dead() {
                true => self.go_on_with_remains(),
                false => self.go_on_with(self.disk.clone().cut()),
            }
        }
    }

    /// What threads are to do, each with a history of its own.
    pub(in crate::trial) fn workers(&mut self) -> [Trial; 3] {
        self.threads = true;
        [(); 3].map(|()| Trial { rng: Rng::new(self.rng.next()), ..self.clone() })
    }

    /// Looks at what the cuts in copies left, before more is promised.
    pub(in crate::trial) fn look_at_copies(&mut self) {
        if self.copies == 0 {
            return;
        }
        for remains in self.disk.take_remains() {
            let rng = Rng::new(self.rng.next());
            let fork = self.fork(self.disk.clone());
            let mut fork = Trial { copies: 0, report: Report::default(), rng, ..fork };
            fork.go_on_with(remains);
            fork.examine();
            self.report += fork.report;
        }
    }

    /// Opens what a cut left, and once more with a cut in between, which must find the same; goes
    /// on there, and is cut again.
    fn examine(&mut self) {
        let mut interrupted = self.fork(self.disk.copy());
        let store = self.open().expect("no cut");
        self.meet(&store, false);
        drop(store);
        interrupted.disk.cut_after(interrupted.rng.below(30));
        let store = interrupted.open_over_cuts();
        interrupted.disk.cut_never();
        interrupted.meet(&store, false);
        assert_eq!(interrupted.history.found(), self.history.found(), "another cut, another end");
        interrupted.live(store, 8);
        let store = interrupted.open().expect("no cut");
        interrupted.meet(&store, false);
        self.report = interrupted.report;
    }
}

/// Lets each worker work in a thread of its own.
pub(in crate::trial) fn work_at_once(workers: &mut [Trial], store: &Store) {
    std::thread::scope(|scope| {
        workers.iter_mut().for_each(|worker| _ = scope.spawn(|| worker.work(store)));
    });
}
