//! Caches what was read from the B-tree, within a budget of bytes: decrypted records, and for
//! callers that cache the data themselves only limits and versions, which take a tenth of the
//! memory.
//!
//! Invariant: no entry is older than the B-tree's newest commit. A reader inserts only if no commit
//! was published since its lookup; a commit first increments the generation, then invalidates what
//! it changed.

mod change_counters;
mod limits_table;
mod reader_index;
mod shelf;
mod weighted;

pub(crate) use change_counters::{ChangeCounters, ChangeListeners, NO_COUNT};
pub(crate) use reader_index::ValidCopy;
pub use reader_index::{CacheState, ReaderIndex};
pub use shelf::{SHELF_LEASE, Shelf, ShelfCopy};
pub(crate) use weighted::{CachedPage, CachedRecord, CachedValue, WeightedCache, weighted_cache};

use crate::platform::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use crate::platform::sync::RwLock;

use crate::record::RecordMeta;
use limits_table::LimitsTable;

/// Typical size of an entry in bytes, to size the cache's index.
const TYPICAL: usize = 512;

/// Decrypted records and limits by id.
pub(crate) struct RecordCache {
    records: WeightedCache,
    limits: LimitsTable,
    /// The number of the newest published commit.
    generation: RwLock<u64>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl RecordCache {
    /// Each of the two tables gets half of the bytes.
    pub(crate) fn new(bytes: usize) -> RecordCache {
        RecordCache {
            records: weighted_cache(bytes / 2, TYPICAL),
            limits: LimitsTable::new(bytes / 2),
            generation: RwLock::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// Calls `read` with the record, if it is cached.
    pub(crate) fn get<T>(&self, id: u64, read: impl FnOnce(&CachedRecord) -> T) -> Option<T> {
        let cached = self.records.get(&id);
        self.count(cached.is_some());
        match cached.as_deref() {
            Some(CachedValue::Record(record)) => Some(read(record)),
            _ => None,
        }
    }

    /// The metadata of a record without a read limit. The caller counts hits and misses.
    pub(crate) fn meta(&self, id: u64) -> Option<RecordMeta> {
        self.limits.get(id)
    }

    /// Counts a hit or a miss.
    pub(crate) fn count(&self, is_hit: bool) {
        let counter = if is_hit { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// The number for [`RecordCache::insert`]; to be read before the B-tree.
    pub(crate) fn generation(&self) -> u64 {
        *self.generation.read()
    }

    pub(crate) fn insert(&self, generation: u64, id: u64, record: CachedRecord) {
        let newest = self.generation.read();
        if *newest == generation {
            self.records.insert(id, Arc::new(CachedValue::Record(record)));
        }
    }

    /// As `insert`, for a caller that caches the data itself.
    pub(crate) fn insert_meta(&self, generation: u64, id: u64, meta: &RecordMeta) {
        let newest = self.generation.read();
        if *newest == generation {
            self.limits.insert(id, meta);
        }
    }

    /// To be called after a commit is published and before its memtable is dropped.
    pub(crate) fn invalidate(&self, changed: impl Iterator<Item = u64>) {
        *self.generation.write() += 1;
        changed.for_each(|id| {
            self.records.remove(&id);
            self.limits.remove(id);
        });
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.records.weight() + self.limits.bytes() as u64
    }

    /// Hits and misses so far.
    pub(crate) fn rates(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Header, Salt};
    use zeroize::Zeroizing;

    fn record(version: u64) -> CachedRecord {
        let header =
            Header { epoch: 1, nonce: 0, version, salt: Salt([0; 8]), expiry: None, reads: None };
        CachedRecord { header, domain: [0; 16], data: Zeroizing::new(Box::from([0u8; 100])) }
    }

    #[test]
    fn a_record_read_before_a_commit_is_not_cached_after_it() {
        let cache = RecordCache::new(1 << 20);
        let generation = cache.generation();
        cache.invalidate([7].into_iter());
        cache.insert(generation, 7, record(1));
        assert!(cache.get(7, |_| ()).is_none());
        cache.insert(cache.generation(), 7, record(2));
        assert_eq!(cache.get(7, |record| record.header.version), Some(2));
        let meta = RecordMeta::of(&record(1).header);
        cache.insert_meta(generation, 7, &meta);
        assert!(cache.meta(7).is_none());
        cache.insert_meta(cache.generation(), 7, &meta);
        assert_eq!(cache.meta(7), Some(meta));
    }

    #[test]
    fn a_commit_removes_what_it_changed() {
        let cache = RecordCache::new(1 << 20);
        cache.insert(cache.generation(), 7, record(1));
        cache.insert_meta(cache.generation(), 7, &RecordMeta::of(&record(1).header));
        cache.invalidate([7].into_iter());
        assert!(cache.get(7, |_| ()).is_none() && cache.meta(7).is_none());
    }

    #[test]
    fn the_budget_holds() {
        let cache = RecordCache::new(64 << 10);
        (0..10_000).for_each(|id| cache.insert(cache.generation(), id, record(1)));
        assert!(cache.bytes() <= 64 << 10, "{} bytes", cache.bytes());
    }
}
