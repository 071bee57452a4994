//! A folder that is taken away from the process that has it open: the process notices before it
//! promises anything again, and the next owner loses nothing to it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crudjt_core::clock::ManualClock;
use crudjt_core::{Change, Environment, Error, Event, JournalMode, Options, Store, Token};

use super::disk::PowerDisk;
use super::rng::Rng;
use crate::common::{START, create, data_of, limits, patient, secret};

static PATHS: AtomicU64 = AtomicU64::new(0);

/// What is done to the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// Another folder is in its place.
    Folder,
    /// It is emptied.
    Files,
    /// The file `lock` is removed.
    Lock,
    /// The file of the B-tree is removed, and with it the lock on it.
    Tree,
}

const LOSSES: [Loss; 4] = [Loss::Folder, Loss::Files, Loss::Lock, Loss::Tree];

/// A process with a store.
struct Process {
    store: Store,
    tokens: Vec<Token>,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Process {
    fn open(disk: &PowerDisk, journal: JournalMode) -> Result<Process, Error> {
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let told = events.clone();
        // In another process the registry would be another one: so is the path.
        let path = format!("/ownership/{}", PATHS.fetch_add(1, Ordering::Relaxed));
        let mut options = Options::new(path, vec![secret(1)]);
        options.journal = journal;
        options.on_event = Some(Arc::new(move |event| told.lock().unwrap().push(event)));
        options.environment = Environment {
            clock: ManualClock::new(START),
            storage: Arc::new(disk.clone()),
            segment_bytes: 24 << 10,
            timers: false,
            spare_thread: false,
            ..Environment::default()
        };
        Ok(Process { store: Store::open(options)?, tokens: Vec::new(), events })
    }

    fn create(&mut self, count: u64) {
        self.tokens.extend((0..count).map(|_| create(&self.store, &[7; 200], None, None)));
    }

    fn keeps_all(&self, tokens: &[Token]) {
        let lost = tokens.iter().filter(|token| data_of(&self.store, token).is_none()).count();
        assert_eq!(lost, 0, "of {} tokens", tokens.len());
    }

    /// Does something that may fail.
    fn go_on(&self, rng: &mut Rng) -> Result<(), Error> {
        let store = &self.store;
        let token = self.tokens[rng.below(self.tokens.len() as u64) as usize];
        match rng.below(5) {
            0 => patient(store, || store.create(&[8; 200], limits(None, None))).map(drop),
            1 => {
                let change = Change::Replace(limits(None, None));
                patient(store, || store.update(token.as_bytes(), b"changed", change)).map(drop)
            }
            2 => patient(store, || store.delete(token.as_bytes())).map(drop),
            3 => store.checkpoint(),
            _ => store.sweep().map(drop),
        }
    }

    fn failures(&self) -> usize {
        let events = self.events.lock().unwrap();
        events.iter().filter(|event| event.code() == "CRUDJT_FAILED").count()
    }
}

/// Takes a folder away from a process that goes on, and gives it to another one that is killed.
pub fn take_away(seed: u64, journal: JournalMode) {
    let (disk, rng) = (PowerDisk::new(seed), &mut Rng::new(seed));
    let loss = LOSSES[(seed / 2 % 4) as usize];
    let mut old = Process::open(&disk, journal).unwrap();
    old.create(1 + rng.below(60));
    if rng.chance(50) {
        old.store.checkpoint().unwrap();
        old.create(rng.below(20));
    }
    if rng.chance(50) {
        old.store.flush().unwrap();
    }
    match loss {
        Loss::Folder => disk.take_away(),
        Loss::Files => disk.unlink(|_| true),
        Loss::Lock => disk.unlink(|name| name == "lock"),
        Loss::Tree => disk.unlink(|name| name == "records"),
    }
    let mut new = match Process::open(&disk, journal) {
        Ok(new) => Some(new),
        Err(Error::Locked { .. }) => None,
        Err(error) => panic!("{error}"),
    };
    // The file `lock` is not what decides.
    assert_eq!(new.is_some(), matches!(loss, Loss::Folder | Loss::Files), "{loss:?}");
    let early = rng.below(30);
    new.iter_mut().for_each(|new| new.create(early));
    for _ in 0..rng.below(20) {
        _ = old.go_on(rng);
    }
    // What is promised from now on would be a lie.
    let token = patient(&old.store, || old.store.create(b"late", limits(None, None)));
    let durable = token.and_then(|_| old.store.flush());
    let is_lost = |error: &Error| matches!(error, Error::FolderLost { .. });
    assert!(durable.as_ref().is_err_and(is_lost), "{durable:?}");
    assert_eq!(durable.err().map(|error| error.code()), Some("ERR_CRUDJT_STORAGE"));
    assert_eq!(old.failures(), 1, "it is told once");
    new.iter_mut().for_each(|new| new.create(early));
    new.iter().for_each(|new| new.store.flush().unwrap());
    for _ in 0..rng.below(10) {
        _ = old.go_on(rng);
    }
    assert!(old.store.close().is_err() && old.failures() == 1);
    let new = match (new, loss) {
        (Some(new), _) => new,
        (None, Loss::Lock) => {
            let mut new = Process::open(&disk, journal).unwrap();
            new.create(early);
            new
        }
        // Its lost B-tree is told of.
        (None, _) => {
            let refused = Process::open(&disk, journal).err().map(|error| error.code());
            return assert_eq!(refused, Some("ERR_CRUDJT_DAMAGED"));
        }
    };
    let killed = disk.kill();
    Process::open(&killed, journal).unwrap().keeps_all(&new.tokens);
}
