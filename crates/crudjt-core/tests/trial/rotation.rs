//! Secrets that come and go while the process is killed and the power is cut: before every single step
//! of an opening with another secret, of the first token that is made with it, and of the close.

use std::fmt;
use std::ops::AddAssign;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crudjt_core::clock::ManualClock;
use crudjt_core::{Environment, JournalMode, Options, Result, Store, Token};

use super::disk::PowerDisk;
use crate::common::{START, create, data_of, limits, patient, secret};

const OLD: u8 = 1;
const NEW: u8 = 2;
const STRANGER: u8 = 9;

static PATHS: AtomicU64 = AtomicU64::new(0);

/// A store made under the old secret.
pub struct Rotation {
    disk: PowerDisk,
    tokens: Vec<Token>,
    journal: JournalMode,
}

/// How often a run was interrupted.
#[derive(Debug, Default, Clone, Copy)]
pub struct Interruptions {
    pub kills: u64,
    pub cuts: u64,
}

impl AddAssign for Interruptions {
    fn add_assign(&mut self, other: Interruptions) {
        self.kills += other.kills;
        self.cuts += other.cuts;
    }
}

impl fmt::Display for Interruptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} kills and {} power cuts", self.kills, self.cuts)
    }
}

/// What an interrupted run left, and the token that it was promised to have made.
struct Left {
    disk: PowerDisk,
    fresh: Option<Token>,
}

impl Rotation {
    /// With tokens at rest and in the journal; closed or killed, by the seed.
    pub fn new(seed: u64, journal: JournalMode) -> Rotation {
        let disk = PowerDisk::new(seed);
        let mut rotation = Rotation { disk, tokens: Vec::new(), journal };
        let store = rotation.open(&rotation.disk, &[OLD]);
        rotation.tokens.extend((0..6).map(|_| create(&store, b"kept", None, None)));
        store.checkpoint().unwrap();
        rotation.tokens.extend((0..6).map(|_| create(&store, b"kept", None, None)));
        if seed.is_multiple_of(2) {
            store.close().unwrap()
        } else {
            store.flush().unwrap()
        }
        rotation.disk = rotation.disk.kill();
        rotation
    }

    /// Interrupts the taking over of a store by a new secret: the old one goes on to open everything,
    /// and once an opening with both came back, the new one alone does, whatever happens then.
    pub fn rotate(&self) -> Interruptions {
        self.interrupt(&[NEW, OLD], |left| {
            self.require(&left.disk, &[OLD], None);
            let disk = copy_of(&left.disk);
            let store = self.open(&disk, &[NEW, OLD]);
            self.require_tokens(&store, left.fresh);
            let (killed, cut) = (disk.copy(), disk.cut().disk);
            drop(store);
            self.require(&killed, &[NEW], left.fresh);
            self.require(&cut, &[NEW], left.fresh);
            let again = self.open(&killed, &[NEW]);
            create(&again, b"goes on", None, None);
            again.close().unwrap();
            self.require(&killed, &[NEW], left.fresh);
        })
    }

    /// Interrupts the use of a store with a secret that has nothing to do with it: the right one goes
    /// on to open everything, and the other one what was made with it.
    pub fn intrude(&self) -> Interruptions {
        self.interrupt(&[STRANGER], |left| {
            self.require(&left.disk, &[OLD], None);
            let store = self.open(&copy_of(&left.disk), &[STRANGER]);
            assert!(self.tokens.iter().all(|token| data_of(&store, token).is_none()));
            let seen = left.fresh.map(|token| data_of(&store, &token));
            assert!(seen.is_none_or(|seen| seen.is_some()), "the other secret's token is gone");
        })
    }

    /// Interrupts before each step in turn, by a kill and by a power cut each.
    fn interrupt(&self, secrets: &[u8], check: impl Fn(Left)) -> Interruptions {
        let mut count = Interruptions::default();
        for step in 0.. {
            let disk = self.disk.copy();
            disk.cut_after(step);
            let (mut made, mut promised) = (None, None);
            let run = self.run(&disk, secrets, &mut made, &mut promised);
            if !disk.is_dead() {
                run.unwrap_or_else(|error| panic!("{error}"));
                check(Left { disk: disk.kill(), fresh: promised });
                break;
            }
            let cut = disk.take_remains().pop().unwrap().disk;
            check(Left { disk: copy_of(&disk), fresh: made });
            check(Left { disk: cut, fresh: promised });
            count += Interruptions { kills: 1, cuts: 1 };
        }
        count
    }

    /// Opens, makes a token, waits until it is durable, and closes; tells how far it came.
    fn run(
        &self,
        disk: &PowerDisk,
        secrets: &[u8],
        made: &mut Option<Token>,
        promised: &mut Option<Token>,
    ) -> Result<()> {
        let alive = |token| Some(token).filter(|_| !disk.is_dead());
        let store = Store::open(self.options(disk, secrets))?;
        let token = patient(&store, || store.create(b"kept", limits(None, None)))?;
        *made = alive(token);
        store.flush()?;
        *promised = alive(token);
        store.close()
    }

    /// Opens a copy of what is left, where every token has to be there.
    fn require(&self, disk: &PowerDisk, secrets: &[u8], fresh: Option<Token>) {
        let disk = copy_of(disk);
        let store = self.open(&disk, secrets);
        self.require_tokens(&store, fresh);
        store.close().unwrap();
    }

    fn require_tokens(&self, store: &Store, fresh: Option<Token>) {
        for token in self.tokens.iter().copied().chain(fresh) {
            assert_eq!(data_of(store, &token), Some(b"kept".to_vec()), "somebody was logged out");
        }
    }

    fn open(&self, disk: &PowerDisk, secrets: &[u8]) -> Store {
        Store::open(self.options(disk, secrets)).unwrap_or_else(|error| panic!("{error}"))
    }

    fn options(&self, disk: &PowerDisk, secrets: &[u8]) -> Options {
        let path = format!("/rotation/{}", PATHS.fetch_add(1, Ordering::Relaxed));
        let secrets = secrets.iter().map(|number| secret(*number)).collect();
        let mut options = Options::new(PathBuf::from(path), secrets);
        options.journal = self.journal;
        options.environment = Environment {
            clock: ManualClock::new(START),
            storage: Arc::new(disk.clone()),
            segment_bytes: 24 << 10,
            timers: false,
            spare_thread: false,
            ..Environment::default()
        };
        options
    }
}

/// The disk as it is now, with power.
fn copy_of(disk: &PowerDisk) -> PowerDisk {
    let copy = disk.copy();
    copy.cut_never();
    copy
}
