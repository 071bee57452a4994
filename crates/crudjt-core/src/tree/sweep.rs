//! Removing records whose time has passed, oldest first.

use redb::ReadableTable;

use super::tables::{Key, expiry_key};
use super::writer::Writer;
use crate::record::Header;

/// Removes up to `limit` records that expired at or before `before`; gives how many.
///
/// A record whose newer state is still in a memtable may be removed here with its older one: the
/// memtable's commit brings the newer one in.
pub(super) fn sweep(
    writer: &mut Writer<'_>,
    before: u64,
    limit: usize,
) -> Result<u64, redb::Error> {
    let rows = writer.expiries.range(..=expiry_key(before, u64::MAX))?.take(limit);
    let due = rows.map(|row| row.map(|(key, _)| key.value())).collect::<Result<Vec<Key>, _>>()?;
    let mut swept = 0;
    for key in due {
        let (expiry, id) = ((key >> 64) as u64, key as u64);
        if is_due(writer, id, expiry)? {
            writer.remove(id)?;
            swept += 1;
        } else {
            writer.expiries.remove(key)?;
        }
    }
    Ok(swept)
}

/// Whether the row still speaks of its record.
fn is_due(writer: &Writer<'_>, id: u64, expiry: u64) -> Result<bool, redb::Error> {
    let record = writer.records.get(Key::from(id))?;
    let header = record.and_then(|record| Header::parse(record.value()));
    Ok(header.is_some_and(|(header, _)| header.sweep_at() == Some(expiry)))
}
