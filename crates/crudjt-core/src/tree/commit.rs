//! Commits to the B-tree, one write transaction each.

use std::collections::HashMap;

use redb::{ReadableTable, WriteTransaction};

use super::database::Tree;
use super::guard::LeakedByPanic;
use super::redb_file::block_file::BlockFile;
use super::tables::{AppliedMark, EPOCH_COPIES, EPOCHS, EpochCount, Key, Redb, Rows};
use super::transaction::{transact, write_mark};
use super::writer::Writer;
use crate::crypto::EpochRow;
use crate::memtable::Memtable;
use crate::options::Options;
use crate::{Error, Result};

/// What one commit does: it applies a memtable and removes a bounded number of expired records.
pub(crate) struct Batch<'a> {
    pub(crate) memtable: Option<&'a Memtable>,
    pub(crate) mark: AppliedMark,
    /// Syncs the journal as far as the mark: the journal is never behind the B-tree.
    pub(crate) before_commit: &'a dyn Fn() -> Result<()>,
    /// Removes records that expired up to this time, in milliseconds since 1970, and leaves those of
    /// the memtable out; `None` for none.
    pub(crate) sweep_before: Option<u64>,
    /// The most records to sweep.
    pub(crate) sweep_limit: usize,
    /// Bytes of pages that the memtable may bring, and the error beyond that; `None` for no limit.
    pub(crate) budget: Option<(u64, Error)>,
    /// Removes epochs without records for which it returns true: not those of this opening.
    pub(crate) collect_epochs: Option<&'a dyn Fn(u32) -> bool>,
}

/// What one commit did.
pub(crate) struct Committed {
    /// Expired records that were removed, or left out of what was applied.
    pub(crate) swept: u64,
    /// The ids whose state came from the memtable.
    pub(crate) changed: Vec<u64>,
}

type Attempt = std::result::Result<Committed, Failure>;

/// Why a commit failed.
struct Failure {
    error: Error,
    /// Whether the content of the file is the cause.
    is_damage: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error, is_damage: false }
    }
}

impl Tree {
    /// Commits a batch and publishes it to readers. It is durable when this returns. Where a damaged
    /// block is in the way, the file is rebuilt without it first.
    pub(crate) fn commit(&self, options: &Options, batch: &Batch<'_>) -> Result<Committed> {
        let met_damage =
            |committed: &Attempt| matches!(committed, Err(failure) if failure.is_damage);
        let mut committed = self.try_commit(batch);
        if met_damage(&committed) {
            // A disk may fail to read a sound block once.
            committed = self.try_commit(batch);
        }
        if met_damage(&committed) {
            self.rebuild(options)?;
            committed = self.try_commit(batch);
        }
        committed.map_err(|failure| failure.error)
    }

    fn try_commit(&self, batch: &Batch<'_>) -> Attempt {
        let mut journal_error = None;
        let opening = self.reopen_if_failed()?;
        // Of the file as it was opened then: another thread may open it anew after a failure.
        let mut blocks = None;
        let committed = self.guard("write its B-tree", || {
            self.with_opened(|opened| {
                blocks = Some(opened.blocks.clone());
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
        committed.inspect(|_| self.set_mark(batch.mark)).map_err(|error| {
            let is_damage = blocks.is_some_and(|blocks| is_caused_by_damage(&blocks, &error));
            let error = match (journal_error, self.reopen(opening)) {
                (Some(error), _) | (None, Err(error)) => return Failure::from(error),
                (None, Ok(())) => error,
            };
            Failure { error, is_damage }
        })
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

/// Whether damage is why redb failed with this error: it met a damaged block, or objects to the file,
/// or panicked, and no access failed. After one that did, redb may read blocks that were never written.
fn is_caused_by_damage(blocks: &BlockFile, error: &Error) -> bool {
    blocks.other_failure().is_none()
        && (blocks.met_damage() || matches!(error, Error::Damaged { .. }))
}

fn apply(
    transaction: &WriteTransaction,
    batch: &Batch<'_>,
    journal_error: &mut Option<Error>,
) -> Redb<Committed> {
    let mut writer = Writer::new(transaction)?;
    let mut changed = Vec::new();
    if let Some(memtable) = batch.memtable {
        let expired = batch.sweep_before;
        changed = writer.apply(memtable, expired, batch.budget.clone(), journal_error)?;
    }
    let swept = writer.left_out
        + match batch.sweep_before {
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
