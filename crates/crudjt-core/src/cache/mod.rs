//! What was read from the B-tree, within a budget of bytes: opened records, and for callers who keep
//! the data themselves only the limits and versions, which take a tenth of the room.
//!
//! Invariant: no entry is older than the B-tree's newest commit. A reader inserts only if no
//! commit was published since it looked (the gate); a commit first closes that window, then
//! removes what it changed.

mod change_counters;
mod limits_table;
mod reader_index;
mod weighted;

pub(crate) use change_counters::{Changes, NO_MARK, Watchers};
pub(crate) use reader_index::Standing;
pub use reader_index::{Acquaintance, Known};
pub(crate) use weighted::{Budgeted, Kept, Opened, Page, budgeted};

use crate::platform::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use crate::platform::sync::RwLock;

use crate::memtable::Brief;
use limits_table::Briefs;

/// Roughly what one entry takes, to size the cache's index.
const TYPICAL: usize = 512;

/// Opened records and briefs by id.
pub(crate) struct RecordCache {
    records: Budgeted,
    briefs: Briefs,
    /// The number of the newest published commit.
    gate: RwLock<u64>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl RecordCache {
    /// Half of the bytes are for each of the two.
    pub(crate) fn new(bytes: usize) -> RecordCache {
        RecordCache {
            records: budgeted(bytes / 2, TYPICAL),
            briefs: Briefs::new(bytes / 2),
            gate: RwLock::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// Has `read` look at the record, if it is here.
    pub(crate) fn get<T>(&self, id: u64, read: impl FnOnce(&Opened) -> T) -> Option<T> {
        let kept = self.records.get(&id);
        self.count(kept.is_some());
        match kept.as_deref() {
            Some(Kept::Record(record)) => Some(read(record)),
            _ => None,
        }
    }

    /// The brief of a record without a read limit. Whether it served is for the caller to count.
    pub(crate) fn brief(&self, id: u64) -> Option<Brief> {
        self.briefs.get(id)
    }

    /// Counts a hit or a miss.
    pub(crate) fn count(&self, is_hit: bool) {
        let counter = if is_hit { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// What to give to [`RecordCache::insert`]; to be asked before the B-tree is.
    pub(crate) fn ticket(&self) -> u64 {
        *self.gate.read()
    }

    pub(crate) fn insert(&self, ticket: u64, id: u64, record: Opened) {
        let gate = self.gate.read();
        if *gate == ticket {
            self.records.insert(id, Arc::new(Kept::Record(record)));
        }
    }

    /// The same for a caller who keeps the data.
    pub(crate) fn insert_brief(&self, ticket: u64, id: u64, brief: &Brief) {
        let gate = self.gate.read();
        if *gate == ticket {
            self.briefs.insert(id, brief);
        }
    }

    /// To be called after a commit was published and before its memtable is let go.
    pub(crate) fn invalidate(&self, changed: impl Iterator<Item = u64>) {
        *self.gate.write() += 1;
        changed.for_each(|id| {
            self.records.remove(&id);
            self.briefs.remove(id);
        });
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.records.weight() + self.briefs.bytes() as u64
    }

    /// Hits and misses so far.
    pub(crate) fn rates(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::token::Salt;
    use crate::record::Header;
    use zeroize::Zeroizing;

    fn record(version: u64) -> Opened {
        let header =
            Header { epoch: 1, nonce: 0, version, salt: Salt([0; 8]), expiry: None, reads: None };
        Opened { header, domain: [0; 16], data: Zeroizing::new(Box::from([0u8; 100])) }
    }

    #[test]
    fn a_record_read_before_a_commit_is_not_cached_after_it() {
        let cache = RecordCache::new(1 << 20);
        let ticket = cache.ticket();
        cache.invalidate([7].into_iter());
        cache.insert(ticket, 7, record(1));
        assert!(cache.get(7, |_| ()).is_none());
        cache.insert(cache.ticket(), 7, record(2));
        assert_eq!(cache.get(7, |record| record.header.version), Some(2));
        let brief = Brief::of(&record(1).header);
        cache.insert_brief(ticket, 7, &brief);
        assert!(cache.brief(7).is_none());
        cache.insert_brief(cache.ticket(), 7, &brief);
        assert_eq!(cache.brief(7), Some(brief));
    }

    #[test]
    fn a_commit_removes_what_it_changed() {
        let cache = RecordCache::new(1 << 20);
        cache.insert(cache.ticket(), 7, record(1));
        cache.insert_brief(cache.ticket(), 7, &Brief::of(&record(1).header));
        cache.invalidate([7].into_iter());
        assert!(cache.get(7, |_| ()).is_none() && cache.brief(7).is_none());
    }

    #[test]
    fn the_budget_holds() {
        let cache = RecordCache::new(64 << 10);
        (0..10_000).for_each(|id| cache.insert(cache.ticket(), id, record(1)));
        assert!(cache.bytes() <= 64 << 10, "{} bytes", cache.bytes());
    }
}
