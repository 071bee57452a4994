//! The B-tree: where records rest once the memtable that held them is checkpointed.
//!
//! Invariants: the applied mark is committed in the same transaction as the records it speaks of;
//! a read view is published only after its commit is durable; every call into redb is guarded
//! against panics, and a panic is an error of this store, not of the process. After any failed
//! access redb refuses all others, so it is then opened anew, at its last commit.

mod append;
mod checkpoint;
mod create;
mod fill;
mod fuzzing;
mod leaked;
mod mark;
mod redb_file;
mod snapshot;
mod sweep;
mod tables;
mod writer;

use crate::platform::sync::atomic::{AtomicU64, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use crate::platform::sync::Mutex;
use arc_swap::ArcSwap;
use redb::{Builder, Database, ReadableDatabase, ReadableTable, ReadableTableMetadata};

pub(crate) use checkpoint::{Batch, Committed};
pub(crate) use fill::Rows;
pub(crate) use fuzzing::make_checksums_fit;
pub(crate) use mark::AppliedMark;
use redb_file::block_file::{Backend, BlockFile};
pub(crate) use redb_file::block_file::{FRESH_TREE, TREE_FILE, store_of_tree};
use redb_file::lookup::Lookup;
use redb_file::page_cache::PageCache;
pub(crate) use redb_file::walk::{Damage, RowVisitor, TableName, TreeFile, epoch_in, mark_in};
use redb_file::{block_file, page_ownership, root};
pub(crate) use snapshot::Snapshot;
pub(crate) use tables::expiry_key;
use tables::{EPOCHS, EpochCount, RECORDS};

use crate::crypto::EpochRow;
use crate::crypto::keyring::StoreId;
use crate::options::Options;
use crate::platform::storage::{ClosedStorage, StorageFile};
use crate::{Error, Result};

/// Bytes of a block.
pub(crate) const BLOCK_BYTES: u64 = block_file::BLOCK as u64;

/// The B-tree of an open store.
pub(crate) struct Tree {
    /// `None` once closed.
    opened: Mutex<Option<OpenDatabase>>,
    view: ArcSwap<View>,
    mark: Mutex<AppliedMark>,
    records: AtomicU64,
    /// Held by redb as well while the database is open.
    file: Mutex<Arc<dyn StorageFile>>,
    store: StoreId,
    cache: Arc<PageCache>,
    cache_size: usize,
    path: PathBuf,
}

/// The B-tree's file, opened by redb.
struct OpenDatabase {
    database: Database,
    blocks: Arc<BlockFile>,
}

/// The records as of one commit.
struct View {
    /// An error once closed, or if the file could not be opened anew.
    records: Result<Lookup>,
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
            opened: Mutex::new(None),
            view: ArcSwap::from_pointee(View { records: Err(Error::Closed), opening: 0 }),
            mark: Mutex::new(AppliedMark::FIRST),
            records: AtomicU64::new(0),
            file: Mutex::new(BlockFile::open(options, store, &path)?.file()),
            store,
            cache: Arc::new(PageCache::new(options.cache_size / 8 * 5)),
            cache_size: options.cache_size / 8,
            path,
        };
        tree.start(&mut tree.opened.lock(), 0)?;
        Ok(tree)
    }

    /// Opens the file as it is and publishes its newest commit.
    fn start(&self, current: &mut Option<OpenDatabase>, opening: u64) -> Result<()> {
        let blocks = Arc::new(BlockFile::over(self.file.lock().clone(), self.store));
        let branches = page_ownership::check(&blocks).map_err(|error| self.refusal(error))?;
        blocks.branches.restrict_to(branches);
        *self.mark.lock() = self.guard("open its B-tree", || {
            let backend = Backend(blocks.clone());
            let database =
                Builder::new().set_cache_size(self.cache_size).create_with_backend(backend)?;
            create::create_missing(&database)?;
            let mark = create::read_mark(&database)?;
            let opened = OpenDatabase { database, blocks };
            self.publish(&opened, opening)?;
            *current = Some(opened);
            Ok(mark)
        })?;
        Ok(())
    }

    fn refusal(&self, error: std::io::Error) -> Error {
        if page_ownership::is_damage(&error) {
            return Error::damaged(&self.path, format!("the B-tree can't be used: {error}"));
        }
        Error::storage(&self.path, "open its B-tree", error)
    }

    /// Opens the file anew after a failed access, unless somebody has since `opening`.
    fn mend(&self, opening: u64) -> Result<()> {
        let mut current = self.opened.lock();
        if self.view.load().opening != opening || opening == CLOSED {
            return Ok(());
        }
        // What it could not write it must not write later: dropped first, with its errors.
        let _ = self.guard("close its B-tree", || Ok(current.take().is_some()));
        self.start(&mut current, opening + 1)
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

    /// Puts the sealed record of `id` into `out`, in place of what was there; false if there is none.
    pub(crate) fn get(&self, id: u64, out: &mut Vec<u8>) -> Result<bool> {
        let first = self.view.load();
        match &first.records {
            Ok(records) => {
                if let Ok(found) = records.get(id, out) {
                    return Ok(found);
                }
            }
            Err(_) => self.mend(first.opening)?,
        }
        // The failure may have passed, or been that of a file that was opened anew meanwhile.
        let second = self.view.load();
        let found = second.records.as_ref().map_err(Error::clone)?.get(id, out);
        found.map_err(|error| Error::storage(&self.path, "read its B-tree", error))
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
        let opened = self.opened.lock().take();
        let closed = self.guard("close its B-tree", || {
            drop(opened);
            Ok(())
        });
        *self.file.lock() = Arc::new(ClosedStorage);
        closed
    }

    /// Makes the newest commit what reads see.
    fn publish(&self, opened: &OpenDatabase, opening: u64) -> std::result::Result<(), redb::Error> {
        let pin = opened.database.begin_read()?.open_table(RECORDS)?;
        let rows = pin.len()?;
        let blocks = opened.blocks.clone();
        let (root, count) = root::of_records(&blocks)?;
        if count != rows {
            return Err(redb::Error::Corrupted("it is not the commit that was made".to_owned()));
        }
        let lookup = Lookup { root, blocks, cache: self.cache.clone(), _pin: pin };
        self.records.store(rows, Ordering::Relaxed);
        self.view.store(Arc::new(View { records: Ok(lookup), opening }));
        Ok(())
    }

    fn with_opened<T>(
        &self,
        work: impl FnOnce(&OpenDatabase) -> std::result::Result<T, redb::Error>,
    ) -> std::result::Result<T, redb::Error> {
        match self.opened.lock().as_ref() {
            Some(opened) => work(opened),
            None => Err(redb::Error::DatabaseClosed),
        }
    }

    fn with_database<T>(
        &self,
        work: impl FnOnce(&Database) -> std::result::Result<T, redb::Error>,
    ) -> std::result::Result<T, redb::Error> {
        self.with_opened(|opened| work(&opened.database))
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
