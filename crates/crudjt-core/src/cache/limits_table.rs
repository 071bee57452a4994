//! The limits and versions of records at rest, for callers who keep the data themselves: with them
//! a repeated read touches neither the B-tree nor the cache of opened records.
//!
//! A table of fixed size: a record's row is decided by its id, and the ones that share it push
//! each other out. Whoever holds it keeps it no older than the B-tree's newest commit.

use crate::platform::sync::RwLock;

use crate::record::{RecordMeta, Salt};

/// Rows that share a lock, all with ids that follow each other.
const RUN: usize = 64;
/// Bytes that a row takes.
const ROW_BYTES: usize = size_of::<LimitsRow>();

/// The rows by id.
pub(crate) struct LimitsTable {
    runs: Box<[RwLock<[LimitsRow; RUN]>]>,
}

/// A record without a read limit; id 0 is nobody's.
#[derive(Clone, Copy)]
struct LimitsRow {
    id: u64,
    version: u64,
    salt: Salt,
    expiry: u64,
}

const NOBODY: LimitsRow = LimitsRow { id: 0, version: 0, salt: Salt([0; 8]), expiry: 0 };

impl LimitsTable {
    /// As many rows as fit into so many bytes.
    pub(crate) fn new(bytes: usize) -> LimitsTable {
        let runs = bytes / (RUN * ROW_BYTES);
        LimitsTable { runs: (0..runs).map(|_| RwLock::new([NOBODY; RUN])).collect() }
    }

    pub(crate) fn get(&self, id: u64) -> Option<RecordMeta> {
        let (run, at) = self.locate(id)?;
        let LimitsRow { id: found, version, salt, expiry } = *run.read().get(at)?;
        (found == id && id != 0).then_some(RecordMeta { version, salt, expiry, whole: true })
    }

    /// Notes a record's metadata; what doesn't tell all there is to know is left out.
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
            *row = NOBODY;
        }
    }

    /// Bytes that it takes.
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
    fn as_many_records_as_there_are_rows_are_known_and_the_next_take_the_rows_of_the_first() {
        let limits = LimitsTable::new(256 * ROW_BYTES);
        (1000..1256).for_each(|id| limits.insert(id, &meta(id)));
        assert!((1000..1256).all(|id| limits.get(id) == Some(meta(id))));
        limits.insert(1256, &meta(1));
        assert_eq!((limits.get(1000), limits.get(1256)), (None, Some(meta(1))));
        limits.remove(1000);
        assert_eq!(limits.get(1256), Some(meta(1)), "removing another one changes nothing");
        limits.remove(1256);
        assert_eq!(limits.get(1256), None);
    }

    #[test]
    fn what_does_not_tell_all_is_not_noted_and_without_room_nothing_is() {
        let limits = LimitsTable::new(64 * ROW_BYTES);
        limits.insert(5, &RecordMeta { whole: false, ..meta(1) });
        assert_eq!((limits.get(5), limits.get(0)), (None, None));
        let none = LimitsTable::new(63 * ROW_BYTES);
        none.insert(5, &meta(1));
        assert_eq!((none.get(5), none.bytes()), (None, 0));
    }
}
