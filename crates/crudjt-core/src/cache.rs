//! Opened records read from the B-tree, within a budget of bytes. For a caller who keeps data itself
//! it has only their headers: so several times as many have room.
//!
//! Invariant: no entry is older than the B-tree's newest commit. A reader inserts only if no
//! commit was published since it looked (the gate); a commit first closes that window, then
//! removes what it changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use rustc_hash::FxBuildHasher;
use zeroize::Zeroizing;

use crate::keyring::DomainId;
use crate::record::Header;

/// Memory that an entry takes besides its data.
const OVERHEAD: usize = 180;
/// Roughly what one entry takes, to size the cache's index.
const TYPICAL: usize = 256;

/// An opened record.
pub(crate) struct Opened {
    pub(crate) header: Header,
    pub(crate) domain: DomainId,
    /// `None` if it was read by a caller who keeps it.
    pub(crate) data: Option<Zeroizing<Box<[u8]>>>,
}

impl Opened {
    /// Whether it is all that a caller needs who knows this version.
    fn serves(&self, known: Option<u64>) -> bool {
        self.data.is_some() || known == Some(self.header.version)
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<u64, Arc<Opened>> for Weight {
    fn weight(&self, _id: &u64, record: &Arc<Opened>) -> u64 {
        (record.data.as_ref().map_or(0, |data| data.len()) + OVERHEAD) as u64
    }
}

/// Opened records by id.
pub(crate) struct RecordCache {
    records: Cache<u64, Arc<Opened>, Weight, FxBuildHasher>,
    /// The number of the newest published commit.
    gate: RwLock<u64>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl RecordCache {
    pub(crate) fn new(bytes: usize) -> RecordCache {
        let records = Cache::with(
            bytes / TYPICAL + 1,
            bytes as u64,
            Weight,
            FxBuildHasher,
            Default::default(),
        );
        RecordCache {
            records,
            gate: RwLock::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// A record, with its data unless `known` is its version.
    pub(crate) fn get(&self, id: u64, known: Option<u64>) -> Option<Arc<Opened>> {
        let found = self.records.get(&id).filter(|record| record.serves(known));
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// What to give to [`RecordCache::insert`]; to be asked before the B-tree is.
    pub(crate) fn ticket(&self) -> u64 {
        *self.gate.read()
    }

    pub(crate) fn insert(&self, ticket: u64, id: u64, record: Opened) {
        let gate = self.gate.read();
        if *gate == ticket {
            self.records.insert(id, Arc::new(record));
        }
    }

    /// To be called after a commit was published and before its memtable is let go.
    pub(crate) fn invalidate(&self, changed: impl Iterator<Item = u64>) {
        *self.gate.write() += 1;
        changed.for_each(|id| drop(self.records.remove(&id)));
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.records.weight()
    }

    /// Hits and misses so far.
    pub(crate) fn rates(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(version: u64) -> Opened {
        let header =
            Header { epoch: 1, nonce: 0, version, salt: [0; 8], expiry: None, reads: None };
        Opened { header, domain: [0; 16], data: Some(Zeroizing::new(Box::from([0u8; 100]))) }
    }

    #[test]
    fn a_record_read_before_a_commit_is_not_cached_after_it() {
        let cache = RecordCache::new(1 << 20);
        let ticket = cache.ticket();
        cache.invalidate([7].into_iter());
        cache.insert(ticket, 7, record(1));
        assert!(cache.get(7, None).is_none());
        cache.insert(cache.ticket(), 7, record(2));
        assert_eq!(cache.get(7, None).map(|record| record.header.version), Some(2));
    }

    #[test]
    fn a_commit_removes_what_it_changed() {
        let cache = RecordCache::new(1 << 20);
        cache.insert(cache.ticket(), 7, record(1));
        cache.invalidate([7].into_iter());
        assert!(cache.get(7, None).is_none());
    }

    #[test]
    fn without_data_it_serves_only_those_who_know_its_version() {
        let cache = RecordCache::new(1 << 20);
        cache.insert(cache.ticket(), 7, Opened { data: None, ..record(3) });
        assert!(cache.get(7, Some(3)).is_some());
        assert!(cache.get(7, Some(2)).is_none() && cache.get(7, None).is_none());
        assert_eq!(cache.rates(), (1, 2));
    }

    #[test]
    fn the_budget_holds() {
        let cache = RecordCache::new(64 << 10);
        (0..10_000).for_each(|id| cache.insert(cache.ticket(), id, record(1)));
        assert!(cache.bytes() <= 64 << 10, "{} bytes", cache.bytes());
    }
}
