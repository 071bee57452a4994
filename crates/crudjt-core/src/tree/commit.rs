//! Commits to the B-tree, one write transaction each.

use std::collections::HashMap;

use redb::{Database, ReadableTable, WriteTransaction};

use super::database::Tree;
use super::guard::LeakedByPanic;
use super::tables::{
    APPLIED, AppliedMark, EPOCH_COPIES, EPOCHS, EXPIRIES, EpochCount, Key, META, RECORDS, Redb,
};
use super::writer::Writer;
use crate::crypto::EpochRow;
use crate::memtable::Memtable;
use crate::{Error, Result};

/// Sealed records by ascending id.
pub(crate) type Rows = Vec<(u64, Vec<u8>)>;

/// What one commit does: it applies a memtable and removes a bounded number of expired records.
pub(crate) struct Batch<'a> {
    pub(crate) memtable: Option<&'a Memtable>,
    pub(crate) mark: AppliedMark,
    /// Syncs the journal as far as the mark: the journal is never behind the B-tree.
    pub(crate) before_commit: &'a dyn Fn() -> Result<()>,
    /// Removes records that expired up to this time, in milliseconds since 1970; `None` for none.
    pub(crate) sweep_before: Option<u64>,
    /// The most records to sweep.
    pub(crate) sweep_limit: usize,
    /// Removes epochs without records for which it returns true: not those of this opening.
    pub(crate) collect_epochs: Option<&'a dyn Fn(u32) -> bool>,
}

/// What one commit did.
pub(crate) struct Committed {
    pub(crate) swept: u64,
    /// The ids whose state came from the memtable.
    pub(crate) changed: Vec<u64>,
}

impl Tree {
    /// Commits a batch and publishes it to readers. It is durable when this returns.
    pub(crate) fn commit(&self, batch: &Batch<'_>) -> Result<Committed> {
        let mut journal_error = None;
        let opening = self.reopen_if_failed()?;
        let committed = self.guard("write its B-tree", || {
            self.with_opened(|opened| {
                let committed = transact(&opened.database, |transaction| {
                    let committed = apply(transaction, batch, &mut journal_error)?;
                    let before_commit = batch.before_commit;
                    sabotage!(CommitAhead, let before_commit = &|| Ok(()));
                    if let Err(error) = before_commit() {
                        journal_error = Some(error);
                        return Err(redb::Error::Corrupted(
                            "the journal can't be synced".to_owned(),
                        ));
                    }
                    Ok(committed)
                })?;
                self.publish(opened, opening)?;
                Ok(committed)
            })
        });
        match &committed {
            Ok(_) => self.set_mark(batch.mark),
            Err(_) => self.reopen(opening)?,
        }
        committed.map_err(|error| journal_error.unwrap_or(error))
    }

    /// Commits records with ids above all existing ones, the epochs that they need, and a mark. Does
    /// not publish them. Durable when this returns.
    pub(crate) fn fill(&self, rows: &Rows, epochs: &[EpochRow], mark: AppliedMark) -> Result<()> {
        self.guard("write its B-tree", || {
            self.with_opened(|opened| {
                transact(&opened.database, |transaction| {
                    let mut writer = Writer::new(transaction)?;
                    writer.append(|appender| {
                        rows.iter().try_for_each(|(id, record)| appender.push(*id, record))
                    })?;
                    settle_epochs(transaction, epochs, &writer.epoch_changes, None)?;
                    write_mark(transaction, mark)
                })
            })
        })
    }
}

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
fn transact<T>(database: &Database, work: impl FnOnce(&WriteTransaction) -> Redb<T>) -> Redb<T> {
    let mut transaction = LeakedByPanic::new(database.begin_write()?);
    transaction.set_quick_repair(true);
    let done = work(&transaction)?;
    transaction.take().map_or(Ok(()), WriteTransaction::commit)?;
    Ok(done)
}

fn apply(
    transaction: &WriteTransaction,
    batch: &Batch<'_>,
    journal_error: &mut Option<Error>,
) -> Redb<Committed> {
    let mut writer = Writer::new(transaction)?;
    let mut changed = Vec::new();
    if let Some(memtable) = batch.memtable {
        changed = writer.apply(memtable, journal_error)?;
    }
    let swept = match batch.sweep_before {
        Some(before) => writer.sweep(before, batch.sweep_limit)?,
        None => 0,
    };
    let declared = batch.memtable.map(Memtable::epochs).unwrap_or_default();
    settle_epochs(transaction, &declared, &writer.epoch_changes, batch.collect_epochs)?;
    write_mark(transaction, batch.mark)?;
    Ok(Committed { swept, changed })
}

/// Adds new epochs, updates the counts of records, and removes epochs that are no longer needed.
fn settle_epochs(
    transaction: &WriteTransaction,
    declared: &[EpochRow],
    changes: &HashMap<u32, i64>,
    collect: Option<&dyn Fn(u32) -> bool>,
) -> Redb<()> {
    let mut epochs = LeakedByPanic::new(transaction.open_table(EPOCHS)?);
    let mut copies = LeakedByPanic::new(transaction.open_table(EPOCH_COPIES)?);
    for row in declared {
        let number = Key::from(row.number);
        if epochs.get(number)?.is_none() {
            let count = EpochCount { row: *row, records: 0 };
            epochs.insert(number, count.to_bytes().as_slice())?;
            copies.insert(number, row.to_bytes().as_slice())?;
        }
    }
    for (number, change) in changes.iter().filter(|(_, change)| **change != 0) {
        let number = Key::from(*number);
        let count = epochs.get(number)?.and_then(|row| EpochCount::parse(row.value()));
        if let Some(mut count) = count {
            count.records = count.records.saturating_add_signed(*change);
            epochs.insert(number, count.to_bytes().as_slice())?;
        }
    }
    if let Some(may_go) = collect {
        epochs.retain(|number, row| {
            !u32::try_from(number).is_ok_and(may_go)
                || EpochCount::parse(row).is_none_or(|count| count.records > 0)
        })?;
        copies.retain(|number, _| matches!(epochs.get(number), Ok(Some(_)) | Err(_)))?;
    }
    Ok(())
}

fn write_mark(transaction: &WriteTransaction, mark: AppliedMark) -> Redb<()> {
    let mut meta = LeakedByPanic::new(transaction.open_table(META)?);
    meta.insert(APPLIED, mark.to_bytes().as_slice())?;
    Ok(())
}
