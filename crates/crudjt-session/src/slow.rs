//! What is answered later, on threads of its own: durable operations, flushes and statistics wait
//! for the disk; sessions wait for room in the store.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crudjt_core::{Stats, Store};
use parking_lot::{Condvar, Mutex};

use crate::clients::Client;
use crate::refusal::Refusal;
use crate::replies::Reply;
use crate::reply_log::Wake;
use crate::served::Served;
use crate::worker::Worker;

/// A pending operation of a client.
pub(crate) struct Pending {
    pub(crate) client: Arc<Client>,
    pub(crate) number: u64,
    pub(crate) kind: PendingKind,
}

/// What a pending operation waits for.
pub(crate) enum PendingKind {
    /// Everything answered before to be on disk; then this is its reply.
    Sync(Vec<u8>),
    Stats,
}

enum Job {
    Answer(Pending),
    /// Tells that everything before it was answered.
    Barrier(Arc<Barrier>),
}

/// What is raised once the jobs before it are done.
#[derive(Default)]
struct Barrier {
    is_raised: Mutex<bool>,
    raised: Condvar,
}

/// The threads of a master.
pub(crate) struct Slow {
    syncs: Worker<Job>,
    /// Apart, so that nobody's sync waits for statistics.
    stats: Worker<Job>,
    room: Worker<Arc<RoomWait>>,
    cached_elsewhere: Arc<AtomicU64>,
}

impl Slow {
    pub(crate) fn new(served: &Arc<dyn Served>) -> Slow {
        let cached_elsewhere = Arc::new(AtomicU64::new(0));
        let worker = |name| {
            let (served, cached) = (Arc::clone(served), Arc::clone(&cached_elsewhere));
            Worker::new(name, move |jobs| {
                answer(served.store(), cached.load(Ordering::Relaxed), jobs);
            })
        };
        let (syncs, stats) = (worker("crudjt-replies"), worker("crudjt-stats"));
        let served = Arc::clone(served);
        let room =
            Worker::new("crudjt-room", move |waiting| wait_for_room(served.store(), waiting));
        Slow { syncs, stats, room, cached_elsewhere }
    }

    /// See [`crate::Sessions::set_cached_elsewhere`].
    pub(crate) fn set_cached_elsewhere(&self, bytes: u64) {
        self.cached_elsewhere.store(bytes, Ordering::Relaxed);
    }

    /// Answers operations later.
    pub(crate) fn answer(&self, pending: Vec<Pending>) {
        let needs_sync = |pending: &Pending| matches!(pending.kind, PendingKind::Sync(_));
        let (syncs, stats): (Vec<_>, Vec<_>) = pending.into_iter().partition(needs_sync);
        for (worker, pending) in [(&self.syncs, syncs), (&self.stats, stats)] {
            if !pending.is_empty() {
                worker.add(pending.into_iter().map(Job::Answer));
            }
        }
    }

    /// Blocks until everything that is pending was answered.
    pub(crate) fn wait_until_idle(&self) {
        for worker in [&self.syncs, &self.stats].into_iter().filter(|worker| worker.is_started()) {
            let barrier = Arc::<Barrier>::default();
            worker.add([Job::Barrier(Arc::clone(&barrier))]);
            barrier.raised.wait_while(&mut barrier.is_raised.lock(), |is_raised| !*is_raised);
        }
    }

    /// Wakes `wake` when there may be room in the store.
    pub(crate) fn wait_for_room(&self, wake: &Wake) -> Arc<RoomWait> {
        let wait = Arc::new(RoomWait { outcome: Mutex::new(None), wake: Arc::clone(wake) });
        self.room.add([Arc::clone(&wait)]);
        wait
    }
}

/// A session's wait for room in the store.
pub(crate) struct RoomWait {
    outcome: Mutex<Option<Result<(), Refusal>>>,
    wake: Wake,
}

impl RoomWait {
    /// How the wait has ended, once it has.
    pub(crate) fn outcome(&self) -> Option<Result<(), Refusal>> {
        self.outcome.lock().take()
    }
}

fn wait_for_room(store: &Store, waiting: Vec<Arc<RoomWait>>) {
    let outcome = guarded(|| store.wait_for_room());
    for wait in waiting {
        *wait.outcome.lock() = Some(outcome.clone());
        (wait.wake)();
    }
}

/// Answers jobs: they share one sync, and one look at the statistics.
fn answer(store: &Store, cached_elsewhere: u64, jobs: Vec<Job>) {
    let needs_sync =
        |job: &Job| matches!(job, Job::Answer(Pending { kind: PendingKind::Sync(_), .. }));
    let synced = if jobs.iter().any(needs_sync) { guarded(|| store.flush()) } else { Ok(()) };
    let mut stats = None;
    for job in jobs {
        match job {
            Job::Barrier(barrier) => {
                *barrier.is_raised.lock() = true;
                barrier.raised.notify_all();
            }
            Job::Answer(pending) => match pending.kind {
                PendingKind::Sync(reply) => {
                    let reply = synced.as_ref().map(|()| reply);
                    complete(&pending.client, pending.number, reply);
                }
                PendingKind::Stats => {
                    let stats = stats.get_or_insert_with(|| guarded(|| store.stats()));
                    let reply = stats.as_ref().map(|stats| {
                        let mut reply = Vec::new();
                        Reply::begin(&mut reply, pending.number)
                            .counters(&counters(stats, cached_elsewhere));
                        reply
                    });
                    complete(&pending.client, pending.number, reply);
                }
            },
        }
    }
}

fn complete(client: &Client, number: u64, reply: Result<Vec<u8>, &Refusal>) {
    let reply = reply.unwrap_or_else(|refusal| {
        let mut reply = Vec::new();
        Reply::begin(&mut reply, number).error(refusal);
        reply
    });
    let wake = client.log.lock().complete(number, &reply);
    if let Some(wake) = wake {
        wake();
    }
}

/// The counters that have a value, under their names on the wire.
fn counters(stats: &Stats, cached_elsewhere: u64) -> Vec<(&'static str, f64)> {
    let lookups = stats.hits + stats.misses;
    let hit_rate = (lookups > 0).then(|| stats.hits as f64 / lookups as f64);
    let some = |value: u64| Some(value as f64);
    let all = [
        ("live_tokens", some(stats.live_tokens)),
        ("pending", some(stats.pending)),
        ("unsynced_age_ms", stats.unsynced_age_ms.and_then(some)),
        ("journal_bytes", some(stats.journal_bytes)),
        ("tree_bytes", some(stats.tree_bytes)),
        ("cache_bytes", some(stats.cache_bytes + cached_elsewhere)),
        ("hit_rate", hit_rate),
        ("last_sync_at_ms", stats.last_sync_at_ms.and_then(some)),
        ("last_sync_took_us", stats.last_sync_took_us.and_then(some)),
        ("last_checkpoint_at_ms", stats.last_checkpoint_at_ms.and_then(some)),
        ("last_sweep_at_ms", stats.last_sweep_at_ms.and_then(some)),
        ("last_sweep_removed", some(stats.last_sweep_removed)),
        ("damaged_records", some(stats.damaged_records)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Calls the store. A panic becomes an error, so that nobody waits for ever.
fn guarded<T>(call: impl FnOnce() -> crudjt_core::Result<T>) -> Result<T, Refusal> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(Refusal::from),
        Err(_) => Err(Refusal::internal()),
    }
}
