//! Write transactions of redb.

use redb::{Database, WriteTransaction};

use super::guard::LeakedByPanic;
use super::tables::{APPLIED, AppliedMark, EPOCHS, EXPIRIES, META, RECORDS, Redb};

/// Creates the tables of a new store, with the first applied mark.
pub(super) fn create_tables(database: &Database) -> Redb<()> {
    transact(database, |transaction| {
        transaction.open_table(RECORDS)?;
        transaction.open_table(EXPIRIES)?;
        transaction.open_table(EPOCHS)?;
        write_mark(transaction, AppliedMark::FIRST)
    })
}

/// Runs `work` in a write transaction and commits it in two phases, with the allocator's state, so
/// that an opening after a crash repairs nothing.
pub(super) fn transact<T>(
    database: &Database,
    work: impl FnOnce(&WriteTransaction) -> Redb<T>,
) -> Redb<T> {
    let mut transaction = LeakedByPanic::new(database.begin_write()?);
    transaction.set_quick_repair(true);
    let done = work(&transaction)?;
    transaction.take().map_or(Ok(()), WriteTransaction::commit)?;
    Ok(done)
}

/// Writes the applied mark of a commit.
pub(super) fn write_mark(transaction: &WriteTransaction, mark: AppliedMark) -> Redb<()> {
    let mut meta = LeakedByPanic::new(transaction.open_table(META)?);
    meta.insert(APPLIED, mark.to_bytes().as_slice())?;
    Ok(())
}
