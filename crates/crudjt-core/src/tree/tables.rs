//! The B-tree's tables.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | records | id | sealed record |
//! | expiries | expiry in milliseconds << 64 \| id | nothing |
//! | epochs | epoch number | epoch row, u64 records sealed under it |
//! | epoch copies | epoch number | epoch row: what `repair` goes by if the block above is damaged |
//! | meta | 0 | applied mark |
//!
//! All have keys and values of the same types, for redb's functions are in the binary once for each
//! pair of types, about 100 kB.

use redb::TableDefinition;

use super::redb_file::pages::Widths;
use crate::bytes::ByteReader;
use crate::crypto::EpochRow;

pub(super) type Key = u128;
pub(super) type Value = &'static [u8];
/// The value of a row that is its key.
pub(super) const EMPTY: Value = &[];
type Definition = TableDefinition<'static, Key, Value>;

/// What redb's calls give.
pub(super) type Redb<T> = std::result::Result<T, redb::Error>;

pub(super) const RECORDS_NAME: &str = "records";
pub(super) const EXPIRIES_NAME: &str = "expiries";
pub(super) const EPOCHS_NAME: &str = "epochs";
pub(super) const COPIES_NAME: &str = "epoch copies";
pub(super) const META_NAME: &str = "meta";
pub(super) const RECORDS: Definition = Definition::new(RECORDS_NAME);
pub(super) const EXPIRIES: Definition = Definition::new(EXPIRIES_NAME);
pub(super) const EPOCHS: Definition = Definition::new(EPOCHS_NAME);
pub(super) const EPOCH_COPIES: Definition = Definition::new(COPIES_NAME);
pub(super) const META: Definition = Definition::new(META_NAME);
pub(super) const WIDTHS: Widths = Widths { key: Some(16), value: None };
pub(super) const APPLIED: u128 = 0;

/// The key of a record's row in the expiry table.
pub(crate) fn expiry_key(expiry: u64, id: u64) -> Key {
    u128::from(expiry) << 64 | u128::from(id)
}

/// An epoch and how many records in the B-tree are sealed under it.
pub(super) struct EpochCount {
    pub(super) row: EpochRow,
    pub(super) records: u64,
}

impl EpochCount {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.row.write(&mut out);
        out.extend_from_slice(&self.records.to_le_bytes());
        out
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<EpochCount> {
        let (row, rest) = EpochRow::parse(bytes)?;
        Some(EpochCount { row, records: ByteReader(rest).u64()? })
    }
}
