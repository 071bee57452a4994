//! The B-tree: where records rest once the memtable that held them is checkpointed.
//!
//! Invariants: the applied mark is committed in the same transaction as the records it speaks of;
//! a read view is published only after its commit is durable; every call into redb is guarded
//! against panics, and a panic is an error of this store, not of the process. After any failed
//! access redb refuses all others, so it is then opened anew, at its last commit.

mod allocator;
mod append;
mod blocks;
mod branches;
mod census;
mod checkpoint;
mod fill;
mod fuzzing;
mod header;
mod leaked;
mod mark;
mod pages;
mod snapshot;
mod sweep;
mod tables;
mod walk;
mod write_behind;
mod writer;

use crate::sync::atomic::{AtomicU64, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use crate::sync::Mutex;
use arc_swap::ArcSwap;
use redb::{
    Builder, Database, ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata,
};

pub(crate) use blocks::{FRESH_TREE, TREE_FILE, store_of_tree};
pub(crate) use checkpoint::{Batch, Committed};
pub(crate) use fill::Rows;
pub(crate) use fuzzing::make_checksums_fit;
pub(crate) use mark::AppliedMark;
pub(crate) use snapshot::Snapshot;
pub(crate) use tables::expiry_key;
use tables::{EPOCHS, EpochCount, Key, RECORDS, Value};
pub(crate) use walk::{Damage, TableName, TreeFile, Visitor, epoch_in, mark_in};

use crate::keyring::StoreId;
use crate::options::Options;
use crate::seal::EpochRow;
use crate::storage::{Shut, StorageFile};
use crate::{Error, Result};

/// Bytes of a block.
pub(crate) const BLOCK_BYTES: u64 = blocks::BLOCK as u64;

/// The B-tree of an open store.
pub(crate) struct Tree {
    /// `None` once closed.
    database: Mutex<Option<Database>>,
    view: ArcSwap<View>,
    mark: Mutex<AppliedMark>,
    records: AtomicU64,
    /// Held by redb as well while the database is open.
    file: Mutex<Arc<dyn StorageFile>>,
    store: StoreId,
    cache_size: usize,
    path: PathBuf,
}

/// The records as of one commit.
struct View {
    /// An error once closed, or if the file could not be opened anew.
    records: Result<ReadOnlyTable<Key, Value>>,
    /// How often the file was opened before.
    opening: u64,
}

/// The opening of a file that was closed.
const CLOSED: u64 = u64::MAX;

impl Tree {
    /// Opens the store's B-tree, or makes it.
    pub(crate) fn open(options: &Options, store: StoreId) -> Result<Tree> {
        Tree::open_as(options, store, TREE_FILE)
    }

    /// The same under another name.
    pub(crate) fn open_as(options: &Options, store: StoreId, name: &str) -> Result<Tree> {
        let path = options.path.join(name);
        let tree = Tree {
            database: Mutex::new(None),
            view: ArcSwap::from_pointee(View { records: Err(Error::Closed), opening: 0 }),
            mark: Mutex::new(AppliedMark::FIRST),
            records: AtomicU64::new(0),
            file: Mutex::new(blocks::BlockFile::open(options, store, &path)?.file()),
            store,
            cache_size: options.cache_size / 4 * 3,
            path,
        };
        tree.start(&mut tree.database.lock(), 0)?;
        Ok(tree)
    }

    /// Opens the file as it is and publishes its newest commit.
    fn start(&self, slot: &mut Option<Database>, opening: u64) -> Result<()> {
        let backend = blocks::BlockFile::over(self.file.lock().clone(), self.store);
        let branches = census::take(&backend).map_err(|error| self.refusal(error))?;
        backend.branches.restrict_to(branches);
        *self.mark.lock() = self.guard("open its B-tree", || {
            let database =
                Builder::new().set_cache_size(self.cache_size).create_with_backend(backend)?;
            tables::create_missing(&database)?;
            let mark = tables::read_mark(&database)?;
            self.publish(&database, opening)?;
            *slot = Some(database);
            Ok(mark)
        })?;
        Ok(())
    }

    fn refusal(&self, error: std::io::Error) -> Error {
        if census::is_damage(&error) {
            return Error::damaged(&self.path, format!("the B-tree can't be used: {error}"));
        }
        Error::storage(&self.path, "open its B-tree", error)
    }

    /// Opens the file anew after a failed access, unless somebody has since `opening`.
    fn mend(&self, opening: u64) -> Result<()> {
        let mut slot = self.database.lock();
        if self.view.load().opening != opening || opening == CLOSED {
            return Ok(());
        }
        // What it could not write it must not write later: dropped first, with its errors.
        let _ = self.guard("close its B-tree", || Ok(slot.take().is_some()));
        self.start(&mut slot, opening + 1)
            .inspect_err(|error| self.lose_view(error.clone(), opening + 1))
    }

    fn lose_view(&self, error: Error, opening: u64) {
        self.view.store(Arc::new(View { records: Err(error), opening }));
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
        self.file.lock().size().unwrap_or(0)
    }

    /// Appends the sealed record of `id` to `out`, which is emptied first; false if there is none.
    pub(crate) fn get(&self, id: u64, out: &mut Vec<u8>) -> Result<bool> {
        let first = self.view.load();
        let Err(error) = self.look_up(&first, id, out) else { return Ok(!out.is_empty()) };
        // The failure may have been that of another record's block.
        self.mend(first.opening)?;
        let second = self.view.load();
        if self.look_up(&second, id, out).is_ok() {
            return Ok(!out.is_empty());
        }
        self.mend(second.opening)?;
        Err(error)
    }

    /// Leaves `out` empty if there is no such record.
    fn look_up(&self, view: &View, id: u64, out: &mut Vec<u8>) -> Result<()> {
        let records = view.records.as_ref().map_err(Error::clone)?;
        self.guard("read its B-tree", || {
            out.clear();
            if let Some(record) = records.get(Key::from(id))? {
                out.extend_from_slice(record.value());
            }
            Ok(())
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
        self.lose_view(Error::Closed, CLOSED);
        let database = self.database.lock().take();
        let closed = self.guard("close its B-tree", || {
            drop(database);
            Ok(())
        });
        *self.file.lock() = Arc::new(Shut);
        closed
    }

    /// Makes the newest commit what reads see.
    fn publish(&self, database: &Database, opening: u64) -> std::result::Result<(), redb::Error> {
        let records = database.begin_read()?.open_table(RECORDS)?;
        self.records.store(records.len()?, Ordering::Relaxed);
        self.view.store(Arc::new(View { records: Ok(records), opening }));
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

/// Where an opening fails half-way nobody closes it; redb, which then commits once more, may panic
/// over what made the opening fail.
impl Drop for Tree {
    fn drop(&mut self) {
        let _ = self.close();
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
