//! The background threads: one syncs the journal, one checkpoints and sweeps, one keeps a spare
//! segment ready and prefaults. A failure in any of them, or a panic, latches the store.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use super::Engine;
use crate::event::Event;
use crate::journal::{Captured, Segment, SyncTimes};
use crate::{Error, Result};

/// Pause before a commit is retried that failed for lack of space.
const RETRY_MS: u64 = 500;

/// A range of the journal that is being prefaulted. Dropping it, even in a panic, allows appends
/// there again.
struct Prefault<'e> {
    engine: &'e Engine,
    segment: Arc<Segment>,
}

impl Drop for Prefault<'_> {
    fn drop(&mut self) {
        self.engine.append_state.lock().cursor.end_prefault(&self.segment);
        self.engine.prefaulted.notify_all();
    }
}

impl Engine {
    /// Starts the threads.
    pub(super) fn start_threads(self: &Arc<Engine>) -> Result<()> {
        if self.options.environment.spare_thread {
            self.spawn("crudjt-spare", Engine::run_spare_segments)?;
        }
        if self.options.environment.timers {
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
                engine.latch(Error::storage(engine.path(), "continue", error));
            }
        });
        let thread =
            thread.map_err(|error| Error::storage(self.path(), "start its threads", error))?;
        self.threads.lock().push(thread);
        Ok(())
    }

    /// Keeps a spare segment ready, and prefaults what is appended to next.
    fn run_spare_segments(&self) {
        let prefault = || while self.prefault() {};
        let is_due = || self.is_spare_due();
        let attempted = || {
            let path = || self.options.path.clone();
            match self.spare_segments.space_changed() {
                Some(true) => self.options.tell(Event::DiskFull { path: path() }),
                Some(false) => self.options.tell(Event::DiskFreed { path: path() }),
                None => {}
            }
            if self.spare_segments.lacks_space() {
                self.sweep_soon();
                self.tree_signal.raise();
            }
            self.backpressure.notify();
        };
        self.spare_segments.run(&self.options.environment, prefault, is_due, attempted);
    }

    /// A commit frees a segment's space: as long as the active one lasts, the spare one waits for that.
    fn is_spare_due(&self) -> bool {
        self.memtables.load().frozen.is_empty() || self.append_state.lock().cursor.is_quarter_full()
    }

    /// Prefaults the next range; false if there is enough.
    fn prefault(&self) -> bool {
        let Some((segment, range)) = self.append_state.lock().cursor.begin_prefault() else {
            return false;
        };
        let prefault = Prefault { engine: self, segment };
        prefault.segment.prefault(range);
        true
    }

    /// Syncs when the oldest unsynced entry is four fifths of the interval old, which leaves one
    /// fifth for the sync itself.
    fn run_sync(&self) {
        let interval = self.options.sync_interval.as_millis() as u64 / 5 * 4;
        while self.check_open().is_ok() {
            let since = self.append_state.lock().cursor.unsynced_since;
            let due =
                since.map(|since| since + if self.syncer.has_frozen() { 0 } else { interval });
            if due.is_some_and(|due| due <= self.time.monotonic()) {
                if self.flush().is_err() {
                    return;
                }
            } else {
                self.options.environment.clock.wait(&self.sync_signal, due);
            }
        }
    }

    /// Makes everything acknowledged so far durable.
    pub(crate) fn flush(&self) -> Result<()> {
        self.check_open()?;
        self.check_wall();
        let last = self.append_state.lock().cursor.next.sequence - 1;
        // A sync has looked whether the folder is still there; without one nobody has.
        if self.sync_through(last)? { Ok(()) } else { self.check_owner() }
    }

    /// Makes everything up to `sequence` durable; true if that took a sync.
    pub(super) fn sync_through(&self, sequence: u64) -> Result<bool> {
        let started = std::time::Instant::now();
        let synced = self.syncer.sync_through(
            sequence,
            || self.capture(),
            |error| self.latch(error),
            self.spare_segments.maker(),
        )?;
        if synced {
            let took_us = Some(started.elapsed().as_micros() as u64);
            self.syncer.set_times(SyncTimes { ended_at: Some(self.time.wall()), took_us });
        }
        Ok(synced)
    }

    pub(super) fn capture(&self) -> Captured {
        let cursor = &mut self.append_state.lock().cursor;
        cursor.unsynced_since = None;
        cursor.synced_to = cursor.offset;
        Captured {
            segment: cursor.segment.clone(),
            offset: cursor.offset,
            sequence: cursor.next.sequence - 1,
            newest_time: self.time.to_record(),
        }
    }

    /// Commits frozen memtables, rotates an old one, sweeps when due.
    fn run_tree(&self) {
        while self.check_open().is_ok() {
            self.check_wall();
            if self.commit_frozen().is_err() {
                if self.check_writable().is_err() {
                    return;
                }
                self.sweep_soon();
                self.sweep_if_due();
                let retry = self.time.monotonic() + RETRY_MS;
                self.options.environment.clock.wait(&self.tree_signal, Some(retry));
                continue;
            }
            self.sweep_if_due();
            let next = self.rotate_if_old();
            if self.memtables.load().frozen.is_empty() && self.check_open().is_ok() {
                self.options.environment.clock.wait(&self.tree_signal, next);
            }
        }
    }

    /// Rotates if the active memtable is old; returns the monotonic time of the next check.
    fn rotate_if_old(&self) -> Option<u64> {
        let age = self.options.environment.memtable_age;
        let next_sweep = self.tree_times.lock().next_sweep;
        let mut append_state = self.append_state.lock();
        let due = append_state.memtable.since + age;
        if append_state.cursor.is_fresh() {
            return Some(next_sweep.min(self.time.monotonic() + age));
        }
        if due <= self.time.monotonic() {
            // Without a spare segment, or with too much frozen, the next check retries.
            let _ = self.rotate(&mut append_state);
            return Some(self.time.monotonic() + 100);
        }
        Some(next_sweep.min(due))
    }
}
