//! A store whose clocks are wrong: the wall clock steps at any moment, the machine starts again with a
//! clock that is right or far ahead. Each token must end after its ttl by the time that passed, and
//! what was told dead stays dead.

use std::sync::Arc;

use crudjt_core::clock::Clock;
use crudjt_core::{JournalMode, Store, Token};

use super::rng::Rng;
use crate::common::unsteady::UnsteadyClock;
use crate::common::{START, World, create, data_of, delete, update};

const HOUR: u64 = 3_600_000;

#[derive(Clone, Copy)]
struct Known {
    token: Token,
    /// When it ends, in time that passed.
    ends: u64,
    /// It was told dead or deleted.
    dead: bool,
}

/// A store, and how much time has passed.
pub struct TimeTrial {
    world: World,
    clock: Arc<UnsteadyClock>,
    rng: Rng,
    passed: u64,
    tokens: Vec<Known>,
    /// By how much a right wall clock was behind the store's time when the machine was stopped last.
    lead: u64,
    /// By how much the wall clock is ahead since the machine was started.
    wrong: u64,
    /// Calls that had to find a live token, and calls that had to find one that has just ended.
    pub live: u64,
    pub ended: u64,
    /// How often a wrong clock was put right.
    pub righted: u64,
}

impl TimeTrial {
    pub fn new(seed: u64, journal: JournalMode) -> TimeTrial {
        let mut world = World::new(journal);
        world.segment_bytes = 24 << 10;
        TimeTrial {
            clock: UnsteadyClock::new(world.clock.clone(), seed, 20 * HOUR),
            world,
            rng: Rng::new(seed),
            passed: 0,
            tokens: Vec::new(),
            lead: 0,
            wrong: 0,
            live: 0,
            ended: 0,
            righted: 0,
        }
    }

    pub fn run(&mut self, count: usize) {
        let mut store = self.open(true);
        for _ in 0..count {
            store = self.act(store);
        }
        if self.wrong > 0 {
            store = self.put_right(store);
        }
        (0..self.tokens.len()).for_each(|at| self.look(&store, at));
    }

    /// Opens the store. Its wall clock steps whenever a clock is read, unless it is wrong anyway, and
    /// only after an opening that has nothing else to go by.
    fn open(&mut self, by_wall: bool) -> Store {
        self.clock.calm(by_wall || self.wrong > 0);
        let mut options = self.world.options();
        options.environment.clock = self.clock.clone();
        let store = Store::open(options).unwrap();
        assert_eq!(store.time(), START + self.passed + self.wrong);
        self.clock.calm(self.wrong > 0);
        store
    }

    fn act(&mut self, store: Store) -> Store {
        match self.rng.below(100) {
            0..25 => self.create(&store),
            25..55 if !self.tokens.is_empty() => {
                let at = self.rng.below(self.tokens.len() as u64) as usize;
                self.look(&store, at);
            }
            25..75 => {
                let milliseconds = self.rng.below(10_000);
                self.pass(milliseconds);
            }
            75..80 => store.flush().unwrap(),
            80..84 => store.checkpoint().unwrap(),
            84..87 => _ = store.sweep().unwrap(),
            87..91 => return self.kill(store),
            91..94 => return self.reopen(store),
            94.. if self.wrong > 0 => return self.put_right(store),
            _ => return self.restart(store),
        }
        store
    }

    fn pass(&mut self, milliseconds: u64) {
        self.world.clock.advance(milliseconds);
        self.passed += milliseconds;
    }

    fn create(&mut self, store: &Store) {
        let ttl = 1 + self.rng.below(120);
        let token = create(store, b"data", Some(ttl), None);
        // One that a wrong clock has dated ends too late, for at most an hour's tokens.
        if self.wrong == 0 {
            self.tokens.push(Known { token, ends: self.passed + ttl * 1000, dead: false });
        }
    }

    /// Reads, updates or deletes a token. A clock that is ahead may end it too early.
    fn look(&mut self, store: &Store, at: usize) {
        let Known { token, ends, dead } = self.tokens[at];
        let drawn = self.rng.below(10);
        let live = match drawn {
            0 => delete(store, &token),
            1 if self.wrong == 0 => update(store, &token, b"more", Some(60), None),
            _ => data_of(store, &token).is_some(),
        };
        if self.wrong == 0 || dead {
            assert_eq!(live, !dead && self.passed < ends, "token {at} at {}", self.passed);
            self.live += u64::from(live);
            self.ended += u64::from(!live && !dead);
        }
        let known = &mut self.tokens[at];
        known.dead |= !live || drawn == 0;
        if live && drawn == 1 && self.wrong == 0 {
            known.ends = self.passed + 60_000;
        }
    }

    fn kill(&mut self, store: Store) -> Store {
        self.world.kill(store);
        self.open(false)
    }

    fn reopen(&mut self, store: Store) -> Store {
        store.close().unwrap();
        drop(store);
        self.open(false)
    }

    /// Starts the machine again, which may set its clock wrong.
    fn restart(&mut self, store: Store) -> Store {
        self.clock.calm(true);
        self.lead = store.time().wrapping_sub(self.world.clock.wall());
        store.close().unwrap();
        drop(store);
        self.world.clock.reboot();
        let down = self.rng.below(10_000);
        self.pass(down);
        self.wrong = if self.rng.chance(50) { 2 * HOUR + self.rng.below(99 * HOUR) } else { 0 };
        self.set_wall()
    }

    /// Sets the clock right, with or without starting the machine again, and opens the store again.
    fn put_right(&mut self, store: Store) -> Store {
        (self.wrong, self.righted) = (0, self.righted + 1);
        match self.rng.below(3) {
            0 => self.world.kill(store),
            choice => {
                store.close().unwrap();
                drop(store);
                if choice == 1 {
                    self.world.clock.reboot();
                }
            }
        }
        self.set_wall()
    }

    fn set_wall(&mut self) -> Store {
        let time = START + self.passed + self.wrong;
        self.world.clock.set_wall(time.wrapping_sub(self.lead));
        self.open(true)
    }
}
