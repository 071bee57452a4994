//! One commit: a memtable into the B-tree, with a bounded number of expired records out of it.

use std::collections::HashMap;

use redb::{ReadableTable, WriteTransaction};

use super::Tree;
use super::leaked::LeakedByPanic;
use super::mark::AppliedMark;
use super::sweep::sweep;
use super::tables::{APPLIED, EPOCH_COPIES, EPOCHS, EpochCount, Key, META, Redb};
use super::writer::Writer;
use crate::crypto::EpochRow;
use crate::memtable::Memtable;
use crate::{Error, Result};

/// What one commit does.
pub(crate) struct Batch<'a> {
    /// The memtable to bring in.
    pub(crate) memtable: Option<&'a Memtable>,
    pub(crate) mark: AppliedMark,
    /// Makes the journal durable as far as the mark: the journal is never behind the B-tree.
    pub(crate) before_commit: &'a dyn Fn() -> Result<()>,
    /// Expired before this, in milliseconds since 1970; `None` to sweep nothing.
    pub(crate) sweep_before: Option<u64>,
    /// The most records to sweep.
    pub(crate) sweep_limit: usize,
    /// Removes epochs that no record needs, but for those made by this opening.
    pub(crate) collect_epochs: Option<&'a dyn Fn(u32) -> bool>,
}

/// What one commit did.
pub(crate) struct Committed {
    pub(crate) swept: u64,
    /// The ids whose state came from the memtable.
    pub(crate) changed: Vec<u64>,
}

impl Tree {
    /// Commits a batch and makes it what reads see. It is durable when this returns.
    pub(crate) fn commit(&self, batch: &Batch<'_>) -> Result<Committed> {
        let mut journal_error = None;
        if self.view.load().records.is_err() {
            // An earlier attempt to open the file anew failed.
            self.mend(self.view.load().opening)?;
        }
        let opening = self.view.load().opening;
        let committed = self.guard("write its B-tree", || {
            self.with_opened(|opened| {
                let mut transaction = LeakedByPanic::new(opened.database.begin_write()?);
                transaction.set_quick_repair(true);
                let committed = apply(&transaction, batch, &mut journal_error)?;
                let before_commit = batch.before_commit;
                sabotage!(CommitAhead, let before_commit = &|| Ok(()));
                if let Err(error) = before_commit() {
                    journal_error = Some(error);
                    return Err(redb::Error::Corrupted("the journal can't be synced".to_owned()));
                }
                commit(transaction)?;
                self.publish(opened, opening)?;
                Ok(committed)
            })
        });
        if committed.is_ok() {
            *self.mark.lock() = batch.mark;
        } else {
            self.mend(opening)?;
        }
        committed.map_err(|error| journal_error.unwrap_or(error))
    }
}

fn apply(
    transaction: &WriteTransaction,
    batch: &Batch<'_>,
    journal_error: &mut Option<Error>,
) -> Redb<Committed> {
    let mut writer = Writer::new(transaction)?;
    let mut changed = Vec::new();
    if let Some(memtable) = batch.memtable {
        changed = writer.bring_in(memtable, journal_error)?;
    }
    let swept = match batch.sweep_before {
        Some(before) => sweep(&mut writer, before, batch.sweep_limit)?,
        None => 0,
    };
    let declared = batch.memtable.map(Memtable::epochs).unwrap_or_default();
    settle_epochs(transaction, &declared, &writer.epoch_changes, batch.collect_epochs)?;
    set_mark(transaction, batch.mark)?;
    Ok(Committed { swept, changed })
}

pub(super) fn settle_epochs(
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

pub(super) fn set_mark(transaction: &WriteTransaction, mark: AppliedMark) -> Redb<()> {
    let mut meta = LeakedByPanic::new(transaction.open_table(META)?);
    meta.insert(APPLIED, mark.to_bytes().as_slice())?;
    Ok(())
}

pub(super) fn commit(transaction: LeakedByPanic<WriteTransaction>) -> Redb<()> {
    Ok(transaction.take().map_or(Ok(()), WriteTransaction::commit)?)
}
