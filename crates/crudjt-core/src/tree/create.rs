//! A new store's tables, and the applied mark that is in every one.

use redb::{Database, ReadableDatabase};

use super::checkpoint::{commit, set_mark};
use super::leaked::LeakedByPanic;
use super::mark::AppliedMark;
use super::tables::{APPLIED, EPOCHS, EXPIRIES, META, RECORDS};

/// Makes the tables of a new store, with the first applied mark.
pub(super) fn create_missing(database: &Database) -> Result<(), redb::Error> {
    if database.begin_read()?.open_table(META).is_ok() {
        return Ok(());
    }
    let mut transaction = LeakedByPanic::new(database.begin_write()?);
    transaction.set_quick_repair(true);
    transaction.open_table(RECORDS)?;
    transaction.open_table(EXPIRIES)?;
    transaction.open_table(EPOCHS)?;
    set_mark(&transaction, AppliedMark::FIRST)?;
    commit(transaction)
}

/// The applied mark of the newest commit.
pub(super) fn read_mark(database: &Database) -> Result<AppliedMark, redb::Error> {
    let meta = database.begin_read()?.open_table(META)?;
    let bytes = meta.get(APPLIED)?;
    let mark = bytes.and_then(|bytes| AppliedMark::parse(bytes.value()));
    mark.ok_or_else(|| redb::Error::Corrupted("the B-tree has no applied mark".to_owned()))
}
