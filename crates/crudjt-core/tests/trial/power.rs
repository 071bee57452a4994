//! Random operations on a store whose power is cut, again and again, also while it recovers.

mod acts;
mod fault_log;
mod report;
mod runs;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crudjt_core::clock::{Clock, ManualClock};
use crudjt_core::storage::Storage;
use crudjt_core::{
    Environment, Event, Finding, FindingKind, JournalMode, Options, Result, Store, verify,
};

use super::disk::{PowerDisk, Remains};
use super::history::History;
use super::rng::Rng;
use crate::common::unsteady::UnsteadyClock;
use crate::common::{START, secret};

pub use fault_log::FaultLog;
pub use report::Report;
pub(super) use runs::work_at_once;

/// An unsteady wall clock steps by up to so much …
const LONGEST_STEP: u64 = 3_000;
/// … and any one steps back by more with the power, so that only what was recorded tells the time.
const BACK: i64 = -3_600_000;

static PATHS: AtomicU64 = AtomicU64::new(0);

/// A store on a disk whose power is cut, and what it was told.
#[derive(Clone)]
pub struct Trial {
    pub rng: Rng,
    pub disk: PowerDisk,
    pub history: History,
    pub report: Report,
    clock: Arc<ManualClock>,
    /// The store's time minus the monotonic one, in this boot; `None` before the first opening.
    offset: Option<u64>,
    /// By how much the wall clock may step at any moment.
    longest_step: u64,
    /// The store's time at the last power cut.
    newest_time: u64,
    journal: JournalMode,
    /// The number of the newest secret, and whether the one before it is still needed.
    newest_secret: u8,
    both_secrets: bool,
    written: u8,
    /// Whether it mostly opens, closes and commits.
    idle: bool,
    /// Whether the store has its threads: then time passes at any moment.
    threads: bool,
    /// Cuts in copies before each step, each looked at.
    copies: u64,
    /// Whether a store was opened: from then on its B-tree has copies of its root blocks.
    has_opened: bool,
    /// Whether the header of the B-tree is destroyed until the next opening.
    header_lost: bool,
    /// What went wrong, where that is what is tried.
    pub(super) faults: Option<FaultLog>,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Trial {
    pub fn new(seed: u64, journal: JournalMode) -> Trial {
        Trial::with(Rng::new(seed), seed / 2 % 2 == 1, journal)
    }

    /// One that mostly opens, closes and commits, or not.
    pub fn with(mut rng: Rng, idle: bool, journal: JournalMode) -> Trial {
        Trial {
            disk: PowerDisk::new(rng.next()),
            rng,
            history: History::default(),
            report: Report::default(),
            clock: ManualClock::new(START),
            offset: None,
            longest_step: 0,
            newest_time: 0,
            journal,
            newest_secret: 1,
            both_secrets: false,
            written: 0,
            idle,
            threads: false,
            copies: 0,
            has_opened: false,
            header_lost: false,
            faults: None,
            events: Arc::default(),
        }
    }

    pub(super) fn now(&self) -> u64 {
        self.clock.monotonic().wrapping_add(self.offset.expect("an open store"))
    }

    /// The same with a wall clock that steps at any moment.
    pub fn unsteady(self) -> Trial {
        Trial { longest_step: LONGEST_STEP, ..self }
    }

    /// A trial that goes on by itself, on this disk.
    pub(super) fn fork(&self, disk: PowerDisk) -> Trial {
        Trial { disk, clock: self.clock.copy(), ..self.clone() }
    }

    fn options(&self) -> Options {
        let events = self.events.clone();
        let numbers = self.newest_secret - u8::from(self.both_secrets)..=self.newest_secret;
        let path = format!("/power/{}", PATHS.fetch_add(1, Ordering::Relaxed));
        let mut options = Options::new(PathBuf::from(path), numbers.rev().map(secret).collect());
        options.journal = self.journal;
        options.max_data_size = 4096;
        options.cache_size = 1 << 20;
        options.on_event = Some(Arc::new(move |event| events.lock().unwrap().push(event)));
        options.environment = Environment {
            clock: UnsteadyClock::new(
                self.clock.clone(),
                self.newest_secret.into(),
                self.longest_step,
            ),
            storage: Arc::new(self.disk.clone()),
            segment_bytes: 24 << 10,
            timers: self.threads,
            spare_thread: self.threads,
            ..Environment::default()
        };
        options
    }

    /// Opens the store; `None` if the power was cut meanwhile.
    pub(super) fn open(&mut self) -> Option<Store> {
        self.events = Arc::default();
        let opened = Store::open(self.options());
        let store = self.unless_dead("open", opened)?;
        if self.disk.is_dead() {
            return None;
        }
        self.note_opening();
        let told = self.told();
        let expected = ["CRUDJT_KEYRING_REPAIRED", "CRUDJT_CLOCK_JUMPED", "CRUDJT_CLOCK_BEHIND"];
        let restored = |code: &&str| *code == "CRUDJT_TREE_RESTORED" && self.header_lost;
        let is_expected = |code: &&str| expected.contains(code) || restored(code);
        assert!(told.iter().all(is_expected), "told {told:?} {:?}", self.disk.failures());
        self.header_lost = false;
        Some(store)
    }

    /// Works on the store that another one opened.
    pub(super) fn share(&mut self, other: &Trial) {
        self.events = other.events.clone();
        // No token of a thread has a ttl.
        self.offset = Some(0);
    }

    /// The codes of what the store last opened told.
    pub(super) fn told(&self) -> Vec<&'static str> {
        self.events.lock().unwrap().iter().map(Event::code).collect()
    }

