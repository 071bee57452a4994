//! Appends records with ids above all existing ones, as new tokens have: redb builds whole leaves of
//! them, which takes a third of the time that single insertions take.

use std::collections::HashMap;
use std::ops::Bound;

use redb::{CursorMut, ReadableTable};

use super::guard::LeakedByPanic;
use super::tables::{EMPTY, Key, Redb, Value, expiry_key};
use super::writer::Writer;
use crate::record::Header;

/// Accepts records by ascending id.
pub(super) struct Appender<'w> {
    cursor: LeakedByPanic<CursorMut<'w, Key, Value>>,
    epoch_changes: &'w mut HashMap<u32, i64>,
    expiries: Vec<Key>,
}

impl Writer<'_> {
    /// Appends what `give` pushes.
    pub(super) fn append(&mut self, give: impl FnOnce(&mut Appender<'_>) -> Redb<()>) -> Redb<()> {
        let mut appender = Appender {
            cursor: LeakedByPanic::new(self.records.upper_bound_mut(Bound::<Key>::Unbounded)?),
            epoch_changes: &mut self.epoch_changes,
            expiries: Vec::new(),
        };
        give(&mut appender)?;
        let expiries = appender.finish()?;
        self.add_expiries(expiries)
    }

    fn add_expiries(&mut self, mut keys: Vec<Key>) -> Redb<()> {
        keys.sort_unstable();
        let last = self.expiries.last()?.map(|(key, _)| key.value());
        let (among, behind) = keys.split_at(keys.partition_point(|key| Some(*key) <= last));
        for key in among {
            self.expiries.insert(key, EMPTY)?;
        }
        let cursor = self.expiries.upper_bound_mut(Bound::<Key>::Unbounded)?;
        let mut cursor = LeakedByPanic::new(cursor);
        for key in behind {
            cursor.insert_before(key, EMPTY)?;
        }
        close(cursor)
    }
}

impl Appender<'_> {
    /// Appends a record, whose id is above all others.
    pub(super) fn push(&mut self, id: u64, record: &[u8]) -> Redb<()> {
        self.cursor.insert_before(Key::from(id), record)?;
        if let Some((header, _)) = Header::parse(record) {
            *self.epoch_changes.entry(header.epoch).or_default() += 1;
            self.expiries.extend(header.sweep_at().map(|expiry| expiry_key(expiry, id)));
        }
        Ok(())
    }

    /// Gives the records' keys in the expiry table.
    fn finish(self) -> Redb<Vec<Key>> {
        close(self.cursor)?;
        Ok(self.expiries)
    }
}

fn close(cursor: LeakedByPanic<CursorMut<'_, Key, Value>>) -> Redb<()> {
    Ok(cursor.take().map_or(Ok(()), CursorMut::close)?)
}
