//! The B-tree of an open store: its file opened by redb, and the view that readers see.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use redb::{Builder, Database, ReadableDatabase, ReadableTableMetadata};

use super::guard::guarded;
use super::redb_file::block_file::BlockFile;
use super::redb_file::copying_backend::CopyingBackend;
use super::redb_file::header::FileHeader;
use super::redb_file::lookup::Lookup;
use super::redb_file::page_cache::PageCache;
use super::redb_file::restore;
use super::root_check::{check, newest_tables};
use super::tables::{AppliedMark, RECORDS, Redb, TableName, WIDTHS, expiry_key};
use super::transaction::create_tables;
use crate::crypto::keyring::StoreId;
use crate::error::is_wrong_content;
use crate::event::{Event, EventHandler};
use crate::options::Options;
use crate::platform::storage::{ClosedStorage, Mode, StorageFile};
use crate::platform::sync::Mutex;
use crate::platform::sync::atomic::{AtomicU64, Ordering};
use crate::{Error, Result};

/// The B-tree of an open store.
pub(crate) struct Tree {
    /// `None` once closed.
    opened: Mutex<Option<OpenDatabase>>,
    view: ArcSwap<View>,
    mark: Mutex<AppliedMark>,
    records: AtomicU64,
    published: Mutex<Published>,
    /// Held by redb as well while the database is open.
    file: Mutex<Arc<dyn StorageFile>>,
    store: StoreId,
    cache: Arc<PageCache>,
    cache_size: usize,
    check_pages: bool,
    on_event: Option<EventHandler>,
    path: PathBuf,
}

/// The B-tree's file, opened by redb.
pub(super) struct OpenDatabase {
    pub(super) database: Database,
    pub(super) blocks: BlockFile,
}

/// The records as of one commit.
struct View {
    /// An error once closed, or if the file could not be opened anew.
    records: Result<Lookup>,
    /// How often the file was opened before.
    opening: u64,
}

/// The commit that was published last, and the file's size then.
#[derive(Debug, Clone, Copy, Default)]
struct Published {
    transaction: u64,
    size: u64,
}

/// The opening of a file that was closed.
const CLOSED: u64 = u64::MAX;

impl Tree {
    /// The file of this name, which is created if there is none, before it is started.
    pub(super) fn over(options: &Options, store: StoreId, name: &str) -> Result<Tree> {
        let path = options.path.join(name);
        let (blocks, restored) = restore::open(options, store, &path, Mode::Either)?;
        let tree = Tree {
            opened: Mutex::new(None),
            view: ArcSwap::from_pointee(View { records: Err(Error::Closed), opening: 0 }),
            mark: Mutex::new(AppliedMark::FIRST),
            records: AtomicU64::new(0),
            published: Mutex::default(),
            file: Mutex::new(blocks.file()),
            store,
            cache: Arc::new(PageCache::new(options.cache_size / 8 * 5)),
            cache_size: options.cache_size / 8,
            check_pages: options.check_pages,
            on_event: options.on_event.clone(),
            path,
        };
        tree.tell_restored(restored);
        Ok(tree)
    }

    fn tell_restored(&self, restored: bool) {
        if let Some(tell) = self.on_event.as_ref().filter(|_| restored) {
            tell(Event::TreeRestored { path: self.path.clone() });
        }
    }

    /// Restores what root blocks of the file are damaged.
    pub(super) fn restore_roots(&self, blocks: &BlockFile) -> io::Result<()> {
        restore::restore_roots(blocks).map(|restored| self.tell_restored(restored))
    }

    /// Opens the file for the first time.
    pub(super) fn start_first(&self) -> Result<()> {
        self.start(&mut self.opened.lock(), 0)
    }

    /// Opens the file as it is and publishes its newest commit.
    fn start(&self, current: &mut Option<OpenDatabase>, opening: u64) -> Result<()> {
        let blocks = BlockFile::over(self.file.lock().clone(), self.store);
        let checked = self.restore_roots(&blocks).and_then(|()| check(&blocks, self.check_pages));
        let mark = checked.map_err(|error| match is_wrong_content(&error) {
            true => Error::damaged(
                &self.path,
                format!("{error}: run `crudjt repair`, or restore a backup"),
            ),
            false => Error::storage(&self.path, "open its B-tree", error),
        })?;
        self.guard("open its B-tree", || {
            let backend = CopyingBackend::new(blocks.clone(), TableName::Meta.text())?;
            let database =
                Builder::new().set_cache_size(self.cache_size).create_with_backend(backend)?;
            if mark.is_none() {
                create_tables(&database)?;
            }
            let opened = OpenDatabase { database, blocks };
            self.publish(&opened, opening)?;
            *current = Some(opened);
            Ok(())
        })?;
        self.set_mark(mark.unwrap_or(AppliedMark::FIRST));
        Ok(())
    }

    /// Opens the file anew after a failed access, unless that has happened since `opening`.
    pub(super) fn reopen(&self, opening: u64) -> Result<()> {
        let mut current = self.opened.lock();
        if self.view.load().opening != opening || opening == CLOSED {
            return Ok(());
        }
        // Dropped first, with its errors: what it failed to write must not be written later.
        let _ = self.guard("close its B-tree", || Ok(current.take().is_some()));
        self.cut_uncommitted();
        self.start(&mut current, opening + 1)
            .inspect_err(|error| self.lose_view(error.clone(), opening + 1))
    }

