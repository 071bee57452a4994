//! The statistics of an open store.

use std::sync::Arc;

use super::Engine;
use super::memtables::Memtables;
use crate::Result;
use crate::memtable::Memtable;

/// The statistics of a store. Times are wall times in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Tokens stored that have not expired.
    pub live_tokens: u64,
    /// Tokens whose newest state is not in the B-tree yet.
    pub pending: u64,
    /// Age in milliseconds of the oldest operation that no sync has started to write; `None` if
    /// there is none.
    pub unsynced_age_ms: Option<u64>,
    /// Bytes of journal entries not yet in the B-tree.
    pub journal_bytes: u64,
    /// Bytes of the B-tree's file.
    pub tree_bytes: u64,
    /// Bytes of decrypted records in the cache.
    pub cache_bytes: u64,
    /// Reads of records in the B-tree that the cache served.
    pub hits: u64,
    /// Reads of records in the B-tree that the cache did not serve.
    pub misses: u64,
    /// When the last sync ended.
    pub last_sync_at_ms: Option<u64>,
    /// How long it took, in microseconds.
    pub last_sync_took_us: Option<u64>,
    /// When a memtable was last committed to the B-tree.
    pub last_checkpoint_at_ms: Option<u64>,
    /// When the last full sweep ended.
    pub last_sweep_at_ms: Option<u64>,
    /// Expired tokens removed by that sweep and by checkpoints since.
    pub last_sweep_removed: u64,
    /// Damaged records that calls met since the opening, each counted once, and those that the opening
    /// lost with damaged blocks.
    pub damaged_records: u64,
}

impl Engine {
    /// See [`crate::Store::time`].
    pub(crate) fn time(&self) -> u64 {
        self.time.now()
    }

    /// Tokens that have expired and that no call and no sweep has removed yet.
    fn expired_tokens(&self, memtables: &Memtables) -> u64 {
        let now = self.time.now();
        let is_newest = |memtable: &Arc<Memtable>, id: u64| {
            memtables.get(id).is_some_and(|(_, newest)| Arc::ptr_eq(newest, memtable))
        };
        let expired_in = |memtable: &Arc<Memtable>| {
            memtable.expired(now).into_iter().filter(|id| is_newest(memtable, *id)).count() as u64
        };
        let mut expired = memtables.all().map(expired_in).sum();
        self.tree.expired(now, &mut |id| expired += u64::from(memtables.get(id).is_none()));
        expired
    }

    /// See [`crate::Store::stats`].
    pub(crate) fn stats(&self) -> Result<Stats> {
        self.check_open()?;
        let (since, used) = {
            let cursor = &self.append_state.lock().cursor;
            (cursor.unsynced_since, cursor.used())
        };
        let memtables = self.memtables.load();
        let added: i64 = memtables.all().map(|memtable| memtable.added()).sum();
        let stored = self.tree.records().saturating_add_signed(added);
        let frozen: u64 = memtables
            .frozen
            .iter()
            .flat_map(|memtable| &memtable.segments)
            .map(|segment| segment.identity.size)
            .sum();
        let (hits, misses) = self.cache.rates();
        let sync = self.syncer.times();
        let times = self.tree_times.lock();
        Ok(Stats {
            live_tokens: stored.saturating_sub(self.expired_tokens(&memtables)),
            pending: memtables.all().map(|memtable| memtable.len() as u64).sum(),
            unsynced_age_ms: since.map(|since| self.time.monotonic().saturating_sub(since)),
            journal_bytes: used + frozen,
            tree_bytes: self.tree.bytes(),
            cache_bytes: self.cache.bytes(),
            hits,
            misses,
            last_sync_at_ms: sync.ended_at,
            last_sync_took_us: sync.took_us,
            last_checkpoint_at_ms: times.last_checkpoint,
            last_sweep_at_ms: times.last_sweep,
            last_sweep_removed: times.last_sweep_removed,
            damaged_records: self.damage.records(),
        })
    }
}
