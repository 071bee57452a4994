//! Changes records in a transaction, and keeps the expiry table and the epochs' counts consistent with
//! them.

use std::collections::HashMap;

use redb::{ReadableTable, Table, WriteTransaction};

use super::guard::LeakedByPanic;
use super::redb_file::block_format::BLOCK;
use super::tables::{EMPTY, EXPIRIES, Key, RECORDS, Redb, Value, expiry_key};
use crate::Error;
use crate::memtable::{Memtable, State};
use crate::record::Header;

/// The tables of a write transaction.
pub(super) struct Writer<'t> {
    pub(super) records: LeakedByPanic<Table<'t, Key, Value>>,
    pub(super) expiries: LeakedByPanic<Table<'t, Key, Value>>,
    /// The change of each epoch's count of records.
    pub(super) epoch_changes: HashMap<u32, i64>,
    /// Expired records of the memtable that were not brought into the tables.
    pub(super) left_out: u64,
}

impl<'t> Writer<'t> {
    /// Opens the tables of a transaction.
    pub(super) fn new(transaction: &'t WriteTransaction) -> Redb<Writer<'t>> {
        Ok(Writer {
            records: LeakedByPanic::new(transaction.open_table(RECORDS)?),
            expiries: LeakedByPanic::new(transaction.open_table(EXPIRIES)?),
            epoch_changes: HashMap::new(),
            left_out: 0,
        })
    }

    /// Applies a memtable's states and gives their ids; a record that expired up to `expired` counts
    /// as removed. A failure to read the journal, or to keep to the budget, goes to `journal_error`.
    pub(super) fn apply(
        &mut self,
        memtable: &Memtable,
        expired: Option<u64>,
        budget: Option<(u64, Error)>,
        journal_error: &mut Option<Error>,
    ) -> Redb<Vec<u64>> {
        let states = memtable.sorted();
        let mut reader = RecordReader {
            memtable,
            expired,
            budget,
            record: Vec::new(),
            left_out: 0,
            journal_error,
        };
        let last = self.records.last()?.map(|(id, _)| id.value());
        let (known, new) =
            states.split_at(states.partition_point(|(id, _)| Some(Key::from(*id)) <= last));
        for (id, state) in known {
            match reader.read(state)? {
                Some(record) => self.put(*id, record)?,
                None => self.remove(*id)?,
            }
        }
        self.append(|appender| {
            new.iter().try_for_each(|(id, state)| match reader.read(state)? {
                Some(record) => appender.push(*id, record),
                None => Ok(()),
            })
        })?;
        self.left_out = reader.left_out;
        Ok(states.into_iter().map(|(id, _)| id).collect())
    }

    /// Inserts or replaces a record and its row in the expiry table.
    fn put(&mut self, id: u64, record: &[u8]) -> Redb<()> {
        let new = Header::parse(record).map(|(header, _)| header);
        let old =
            self.records.insert(Key::from(id), record)?.and_then(|old| Header::parse(old.value()));
        let old = old.map(|(header, _)| header);
        let expiry = |header: &Option<Header>| header.as_ref().and_then(Header::sweep_at);
        if expiry(&old) != expiry(&new) {
            if let Some(expiry) = expiry(&old) {
                self.expiries.remove(expiry_key(expiry, id))?;
            }
            if let Some(expiry) = expiry(&new) {
                self.expiries.insert(expiry_key(expiry, id), EMPTY)?;
            }
        }
        self.count(&old, -1);
        self.count(&new, 1);
        Ok(())
    }

    /// Removes a record and its row in the expiry table.
    fn remove(&mut self, id: u64) -> Redb<()> {
        let old = self.records.remove(Key::from(id))?.and_then(|old| Header::parse(old.value()));
        let old = old.map(|(header, _)| header);
        if let Some(expiry) = old.as_ref().and_then(Header::sweep_at) {
            self.expiries.remove(expiry_key(expiry, id))?;
        }
        self.count(&old, -1);
        Ok(())
    }

    /// Removes up to `limit` records that expired at or before `before`, oldest first; gives how many.
    ///
    /// A record whose newer state is still in a memtable may be removed here in its older state: the
    /// memtable's commit inserts the newer one.
    pub(super) fn sweep(&mut self, before: u64, limit: usize) -> Redb<u64> {
        let rows = self.expiries.range(..=expiry_key(before, u64::MAX))?.take(limit);
        let due = rows.map(|row| Ok(row?.0.value())).collect::<Redb<Vec<Key>>>()?;
        let mut swept = 0;
        for key in due {
            let (expiry, id) = ((key >> 64) as u64, key as u64);
            if self.expires_at(id)? == Some(expiry) {
                self.remove(id)?;
                swept += 1;
            } else {
                self.expiries.remove(key)?;
            }
        }
        Ok(swept)
    }

    fn expires_at(&self, id: u64) -> Redb<Option<u64>> {
        let record = self.records.get(Key::from(id))?;
        let header = record.and_then(|record| Header::parse(record.value()));
        Ok(header.and_then(|(header, _)| header.sweep_at()))
    }

    fn count(&mut self, header: &Option<Header>, by: i64) {
        if let Some(header) = header {
            *self.epoch_changes.entry(header.epoch).or_default() += by;
        }
    }
}

/// Reads a memtable's records from the journal.
struct RecordReader<'a> {
    memtable: &'a Memtable,
    expired: Option<u64>,
    budget: Option<(u64, Error)>,
    record: Vec<u8>,
    left_out: u64,
    journal_error: &'a mut Option<Error>,
}

impl RecordReader<'_> {
    /// The record of a state; `None` for a tombstone and for a record that has expired.
    fn read(&mut self, state: &State) -> Redb<Option<&[u8]>> {
        let State::Live { segment, location, .. } = state else { return Ok(None) };
        self.record.resize(location.length as usize, 0);
        let segment = self.memtable.segments.get(*segment as usize);
        if let Some(Err(error)) =
            segment.map(|segment| segment.read(location.offset, &mut self.record))
        {
            *self.journal_error = Some(error);
            return Err(redb::Error::Corrupted("the journal can't be read".to_owned()));
        }
        let sweep_at = Header::parse(&self.record).and_then(|(header, _)| header.sweep_at());
        if sweep_at.is_some() && sweep_at <= self.expired {
            self.left_out += 1;
            return Ok(None);
        }
        self.spend()?;
        Ok(Some(&self.record))
    }

    /// A record may take a page of its own: those around it are copied with it.
    fn spend(&mut self) -> Redb<()> {
        let Some((left, error)) = &mut self.budget else { return Ok(()) };
        let pages = self.record.len().next_multiple_of(BLOCK) as u64;
        match left.checked_sub(pages) {
            Some(rest) => *left = rest,
            None => {
                *self.journal_error = Some(error.clone());
                return Err(redb::Error::Corrupted("it would take too much space".to_owned()));
            }
        }
        Ok(())
    }
}
