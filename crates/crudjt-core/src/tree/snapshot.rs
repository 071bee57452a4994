//! One commit of an open B-tree, to be read at leisure while others follow it.

use redb::{ReadOnlyTable, ReadableDatabase};

use super::tables::{APPLIED, EPOCHS, EpochCount, Key, META, RECORDS, Redb, Value};
use super::{AppliedMark, Rows, Tree};
use crate::Result;
use crate::crypto::EpochRow;

/// The records, epochs and mark of one commit.
pub(crate) struct Snapshot<'t> {
    tree: &'t Tree,
    records: ReadOnlyTable<Key, Value>,
    pub(crate) epochs: Vec<EpochRow>,
    pub(crate) mark: AppliedMark,
}

impl Tree {
    /// The newest commit. The blocks that it refers to are kept as long as this lives.
    pub(crate) fn snapshot(&self) -> Result<Snapshot<'_>> {
        let (records, epochs, mark) = self.guard("read its B-tree", || {
            self.with_database(|database| {
                let transaction = database.begin_read()?;
                let rows = transaction.open_table(EPOCHS)?;
                let epochs = redb::ReadableTable::iter(&rows)?
                    .filter_map(|row| {
                        let parsed = row.map(|(_, value)| EpochCount::parse(value.value()));
                        parsed.transpose()
                    })
                    .map(|count| Ok(count?.row))
                    .collect::<Redb<Vec<EpochRow>>>()?;
                let meta = transaction.open_table(META)?;
                let mark = meta.get(APPLIED)?.and_then(|row| AppliedMark::parse(row.value()));
                let missing = || redb::Error::Corrupted("it has no applied mark".to_owned());
                Ok((transaction.open_table(RECORDS)?, epochs, mark.ok_or_else(missing)?))
            })
        })?;
        Ok(Snapshot { tree: self, records, epochs, mark })
    }
}

impl Snapshot<'_> {
    /// How many records there are.
    pub(crate) fn count(&self) -> Result<u64> {
        self.tree.guard("read its B-tree", || Ok(redb::ReadableTableMetadata::len(&self.records)?))
    }

    /// The records above an id, about so many bytes of them; none at the end.
    pub(crate) fn rows_above(&self, id: u64, bytes: usize) -> Result<Rows> {
        self.tree.guard("read its B-tree", || {
            let (mut rows, mut size) = (Rows::new(), 0);
            for row in self.records.range(Key::from(id) + 1..)? {
                let (id, record) = row?;
                size += record.value().len();
                rows.push((id.value() as u64, record.value().to_vec()));
                if size >= bytes {
                    break;
                }
            }
            Ok(rows)
        })
    }
}
