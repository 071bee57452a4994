//! What a trial does with its store, each noted in its history.

use crudjt_core::{Change, Result, Store, Token};

use super::Trial;
use crate::common::{limits, patient, try_read};
use crate::trial::history::Live;

impl Trial {
    /// Does something; gives the store unless its power was cut.
    pub(in crate::trial) fn act(&mut self, store: Store) -> Option<Store> {
        self.begin_act();
        let first = if self.idle && self.rng.chance(70) { 84 } else { 0 };
        match first + self.rng.below(100 - first) {
            0..30 => self.create(&store),
            30..50 => self.read(&store),
            50..66 => self.update(&store),
            66..76 => self.delete(&store),
            76..84 => self.clock.advance(self.rng.below(8_000)),
            84..89 => self.keep(&store, Store::flush),
            89..93 => self.keep(&store, Store::checkpoint),
            93..95 => self.sweep(&store),
            95..97 => return self.kill(store),
            97..99 => return self.reopen(store),
            _ => {
                // Slots are never removed, so there is an end to this.
                if self.newest_secret < 5 && !self.both_secrets {
                    (self.newest_secret, self.both_secrets) = (self.newest_secret + 1, true);
                }
                return self.reopen(store);
            }
        }
        self.look_at_copies();
        Some(store)
    }

    fn draw(&mut self) -> Live {
        self.written = self.written.wrapping_add(1);
        let size = if self.rng.chance(10) { 3000 } else { 600 };
        let data = vec![self.written; self.rng.below(size) as usize];
        let ttl = (self.rng.chance(30) && !self.threads).then(|| 1 + self.rng.below(30));
        let reads = self.rng.chance(25).then(|| 1 + self.rng.below(4));
        Live { data, expiry: ttl.map(|ttl| self.now() + ttl * 1000), reads }
    }

    fn ttl(&self, live: &Live) -> Option<u64> {
        live.expiry.map(|expiry| (expiry - self.now()) / 1000)
    }

    /// A token that is known, and its number.
    fn choose(&mut self) -> Option<(usize, Token)> {
        let count = self.history.count() as u64;
        // Mostly the newer ones: many of the older are dead.
        let back = if self.rng.chance(80) { count.min(20) } else { count };
        let at = count.checked_sub(1 + self.rng.below(back))? as usize;
        Some((at, self.history.token(at)?))
    }

    fn create(&mut self, store: &Store) {
        let live = self.draw();
        let limits = limits(self.ttl(&live), live.reads);
        let at = self.history.begin(live.clone());
        let created = patient(store, || store.create(&live.data, limits));
        if let Some(token) = self.unless_dead("create", created) {
            self.history.name(at, token);
        }
    }

    fn read(&mut self, store: &Store) {
        let Some((at, token)) = self.choose() else { return };
        let expected = self.history.read(at, self.now());
        if let Some(seen) = self.unless_dead("read", try_read(store, &token)) {
            assert_eq!(seen, expected, "token {at}");
        }
    }

    fn update(&mut self, store: &Store) {
        let Some((at, token)) = self.choose() else { return };
        let live = self.draw();
        let change = Change::Replace(limits(self.ttl(&live), live.reads));
        let expected = self.history.newest(at, self.now()).is_some();
        if expected {
            self.history.set(at, Some(live.clone()));
        }
        let updated = patient(store, || store.update(token.as_bytes(), &live.data, change));
        if let Some(updated) = self.unless_dead("update", updated) {
            assert_eq!(updated, expected, "token {at}");
        }
    }

    fn delete(&mut self, store: &Store) {
        let Some((at, token)) = self.choose() else { return };
        let expected = self.history.newest(at, self.now()).is_some();
        if expected {
            self.history.set(at, None);
        }
        let deleted = patient(store, || store.delete(token.as_bytes()));
        if let Some(deleted) = self.unless_dead("delete", deleted) {
            assert_eq!(deleted, expected, "token {at}");
        }
    }

    /// Does what promises to keep everything.
    pub(super) fn keep(&mut self, store: &Store, work: impl FnOnce(&Store) -> Result<()>) {
        let kept = self.unless_dead("flush or checkpoint", work(store));
        self.look_at_copies();
        if kept.is_some() {
            self.history.promise();
        }
    }

    fn sweep(&mut self, store: &Store) {
        _ = self.unless_dead("sweep", store.sweep());
    }

    fn kill(&mut self, store: Store) -> Option<Store> {
        self.report.kills += 1;
        let disk = self.disk.kill();
        drop(store);
        self.look_at_copies();
        self.disk = disk;
        self.open_over_fault()
    }

    fn reopen(&mut self, store: Store) -> Option<Store> {
        self.keep(&store, Store::close);
        if self.disk.is_dead() { None } else { self.open_over_fault() }
    }

    /// What a thread does until the power is cut or the store takes no more writes.
    pub(super) fn work(&mut self, store: &Store) {
        for _ in 0..200 {
            self.begin_act();
            match self.rng.below(100) {
                0..40 => self.create(store),
                40..60 => self.read(store),
                60..80 => self.update(store),
                80..90 => self.delete(store),
                90..95 => self.keep(store, Store::flush),
                95..97 => self.keep(store, Store::checkpoint),
                _ => self.clock.advance(self.rng.below(1_000)),
            }
            if self.disk.is_dead() || self.is_latched() {
                return;
            }
        }
    }
}