    /// An error is only right if the power was cut, or if faults are tried.
    fn unless_dead<T>(&mut self, what: &str, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(_) if self.disk.is_dead() => None,
            Err(error) if self.faults.is_some() => {
                self.note_fault(what, &error);
                None
            }
            Err(error) => panic!("{what}: {error}"),
        }
    }

    /// Looks whether an opened store holds what it must.
    pub(super) fn meet(&mut self, store: &Store, all: bool) {
        self.disk.hold(true);
        self.note_time(store);
        let met = self.history.meet(store, self.now(), all);
        met.unwrap_or_else(|text| panic!("{text}"));
        assert_eq!(store.stats().unwrap().damaged_records, 0);
        self.has_opened = true;
        self.both_secrets = false;
        self.disk.hold(false);
    }

    /// During one boot the store's time is exact, unless the clock file failed. After a power cut it
    /// need not have been recorded: time then passes until it is where it was.
    fn note_time(&mut self, store: &Store) {
        let offset = store.time().wrapping_sub(self.clock.monotonic());
        if self.faults.is_some() {
            self.forget_time();
        }
        assert_eq!(offset, *self.offset.get_or_insert(offset), "the time of this boot");
        self.clock.advance(self.newest_time.saturating_sub(self.now()));
    }

    /// The next opening need not know more than what was recorded.
    pub(super) fn forget_time(&mut self) {
        if self.offset.is_some() {
            self.newest_time = self.newest_time.max(self.now());
        }
        self.offset = None;
    }

    /// What a power cut leaves is sound, but for a copy of the keyring, and for a store that was
    /// never finished.
    fn verify(&self) {
        self.disk.hold(true);
        let verified = verify(&self.options(), &mut |_, _| ());
        let names = self.disk.list(&self.options().path).unwrap();
        if names.iter().any(|name| name.starts_with("keyring") && !name.ends_with("new")) {
            let verified = verified.unwrap();
            let is_header = |it: &Finding| {
                it.kind == FindingKind::Block && it.place == Some(0) && self.header_lost
            };
            let other = |it: &&Finding| it.kind != FindingKind::Keyring && !is_header(it);
            assert_eq!(verified.findings.iter().find(other), None);
        }
        self.disk.hold(false);
    }

    /// Opens the store, which a cut may interrupt.
    fn open_over_cuts(&mut self) -> Store {
        loop {
            if self.rng.chance(30) {
                self.verify();
            }
            if let Some(store) = self.open() {
                return store;
            }
            self.report.opening += 1;
            self.go_on_with_remains();
            if self.rng.chance(30) {
                self.disk.cut_after(self.rng.below(60));
            }
        }
    }

    /// Does up to so many things until the power is cut.
    pub(super) fn live(&mut self, store: Store, most: usize) {
        let span = *self.rng.pick(&[10, 60, 300, 1000]);
        self.disk.cut_after(self.rng.below(span));
        let mut store = Some(store);
        for _ in 0..most {
            store = store.and_then(|store| self.act(store));
            if self.disk.is_dead() {
                return self.go_on_with_remains();
            }
        }
        let remains = self.disk.cut();
        self.go_on_with(remains);
    }

    pub(super) fn go_on_with_remains(&mut self) {
        let remains = self.disk.take_remains().pop();
        self.go_on_with(remains.expect("the power was cut"));
    }

    pub(super) fn go_on_with(&mut self, remains: Remains) {
        self.report.cuts += 1;
        self.report.unsynced += u64::from(remains.unsynced);
        self.disk = remains.disk;
        if self.has_opened && self.rng.chance(20) {
            self.destroy_header();
        }
        self.forget_time();
        self.clock.reboot();
        self.clock.step_wall(BACK);
    }

    /// Damages block 0 of the B-tree, of which its preface has copies.
    fn destroy_header(&mut self) {
        self.disk.destroy("records", 4096..8200);
        self.report.destroyed += 1;
        self.header_lost = true;
    }

    pub(super) fn open_again(&mut self) -> Option<Store> {
        let store = self.open();
        self.look_at_copies();
        self.meet(store.as_ref()?, true);
        self.look_at_copies();
        store
    }
}
