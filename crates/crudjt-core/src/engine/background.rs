//! The engine's threads: one syncs the journal, one commits to the B-tree and sweeps, one keeps a
//! spare segment ready. A failure in them latches; none of them ends with it unseen.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use super::Engine;
use super::time::HOUR;
use crate::journal::{Captured, Segment, SyncTimes};
use crate::{Error, Result};

/// Pause before a commit is tried again that failed for want of space.
const RETRY_MS: u64 = 500;

/// A part of the journal where memory is being taken; however that ends, it is given free.
struct Barred<'e> {
    engine: &'e Engine,
    segment: Arc<Segment>,
}

impl Drop for Barred<'_> {
    fn drop(&mut self) {
        self.engine.front.lock().tail.unbar(&self.segment);
        self.engine.unbarred.notify_all();
    }
}

impl Engine {
    /// Starts the threads.
    pub(super) fn start_threads(self: &Arc<Engine>) -> Result<()> {
        if self.options.seams.spare_thread {
            self.spawn("crudjt-spare", Engine::run_supply)?;
        }
        if self.options.seams.timers {
            self.spawn("crudjt-sync", Engine::run_sync)?;
            self.spawn("crudjt-tree", Engine::run_tree)?;
        }
        Ok(())
    }

    fn spawn(self: &Arc<Engine>, name: &str, work: fn(&Engine)) -> Result<()> {
        let engine = self.clone();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            if catch_unwind(AssertUnwindSafe(|| work(&engine))).is_err() {
                let error = std::io::Error::other("a background thread ended unexpectedly");
                engine.latch(Error::storage(engine.path(), "go on", error));
            }
        });
        let thread =
            thread.map_err(|error| Error::storage(self.path(), "start its threads", error))?;
        self.threads.lock().push(thread);
        Ok(())
    }

    /// Keeps a spare segment ready, and memory for what is appended next.
    fn run_supply(&self) {
        let prepare = || while self.take_memory() {};
        self.supply.run(&self.options.seams, prepare, || self.tell_room());
    }

    /// Takes memory for what is appended next; false if there is enough.
    fn take_memory(&self) -> bool {
        let Some((segment, range)) = self.front.lock().tail.next_memory() else { return false };
        let barred = Barred { engine: self, segment };
        barred.segment.prepare(range);
        true
    }

    /// Syncs when the oldest unsynced entry is four fifths of the interval old; the sync itself
    /// has the last fifth.
    fn run_sync(&self) {
        let interval = self.options.sync_interval.as_millis() as u64 / 5 * 4;
        while self.check_open().is_ok() {
            let since = self.front.lock().tail.unsynced_since;
            let due =
                since.map(|since| since + if self.syncer.has_frozen() { 0 } else { interval });
            if due.is_some_and(|due| due <= self.time.monotonic()) {
                if self.flush().is_err() {
                    return;
                }
            } else {
                self.options.seams.clock.wait(&self.sync_signal, due);
            }
        }
    }

    /// Makes everything acknowledged so far durable.
    pub(crate) fn flush(&self) -> Result<()> {
        self.check_open()?;
        let last = self.front.lock().tail.next.sequence - 1;
        self.sync_through(last)
    }

    pub(super) fn sync_through(&self, sequence: u64) -> Result<()> {
        let started = std::time::Instant::now();
        let worked = self.syncer.sync_through(
            sequence,
            || self.capture(),
            |error| self.latch(error),
            self.supply.maker(),
        )?;
        if worked {
            let took_us = Some(started.elapsed().as_micros() as u64);
            self.syncer.set_times(SyncTimes { ended_at: Some(self.time.now()), took_us });
        }
        Ok(())
    }

    fn capture(&self) -> Captured {
        let tail = &mut self.front.lock().tail;
        tail.unsynced_since = None;
        tail.synced_to = tail.offset;
        Captured {
            segment: tail.segment.clone(),
            offset: tail.offset,
            sequence: tail.next.sequence - 1,
            newest_time: self.time.now(),
        }
    }

    /// Commits what is frozen, freezes what is old, sweeps when it is time.
    fn run_tree(&self) {
        while self.check_open().is_ok() {
            if self.commit_frozen().is_err() {
                if self.check_writable().is_err() {
                    return;
                }
                let again = self.time.monotonic() + RETRY_MS;
                self.options.seams.clock.wait(&self.tree_signal, Some(again));
                continue;
            }
            self.sweep_if_due();
            let next = self.rotate_if_old();
            if self.tables.load().frozen.is_empty() && self.check_open().is_ok() {
                self.options.seams.clock.wait(&self.tree_signal, next);
            }
        }
    }

    /// Freezes the active memtable when it is old; gives the monotonic time to look again.
    fn rotate_if_old(&self) -> Option<u64> {
        let age = self.options.seams.memtable_age;
        let next_sweep = self.tree_times.lock().next_sweep;
        let mut front = self.front.lock();
        let due = front.memtable.since + age;
        if front.tail.is_fresh() {
            return Some(next_sweep.min(self.time.monotonic() + age));
        }
        if due <= self.time.monotonic() {
            // Without a spare segment, or with too much frozen, the next look tries again.
            let _ = self.rotate(&mut front);
            return Some(self.time.monotonic() + 100);
        }
        Some(next_sweep.min(due))
    }

    fn sweep_if_due(&self) {
        let now = self.time.monotonic();
        let mut times = self.tree_times.lock();
        if times.next_sweep > now {
            return;
        }
        let (trusted, jumped) = self.time.is_trusted();
        let pause = if trusted { self.options.sweep_interval.as_millis() as u64 } else { HOUR };
        times.next_sweep = now.saturating_add(pause);
        drop(times);
        self.tell_jump(jumped);
        // A failure has latched; there is nobody to give it to.
        let _ = self.sweep();
    }
}
