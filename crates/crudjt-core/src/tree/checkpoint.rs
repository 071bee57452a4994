//! One commit: a memtable into the B-tree, with a bounded number of expired records out of it.

use std::collections::HashMap;

use redb::{ReadableTable, Table, WriteTransaction};

use super::Tree;
use super::mark::AppliedMark;
use super::sweep::sweep;
use super::tables::{APPLIED, EPOCHS, EXPIRIES, EpochCount, META, RECORDS, expiry_key};
use crate::memtable::{Memtable, State};
use crate::record::Header;
use crate::seal::EpochRow;
use crate::{Error, Result};

type Redb<T> = std::result::Result<T, redb::Error>;

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
        let opening = self.view.load().opening;
        let committed = self.guard("write its B-tree", || {
            self.with_database(|database| {
                let mut transaction = database.begin_write()?;
                transaction.set_quick_repair(true);
                let committed = apply(&transaction, batch, &mut journal_error)?;
                if let Err(error) = (batch.before_commit)() {
                    journal_error = Some(error);
                    return Err(redb::Error::Corrupted("the journal can't be synced".to_owned()));
                }
                transaction.commit()?;
                self.publish(database, opening)?;
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
    let mut writer = Writer {
        records: transaction.open_table(RECORDS)?,
        expiries: transaction.open_table(EXPIRIES)?,
        epoch_changes: HashMap::new(),
    };
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
    transaction.open_table(META)?.insert(APPLIED, batch.mark.to_bytes().as_slice())?;
    Ok(Committed { swept, changed })
}

/// The tables while a batch is applied. Each change of a record keeps the expiry table and the
/// epochs' counts in step.
pub(super) struct Writer<'t> {
    pub(super) records: Table<'t, u64, &'static [u8]>,
    pub(super) expiries: Table<'t, u128, ()>,
    epoch_changes: HashMap<u32, i64>,
}

impl Writer<'_> {
    fn bring_in(
        &mut self,
        memtable: &Memtable,
        journal_error: &mut Option<Error>,
    ) -> Redb<Vec<u64>> {
        let states = memtable.sorted();
        let mut record = Vec::new();
        for (id, state) in &states {
            let State::Live { segment, place, .. } = state else {
                self.remove(*id)?;
                continue;
            };
            record.resize(place.length as usize, 0);
            let segment = memtable.segments.get(*segment as usize);
            if let Some(Err(error)) = segment.map(|segment| segment.read(place.offset, &mut record))
            {
                *journal_error = Some(error);
                return Err(redb::Error::Corrupted("the journal can't be read".to_owned()));
            }
            self.put(*id, &record)?;
        }
        Ok(states.into_iter().map(|(id, _)| id).collect())
    }

    fn put(&mut self, id: u64, record: &[u8]) -> Redb<()> {
        let new = Header::parse(record).map(|(header, _)| header);
        let old = self.records.insert(id, record)?.and_then(|old| Header::parse(old.value()));
        let old = old.map(|(header, _)| header);
        let expiry = |header: &Option<Header>| header.as_ref().and_then(Header::sweep_at);
        if expiry(&old) != expiry(&new) {
            if let Some(expiry) = expiry(&old) {
                self.expiries.remove(expiry_key(expiry, id))?;
            }
            if let Some(expiry) = expiry(&new) {
                self.expiries.insert(expiry_key(expiry, id), ())?;
            }
        }
        self.count(&old, -1);
        self.count(&new, 1);
        Ok(())
    }

    /// Removes a record and its row in the expiry table.
    pub(super) fn remove(&mut self, id: u64) -> Redb<()> {
        let old = self.records.remove(id)?.and_then(|old| Header::parse(old.value()));
        let old = old.map(|(header, _)| header);
        if let Some(expiry) = old.as_ref().and_then(Header::sweep_at) {
            self.expiries.remove(expiry_key(expiry, id))?;
        }
        self.count(&old, -1);
        Ok(())
    }

    fn count(&mut self, header: &Option<Header>, by: i64) {
        if let Some(header) = header {
            *self.epoch_changes.entry(header.epoch).or_default() += by;
        }
    }
}

fn settle_epochs(
    transaction: &WriteTransaction,
    declared: &[EpochRow],
    changes: &HashMap<u32, i64>,
    collect: Option<&dyn Fn(u32) -> bool>,
) -> Redb<()> {
    let mut epochs = transaction.open_table(EPOCHS)?;
    for row in declared {
        if epochs.get(row.number)?.is_none() {
            epochs
                .insert(row.number, EpochCount { row: *row, records: 0 }.to_bytes().as_slice())?;
        }
    }
    for (number, change) in changes.iter().filter(|(_, change)| **change != 0) {
        let count = epochs.get(number)?.and_then(|row| EpochCount::parse(row.value()));
        if let Some(mut count) = count {
            count.records = count.records.saturating_add_signed(*change);
            epochs.insert(number, count.to_bytes().as_slice())?;
        }
    }
    if let Some(may_go) = collect {
        epochs.retain(|number, row| {
            !may_go(number) || EpochCount::parse(row).is_none_or(|count| count.records > 0)
        })?;
    }
    Ok(())
}
