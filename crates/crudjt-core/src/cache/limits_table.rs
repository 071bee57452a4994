//! The limits and versions of records in the B-tree, for callers that cache the data themselves:
//! with them a repeated read touches neither the B-tree nor the cache of decrypted records.
//!
//! A direct-mapped table of fixed size: the id selects the row, and records that share one evict
//! each other. The owner invalidates it at each commit of the B-tree.

use crate::platform::sync::RwLock;

use crate::record::{RecordMeta, Salt};

/// Rows that share a lock; their ids are consecutive.
const RUN: usize = 64;
/// Bytes of a row.
const ROW_BYTES: usize = size_of::<LimitsRow>();

/// The rows by id.
pub(crate) struct LimitsTable {
    runs: Box<[RwLock<[LimitsRow; RUN]>]>,
}

/// A record without a read limit; id 0 is an empty row.
#[derive(Clone, Copy)]
struct LimitsRow {
    id: u64,
    version: u64,
    salt: Salt,
    expiry: u64,
}

const EMPTY: LimitsRow = LimitsRow { id: 0, version: 0, salt: Salt([0; 8]), expiry: 0 };

impl LimitsTable {
    /// As many rows as fit into so many bytes.
    pub(crate) fn new(bytes: usize) -> LimitsTable {
        let runs = bytes / (RUN * ROW_BYTES);
        LimitsTable { runs: (0..runs).map(|_| RwLock::new([EMPTY; RUN])).collect() }
    }

    pub(crate) fn get(&self, id: u64) -> Option<RecordMeta> {
        let (run, at) = self.locate(id)?;
        let LimitsRow { id: found, version, salt, expiry } = *run.read().get(at)?;
        (found == id && id != 0).then_some(RecordMeta { version, salt, expiry, whole: true })
    }

    /// Inserts a record's metadata, unless it is incomplete.
    pub(crate) fn insert(&self, id: u64, meta: &RecordMeta) {
        let RecordMeta { version, salt, expiry, whole } = *meta;
        if let Some((run, at)) = self.locate(id)
            && let Some(row) = run.write().get_mut(at)
            && whole
        {
            *row = LimitsRow { id, version, salt, expiry };
        }
    }

    pub(crate) fn remove(&self, id: u64) {
        if let Some((run, at)) = self.locate(id)
            && let Some(row) = run.write().get_mut(at)
            && row.id == id
        {
            *row = EMPTY;
        }
    }

    /// Bytes of the table.
    pub(crate) fn bytes(&self) -> usize {
        self.runs.len() * RUN * ROW_BYTES
    }

    fn locate(&self, id: u64) -> Option<(&RwLock<[LimitsRow; RUN]>, usize)> {
        let run = (id / RUN as u64).checked_rem(self.runs.len() as u64)?;
        Some((self.runs.get(run as usize)?, (id % RUN as u64) as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(version: u64) -> RecordMeta {
        RecordMeta { version, salt: Salt([7; 8]), expiry: 9, whole: true }
    }

    #[test]
    fn as_many_records_as_rows_fit_and_the_next_evict_the_first() {
        let limits = LimitsTable::new(256 * ROW_BYTES);
        (1000..1256).for_each(|id| limits.insert(id, &meta(id)));
        assert!((1000..1256).all(|id| limits.get(id) == Some(meta(id))));
        limits.insert(1256, &meta(1));
        assert_eq!((limits.get(1000), limits.get(1256)), (None, Some(meta(1))));
        limits.remove(1000);
        assert_eq!(limits.get(1256), Some(meta(1)), "removing another id changes nothing");
        limits.remove(1256);
        assert_eq!(limits.get(1256), None);
    }

    #[test]
    fn incomplete_metadata_is_not_inserted_and_an_empty_table_takes_none() {
        let limits = LimitsTable::new(64 * ROW_BYTES);
        limits.insert(5, &RecordMeta { whole: false, ..meta(1) });
        assert_eq!((limits.get(5), limits.get(0)), (None, None));
        let none = LimitsTable::new(63 * ROW_BYTES);
        none.insert(5, &meta(1));
        assert_eq!((none.get(5), none.bytes()), (None, 0));
    }
}
