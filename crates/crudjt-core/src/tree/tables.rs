//! The B-tree's tables and their rows.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | records | id | sealed record |
//! | expiries | expiry in milliseconds << 64 \| id | nothing |
//! | epochs | epoch number | epoch row, u64 records sealed under it |
//! | epoch copies | epoch number | epoch row, for `repair` if the block above is damaged |
//! | meta | 0 | applied mark |
//!
//! All tables have the same key and value types: redb's generic code takes about 100 kB of the binary
//! for each pair of types.

use redb::TableDefinition;

use super::redb_file::page::Widths;
use crate::bytes::ByteReader;
use crate::crypto::EpochRow;
use crate::journal::Applied;

/// Sealed records by ascending id.
pub(crate) type Rows = Vec<(u64, Vec<u8>)>;

pub(super) type Key = u128;
pub(super) type Value = &'static [u8];
pub(super) const WIDTHS: Widths = Widths { key: Some(16), value: None };
/// The value of a row that consists of its key.
pub(super) const EMPTY: Value = &[];
type Definition = TableDefinition<'static, Key, Value>;

/// The result of a call of redb.
pub(super) type Redb<T> = std::result::Result<T, redb::Error>;

pub(super) const RECORDS: Definition = Definition::new(TableName::Records.text());
pub(super) const EXPIRIES: Definition = Definition::new(TableName::Expiries.text());
pub(super) const EPOCHS: Definition = Definition::new(TableName::Epochs.text());
pub(super) const EPOCH_COPIES: Definition = Definition::new(TableName::EpochCopies.text());
pub(super) const META: Definition = Definition::new(TableName::Meta.text());
/// The key of the applied mark.
pub(super) const APPLIED: Key = 0;

/// A table of the B-tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableName {
    Records,
    Expiries,
    Epochs,
    /// May be missing.
    EpochCopies,
    Meta,
}

impl TableName {
    pub(super) const fn text(self) -> &'static str {
        match self {
            TableName::Records => "records",
            TableName::Expiries => "expiries",
            TableName::Epochs => "epochs",
            TableName::EpochCopies => "epoch copies",
            TableName::Meta => "meta",
        }
    }
}

/// The id of a row of the records' table.
pub(crate) fn id_of(key: &[u8]) -> u64 {
    key.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// The key of a record's row in the expiry table.
pub(crate) fn expiry_key(expiry: u64, id: u64) -> Key {
    u128::from(expiry) << 64 | u128::from(id)
}

/// An epoch and the number of records in the B-tree that are sealed under it.
pub(crate) struct EpochCount {
    pub(crate) row: EpochRow,
    pub(crate) records: u64,
}

impl EpochCount {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.row.write(&mut out);
        out.extend_from_slice(&self.records.to_le_bytes());
        out
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<EpochCount> {
        let (row, rest) = EpochRow::parse(bytes)?;
        Some(EpochCount { row, records: ByteReader(rest).u64()? })
    }
}

/// How far the journal is applied; committed together with the records that it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AppliedMark {
    /// The last journal entry in the B-tree.
    pub(crate) applied: Applied,
    /// The highest id ever given out.
    pub(crate) highest_id: u64,
    /// The newest wall time seen, in milliseconds since 1970.
    pub(crate) newest_time: u64,
}

impl AppliedMark {
    /// The mark of a new store.
    pub(crate) const FIRST: AppliedMark =
        AppliedMark { applied: Applied { sequence: 0, chain: 0 }, highest_id: 0, newest_time: 0 };

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let fields = [self.applied.sequence, self.applied.chain, self.highest_id, self.newest_time];
        fields.iter().flat_map(|field| field.to_le_bytes()).collect()
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<AppliedMark> {
        let mut reader = ByteReader(bytes);
        let applied = Applied { sequence: reader.counter()?, chain: reader.u64()? };
        Some(AppliedMark { applied, highest_id: reader.counter()?, newest_time: reader.u64()? })
    }

    /// The mark in a row of the meta table.
    pub(crate) fn in_row(key: &[u8], value: &[u8]) -> Option<AppliedMark> {
        if key == APPLIED.to_le_bytes() { AppliedMark::parse(value) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_round_trips() {
        let mark = AppliedMark {
            applied: Applied { sequence: 1, chain: 2 },
            highest_id: 3,
            newest_time: 4,
        };
        assert_eq!(AppliedMark::parse(&mark.to_bytes()), Some(mark));
        assert_eq!(AppliedMark::parse(&mark.to_bytes()[..31]), None);
        let made_up = AppliedMark { highest_id: u64::MAX, ..mark };
        assert_eq!(AppliedMark::parse(&made_up.to_bytes()), None);
    }
}
