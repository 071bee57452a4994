//! One commit of an open B-tree, which can be read while others follow it.

use redb::{
    ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
};

use super::database::Tree;
use super::tables::{
    APPLIED, AppliedMark, EPOCHS, EpochCount, Key, META, RECORDS, Redb, Rows, Value,
};
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
    /// The stored epochs.
    pub(crate) fn epochs(&self) -> Result<Vec<EpochRow>> {
        Ok(self.snapshot()?.epochs)
    }

    /// The newest commit. Its blocks are not reused while this lives.
    pub(crate) fn snapshot(&self) -> Result<Snapshot<'_>> {
        self.guard("read its B-tree", || {
            self.with_opened(|opened| {
                let transaction = opened.database.begin_read()?;
                let (epochs, mark) = (read_epochs(&transaction)?, read_mark(&transaction)?);
                let records = transaction.open_table(RECORDS)?;
                Ok(Snapshot { tree: self, records, epochs, mark })
            })
        })
    }
}

fn read_epochs(transaction: &ReadTransaction) -> Redb<Vec<EpochRow>> {
    let table = transaction.open_table(EPOCHS)?;
    let row = |row: std::result::Result<(_, redb::AccessGuard<'_, Value>), redb::StorageError>| {
        Ok(EpochCount::parse(row?.1.value()).map(|count| count.row))
    };
    table.iter()?.map(row).filter_map(Redb::transpose).collect()
}

fn read_mark(transaction: &ReadTransaction) -> Redb<AppliedMark> {
    let bytes = transaction.open_table(META)?.get(APPLIED)?;
    let mark = bytes.and_then(|bytes| AppliedMark::parse(bytes.value()));
    mark.ok_or_else(|| redb::Error::Corrupted("the B-tree has no applied mark".to_owned()))
}

impl Snapshot<'_> {
    /// The number of records.
    pub(crate) fn count(&self) -> Result<u64> {
        self.tree.guard("read its B-tree", || Ok(self.records.len()?))
    }

    /// The records above an id, about `bytes` bytes of them; none at the end.
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
