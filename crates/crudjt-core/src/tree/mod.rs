//! The B-tree: where records rest once the memtable that held them is checkpointed.
//!
//! Invariants: the applied mark is committed in the same transaction as the records it speaks of;
//! a read view is published only after its commit is durable; every call into redb is guarded
//! against panics, and a panic is an error of this store, not of the process.

mod blocks;
mod checkpoint;
mod mark;
mod sweep;
mod tables;
mod write_behind;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use redb::{
    Builder, Database, ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata,
};

pub(crate) use blocks::TREE_FILE;
pub(crate) use checkpoint::{Batch, Committed};
pub(crate) use mark::AppliedMark;
use tables::{EPOCHS, EpochCount, RECORDS};

use crate::keyring::StoreId;
use crate::options::Options;
use crate::seal::EpochRow;
use crate::storage::StorageFile;
use crate::{Error, Result};

/// The B-tree of an open store.
pub(crate) struct Tree {
    /// `None` once closed.
    database: Mutex<Option<Database>>,
    view: ArcSwap<View>,
    mark: Mutex<AppliedMark>,
    records: AtomicU64,
    file: Arc<dyn StorageFile>,
    path: PathBuf,
}

/// The records as of one commit.
struct View {
    records: Option<ReadOnlyTable<u64, &'static [u8]>>,
}

impl Tree {
    /// Opens the store's B-tree, or makes it.
    pub(crate) fn open(options: &Options, store: StoreId) -> Result<Tree> {
        let path = options.path.join(TREE_FILE);
        let backend = blocks::BlockFile::open(options, store)?;
        let file = backend.file();
        let cache = options.cache_size / 4 * 3;
        let database = guarded(&path, "open its B-tree", || {
            let database = Builder::new().set_cache_size(cache).create_with_backend(backend)?;
            tables::create_missing(&database)?;
            Ok(database)
        })?;
        let mark = guarded(&path, "read its B-tree", || tables::read_mark(&database))?;
        let tree = Tree {
            database: Mutex::new(Some(database)),
            view: ArcSwap::from_pointee(View { records: None }),
            mark: Mutex::new(mark),
            records: AtomicU64::new(0),
            file,
            path,
        };
        tree.guard("read its B-tree", || tree.with_database(|database| tree.publish(database)))?;
        Ok(tree)
    }

    /// The mark of the newest commit.
    pub(crate) fn mark(&self) -> AppliedMark {
        *self.mark.lock()
    }

    /// Records in the newest commit.
    pub(crate) fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    /// Bytes of the file.
    pub(crate) fn bytes(&self) -> u64 {
        self.file.size().unwrap_or(0)
    }

    /// Appends the sealed record of `id` to `out`, which is emptied first; false if there is none.
    pub(crate) fn get(&self, id: u64, out: &mut Vec<u8>) -> Result<bool> {
        let view = self.view.load();
        let Some(records) = &view.records else { return Err(Error::Closed) };
        self.guard("read its B-tree", || {
            let found = records.get(id)?;
            out.clear();
            if let Some(record) = &found {
                out.extend_from_slice(record.value());
            }
            Ok(found.is_some())
        })
    }

    /// The stored epochs.
    pub(crate) fn epochs(&self) -> Result<Vec<EpochRow>> {
        self.guard("read its epochs", || {
            self.with_database(|database| {
                let table = database.begin_read()?.open_table(EPOCHS)?;
                let rows = table
                    .iter()?
                    .map(|entry| Ok(EpochCount::parse(entry?.1.value()).map(|count| count.row)));
                rows.filter_map(|row: std::result::Result<_, redb::Error>| row.transpose())
                    .collect()
            })
        })
    }

    /// Closes the file. Nothing can be read any more.
    pub(crate) fn close(&self) -> Result<()> {
        self.view.store(Arc::new(View { records: None }));
        let Some(database) = self.database.lock().take() else { return Ok(()) };
        self.guard("close its B-tree", || {
            drop(database);
            Ok(())
        })
    }

    /// Makes the newest commit what reads see.
    fn publish(&self, database: &Database) -> std::result::Result<(), redb::Error> {
        let records = database.begin_read()?.open_table(RECORDS)?;
        self.records.store(records.len()?, Ordering::Relaxed);
        self.view.store(Arc::new(View { records: Some(records) }));
        Ok(())
    }

    fn with_database<T>(
        &self,
        work: impl FnOnce(&Database) -> std::result::Result<T, redb::Error>,
    ) -> std::result::Result<T, redb::Error> {
        match self.database.lock().as_ref() {
            Some(database) => work(database),
            None => Err(redb::Error::DatabaseClosed),
        }
    }

    fn guard<T>(
        &self,
        what: &'static str,
        work: impl FnOnce() -> std::result::Result<T, redb::Error>,
    ) -> Result<T> {
        guarded(&self.path, what, work)
    }
}

/// Calls into redb: an error or a panic there becomes an error here.
fn guarded<T>(
    path: &std::path::Path,
    what: &'static str,
    work: impl FnOnce() -> std::result::Result<T, redb::Error>,
) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| translate(path, what, error)),
        Err(_) => Err(Error::damaged(path, "the B-tree met something it does not understand")),
    }
}

fn translate(path: &std::path::Path, what: &'static str, error: redb::Error) -> Error {
    match error {
        redb::Error::Io(error) => Error::storage(path, what, error),
        redb::Error::Corrupted(text) => Error::damaged(path, text),
        redb::Error::DatabaseClosed => Error::Closed,
        other => Error::storage(path, what, std::io::Error::other(other)),
    }
}
