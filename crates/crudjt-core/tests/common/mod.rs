//! What the engine's tests share: stores on a simulated disk with a clock that is moved by hand.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

pub mod interrupted;
pub mod medium;
pub mod shelf;
pub mod unsteady;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crudjt_core::clock::ManualClock;
use crudjt_core::storage::sim::SimDisk;
use crudjt_core::{
    Change, Environment, Event, JournalMode, Limits, OUT_BYTES, Options, Reading, Result, Secret,
    Store, Token,
};

/// A wall time to start from, in milliseconds.
pub const START: u64 = 1_800_000_000_000;

/// Both journal writers.
pub const MODES: [JournalMode; 2] = [JournalMode::Mapped, JournalMode::Plain];

static STORES: AtomicU64 = AtomicU64::new(0);

/// A store's surroundings: they outlive the store, so that it can be reopened in them.
#[derive(Clone)]
pub struct World {
    pub disk: SimDisk,
    pub clock: Arc<ManualClock>,
    pub path: PathBuf,
    pub secrets: Vec<Secret>,
    pub journal: JournalMode,
    pub segment_bytes: u64,
    pub frozen_limit: usize,
    pub epoch_seals: u64,
    pub spare_thread: bool,
    pub events: Arc<std::sync::Mutex<Vec<Event>>>,
}

/// The secret made of 32 bytes that count up from `byte`.
pub fn secret(byte: u8) -> Secret {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = (0..33).map(|at: u8| byte.wrapping_add(at.wrapping_mul(5))).collect();
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = u32::from(chunk[0]) << 16 | u32::from(chunk[1]) << 8 | u32::from(chunk[2]);
        text.extend([18, 12, 6, 0].map(|shift| char::from(DIGITS[(word >> shift) as usize & 63])));
    }
    // 33 bytes are 44 characters: without the last one of 32 bytes' 43, the rest is 32 bytes and 2 bits.
    text.truncate(42);
    text.push('A');
    Secret::from_base64(&text).unwrap()
}

impl World {
    pub fn new(journal: JournalMode) -> World {
        World {
            disk: SimDisk::new(true),
            clock: ManualClock::new(START),
            path: PathBuf::from(format!("/simulated/{}", STORES.fetch_add(1, Ordering::Relaxed))),
            secrets: vec![secret(1)],
            journal,
            segment_bytes: 1 << 20,
            frozen_limit: 2,
            epoch_seals: 1 << 36,
            spare_thread: true,
            events: Arc::default(),
        }
    }

    pub fn options(&self) -> Options {
        let events = self.events.clone();
        let mut options = Options::new(&self.path, self.secrets.clone());
        options.journal = self.journal;
        options.max_data_size = 4096;
        options.cache_size = 1 << 20;
        options.on_event = Some(Arc::new(move |event| events.lock().unwrap().push(event)));
        options.environment = Environment {
            clock: self.clock.clone(),
            storage: Arc::new(self.disk.clone()),
            segment_bytes: self.segment_bytes,
            frozen_limit: self.frozen_limit,
            epoch_seals: self.epoch_seals,
            timers: false,
            spare_thread: self.spare_thread,
            ..Environment::default()
        };
        options
    }

    pub fn open(&self) -> Store {
        self.try_open().unwrap()
    }

    pub fn try_open(&self) -> Result<Store> {
        Store::open(self.options())
    }

    /// The world as a killed process leaves it: `store` goes on in one that nobody sees.
    pub fn kill(&mut self, store: Store) {
        let survived = self.disk.copy();
        drop(store);
        self.disk = survived;
    }

    pub fn codes(&self) -> Vec<&'static str> {
        self.events.lock().unwrap().iter().map(Event::code).collect()
    }
}

/// Tries again for as long as the store is busy.
pub fn patient<T>(store: &Store, mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(crudjt_core::Error::Busy) => store.wait_for_room()?,
            result => return result,
        }
    }
}

pub fn limits(ttl: Option<u64>, reads: Option<u64>) -> Limits {
    Limits { ttl, reads }
}

pub fn create(store: &Store, data: &[u8], ttl: Option<u64>, reads: Option<u64>) -> Token {
    patient(store, || store.create(data, limits(ttl, reads))).unwrap()
}

/// Creates a token without committing anything to make room.
pub fn try_create_uncommitted(store: &Store, data: &[u8]) -> Result<Token> {
    loop {
        match store.create(data, limits(None, None)) {
            Err(crudjt_core::Error::Busy) => std::thread::yield_now(),
            created => return created,
        }
    }
}

/// Creates a token on a disk that was full until now: the last attempt to get space may have failed
/// just before.
pub fn create_once_there_is_space(store: &Store, data: &[u8]) -> Token {
    let mut attempts =
        (0..1_000).map(|_| patient(store, || store.create(data, limits(None, None))));
    let is_told =
        |created: &Result<Token>| !matches!(created, Err(crudjt_core::Error::Full { .. }));
    attempts.find(is_told).unwrap().unwrap()
}

pub fn update(
    store: &Store,
    token: &Token,
    data: &[u8],
    ttl: Option<u64>,
    reads: Option<u64>,
) -> bool {
    patient(store, || store.update(token.as_bytes(), data, Change::Replace(limits(ttl, reads))))
        .unwrap()
}

pub fn delete(store: &Store, token: &Token) -> bool {
    patient(store, || store.delete(token.as_bytes())).unwrap()
}

/// What a read found: the data, the seconds left and the reads left.
pub type Seen = (Vec<u8>, Option<u64>, Option<u64>);

/// A read's data, seconds left and reads left; `None` if there is no live token.
pub fn read(store: &Store, token: &Token) -> Option<Seen> {
    try_read(store, token).unwrap()
}

pub fn try_read(store: &Store, token: &Token) -> Result<Option<Seen>> {
    let mut out = vec![0; OUT_BYTES];
    match patient_read(store, token, &mut out)? {
        Reading::Found(meta, length) => Ok(Some((out[..length].to_vec(), meta.ttl, meta.reads))),
        Reading::Absent => Ok(None),
        Reading::Unchanged(..) => panic!("nothing was known"),
    }
}

fn patient_read(store: &Store, token: &Token, out: &mut [u8]) -> Result<Reading> {
    loop {
        match store.read(token.as_bytes(), None, out) {
            Err(crudjt_core::Error::Busy) => store.wait_for_room()?,
            result => return result,
        }
    }
}

pub fn data_of(store: &Store, token: &Token) -> Option<Vec<u8>> {
    read(store, token).map(|(data, ..)| data)
}
