//! The B-tree's tables.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | records | id | sealed record |
//! | expiries | expiry in milliseconds << 64 \| id | nothing |
//! | epochs | epoch number | epoch row, u64 records sealed under it |
//! | epoch copies | epoch number | epoch row: what `repair` goes by if the block above is damaged |
//! | meta | "applied" | applied mark |

use redb::{Database, ReadableDatabase, TableDefinition};

use super::mark::AppliedMark;
use super::pages::Widths;
use crate::bytes::Reader;
use crate::seal::EpochRow;

/// What redb's calls give.
pub(super) type Redb<T> = std::result::Result<T, redb::Error>;

pub(super) const RECORDS_NAME: &str = "records";
pub(super) const EXPIRIES_NAME: &str = "expiries";
pub(super) const EPOCHS_NAME: &str = "epochs";
pub(super) const COPIES_NAME: &str = "epoch copies";
pub(super) const META_NAME: &str = "meta";
pub(super) const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new(RECORDS_NAME);
pub(super) const EXPIRIES: TableDefinition<'_, u128, ()> = TableDefinition::new(EXPIRIES_NAME);
pub(super) const EPOCHS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new(EPOCHS_NAME);
pub(super) const EPOCH_COPIES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new(COPIES_NAME);
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new(META_NAME);
pub(super) const RECORDS_WIDTHS: Widths = Widths { key: Some(8), value: None };
pub(super) const EXPIRIES_WIDTHS: Widths = Widths { key: Some(16), value: Some(0) };
pub(super) const EPOCHS_WIDTHS: Widths = Widths { key: Some(4), value: None };
pub(super) const META_WIDTHS: Widths = Widths { key: None, value: None };
pub(super) const APPLIED: &str = "applied";

/// The key of a record's row in the expiry table.
pub(crate) fn expiry_key(expiry: u64, id: u64) -> u128 {
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
        Some(EpochCount { row, records: Reader(rest).u64()? })
    }
}

/// Makes the tables of a new store, with the first applied mark.
pub(super) fn create_missing(database: &Database) -> Result<(), redb::Error> {
    if database.begin_read()?.open_table(META).is_ok() {
        return Ok(());
    }
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    transaction.open_table(RECORDS)?;
    transaction.open_table(EXPIRIES)?;
    transaction.open_table(EPOCHS)?;
    transaction.open_table(META)?.insert(APPLIED, AppliedMark::FIRST.to_bytes().as_slice())?;
    Ok(transaction.commit()?)
}

/// The applied mark of the newest commit.
pub(super) fn read_mark(database: &Database) -> Result<AppliedMark, redb::Error> {
    let meta = database.begin_read()?.open_table(META)?;
    let bytes = meta.get(APPLIED)?;
    let mark = bytes.and_then(|bytes| AppliedMark::parse(bytes.value()));
    mark.ok_or_else(|| redb::Error::Corrupted("the B-tree has no applied mark".to_owned()))
}