    /// Returns the space by which a failed commit has extended the file: on a full disk, a smaller
    /// commit may do with it. Not if that commit is the newest one all the same.
    fn cut_uncommitted(&self) {
        let (file, published) = (self.file(), *self.published.lock());
        let header = FileHeader::read_intact(&BlockFile::over(file.clone(), self.store));
        let is_newest =
            matches!(header, Ok(Some(header)) if header.transaction == published.transaction);
        if is_newest && file.size().is_ok_and(|size| size > published.size) {
            // What stays is only lost space.
            let _ = file.set_size(published.size);
        }
    }

    /// Opens the file anew if the last attempt failed; gives the current opening.
    pub(super) fn reopen_if_failed(&self) -> Result<u64> {
        if self.view.load().records.is_err() {
            self.reopen(self.view.load().opening)?;
        }
        Ok(self.view.load().opening)
    }

    /// Closes the file and opens the one that `exchange` gives, or the same again if that fails.
    pub(super) fn exchange(
        &self,
        exchange: impl FnOnce() -> Result<Arc<dyn StorageFile>>,
    ) -> Result<()> {
        let mut current = self.opened.lock();
        let opening = self.view.load().opening;
        if opening == CLOSED {
            return Err(Error::Closed);
        }
        let _ = self.guard("close its B-tree", || Ok(current.take().is_some()));
        let exchanged = exchange().map(|file| *self.file.lock() = file);
        let started = self.start(&mut current, opening + 1);
        let lost = |error: &Error| self.lose_view(error.clone(), opening + 1);
        exchanged.and(started.inspect_err(lost))
    }

    pub(super) fn file(&self) -> Arc<dyn StorageFile> {
        self.file.lock().clone()
    }

    /// The store that it belongs to.
    pub(crate) fn store(&self) -> StoreId {
        self.store
    }

    fn lose_view(&self, error: Error, opening: u64) {
        self.view.store(Arc::new(View { records: Err(error), opening }));
    }

    /// The mark of the newest commit.
    pub(crate) fn mark(&self) -> AppliedMark {
        *self.mark.lock()
    }

    pub(super) fn set_mark(&self, mark: AppliedMark) {
        *self.mark.lock() = mark;
    }

    /// Records in the newest commit.
    pub(crate) fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    /// Calls `visit` with the id of each record of the newest commit that has expired at `now`.
    pub(crate) fn expired(&self, now: u64, visit: &mut dyn FnMut(u64)) {
        if let Ok(records) = &self.view.load().records {
            let last = expiry_key(now, u64::MAX);
            records.keys_up_to(records.expiries, last, &mut |key| visit(key as u64));
        }
    }

    /// Bytes of the file.
    pub(crate) fn bytes(&self) -> u64 {
        self.file.lock().size().unwrap_or(0)
    }

    /// Replaces the content of `out` with the sealed record of `id`; false if there is none.
    pub(crate) fn get(&self, id: u64, out: &mut Vec<u8>) -> Result<bool> {
        let first = self.view.load();
        match &first.records {
            Ok(records) => {
                if let Ok(found) = records.get(id, out) {
                    return Ok(found);
                }
            }
            Err(_) => self.reopen(first.opening)?,
        }
        // The failure may be transient, or of a file that was opened anew meanwhile.
        let second = self.view.load();
        let found = second.records.as_ref().map_err(Error::clone)?.get(id, out);
        found.map_err(|error| Error::storage(&self.path, "read its B-tree", error))
    }

    /// Closes the file. Reads fail from then on.
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

    /// Makes the newest commit visible to readers.
    pub(super) fn publish(&self, opened: &OpenDatabase, opening: u64) -> Redb<()> {
        let pin = opened.database.begin_read()?.open_table(RECORDS)?;
        let rows = pin.len()?;
        let blocks = opened.blocks.clone();
        let (header, table, expiries) = newest_tables(&blocks).or_else(|_| {
            // The disk may have lost a root block since the commit wrote it.
            self.restore_roots(&blocks)?;
            newest_tables(&blocks)
        })?;
        if table.rows != rows || table.widths != WIDTHS {
            return Err(redb::Error::Corrupted("the file holds another commit".to_owned()));
        }
        let expiries = expiries.root;
        let cache = self.cache.clone();
        let lookup = Lookup { root: table.root, expiries, blocks, cache, _pin: pin };
        let size = self.file().size()?;
        *self.published.lock() = Published { transaction: header.transaction, size };
        self.records.store(rows, Ordering::Relaxed);
        self.view.store(Arc::new(View { records: Ok(lookup), opening }));
        Ok(())
    }

    pub(super) fn with_opened<T>(&self, work: impl FnOnce(&OpenDatabase) -> Redb<T>) -> Redb<T> {
        let opened = self.opened.lock();
        match opened.as_ref() {
            Some(opened) => work(opened),
            None if self.view.load().opening == CLOSED => Err(redb::Error::DatabaseClosed),
            // A read opened the file anew meanwhile, and failed.
            None => Err(io::Error::other("it could not be opened anew").into()),
        }
    }

    pub(super) fn guard<T>(&self, what: &'static str, work: impl FnOnce() -> Redb<T>) -> Result<T> {
        guarded(&self.path, what, work)
    }
}

/// Closes what a failed opening leaves behind: redb then commits once more, and may panic on the cause
/// of the failure.
impl Drop for Tree {
    fn drop(&mut self) {
        let _ = self.close();
    }
}
