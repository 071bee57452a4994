//! Rebuilds the B-tree's file without its damaged blocks: the rows in sound blocks move to a new file,
//! which takes the place of the old one. redb is copy-on-write, so that a transaction whose path meets
//! a damaged block fails as a whole, and would fail for ever.
//!
//! Invariants: the new file has the mark of the newest commit, twice, before it is renamed; the old one
//! is kept, the first one as `records.damaged` and the last one after it as `records.damaged-2`; the newest commit is never replaced by the one before it.

use std::collections::BTreeSet;
use std::io;

use super::database::Tree;
use super::redb_file::block_file::BlockFile;
use super::redb_file::walk::{Damage, RowVisitor};
use super::tables::{AppliedMark, Rows, TableName, id_of};
use super::tree_file::TreeFile;
use super::{DAMAGED_TREES, FRESH_TREE, TREE_FILE};
use crate::crypto::EpochRow;
use crate::crypto::keyring::StoreId;
use crate::event::Event;
use crate::options::Options;
use crate::platform::storage::Mode;
use crate::{Error, Result};

/// A B-tree that was opened.
pub(crate) struct OpenedTree {
    pub(crate) tree: Tree,
    /// The stored epochs.
    pub(crate) epochs: Vec<EpochRow>,
    /// Records that were lost, in damaged blocks of a file that had to be rebuilt to be opened: redb
    /// needs its own tables and the roots.
    pub(crate) lost: u64,
}

impl Tree {
    /// Opens the store's B-tree.
    pub(crate) fn open(options: &Options, store: StoreId) -> Result<OpenedTree> {
        let open = || Tree::open_as(options, store, TREE_FILE);
        // A disk may fail to read a sound block once.
        match open().or_else(|error| if error.is_damage() { open() } else { Err(error) }) {
            Err(error) if error.is_damage() && !options.check_pages => {
                Tree::open_rebuilt(options, store, error)
            }
            opened => opened,
        }
    }

    /// Opens a B-tree under any name, or creates it.
    pub(crate) fn open_as(options: &Options, store: StoreId, name: &str) -> Result<OpenedTree> {
        let tree = Tree::over(options, store, name)?;
        tree.start_first()?;
        let epochs = tree.epochs()?;
        Ok(OpenedTree { tree, epochs, lost: 0 })
    }

    /// Rebuilds the file, which can't be opened because of this error. Not one that was cut off: it is
    /// more likely an interrupted copy than a damaged disk.
    fn open_rebuilt(options: &Options, store: StoreId, error: Error) -> Result<OpenedTree> {
        let tree = Tree::over(options, store, TREE_FILE)?;
        let (damaged, _) = tree.newest(options)?;
        match damaged.mark() {
            Some(mark) if !damaged.is_cut_off()? => tree.set_mark(mark),
            _ => return Err(error),
        }
        let lost = tree.rebuild(options)?;
        let epochs = tree.epochs()?;
        Ok(OpenedTree { tree, epochs, lost })
    }

    /// The newest commit as it is in the file, and the handle that reads it.
    fn newest(&self, options: &Options) -> Result<(TreeFile, BlockFile)> {
        let blocks = BlockFile::over(self.file(), self.store());
        let restored = self.restore_roots(&blocks);
        restored.map_err(|error| Error::storage(&options.path.join(TREE_FILE), READ, error))?;
        Ok((TreeFile::newest(blocks.clone(), &options.path)?, blocks))
    }

    /// Moves what is readable to a new file; reports what is not, and gives how many records that are.
    pub(super) fn rebuild(&self, options: &Options) -> Result<u64> {
        remove_fresh(options)?;
        let lost = self.copy_sound(options).inspect_err(|_| _ = remove_fresh(options))?;
        let kept = self.swap(options)?;
        options.tell(Event::TreeDamaged {
            path: options.path.clone(),
            block: lost.blocks.first().copied().unwrap_or(0),
            blocks: lost.blocks.len() as u64,
            records: lost.records,
            kept,
        });
        Ok(lost.records)
    }

    fn copy_sound(&self, options: &Options) -> Result<Lost> {
        let (damaged, blocks) = self.newest(options)?;
        let epochs = read_epochs(&damaged)?;
        let fresh = Tree::open_as(options, self.store(), FRESH_TREE)?.tree;
        let mut copy = Copy {
            fresh: &fresh,
            epochs: &epochs,
            rows: Rows::new(),
            bytes: 0,
            copied: 0,
            lost: Lost::default(),
        };
        let rows = damaged.walk(TableName::Records, &mut copy)?;
        // Without its list of tables, everything would be lost.
        let rows = rows.ok_or_else(|| Error::damaged(damaged.path(), UNREADABLE))?;
        if let Some(kind) = blocks.other_failure() {
            return Err(Error::storage(damaged.path(), READ, kind.into()));
        }
        copy.fill()?;
        let is_empty = copy.copied == 0;
        let mut lost = Lost { records: rows.saturating_sub(copy.copied), ..copy.lost };
        damaged.walk_others(&mut lost)?;
        // A store of a few records may have them in one block.
        if is_empty && lost.records > 0 && lost.blocks.len() > 1 {
            return Err(Error::damaged(damaged.path(), NOTHING_LEFT));
        }
        // A B-tree that falls back by one commit must lose nothing.
        (0..2).try_for_each(|_| fresh.fill(&Rows::new(), &epochs, self.mark()))?;
        fresh.close()?;
        Ok(lost)
    }

    /// Puts the new file in place of the old one; gives the name under which the old one is kept. It
    /// stays in use if that fails.
    fn swap(&self, options: &Options) -> Result<&'static str> {
        let (storage, folder) = (options.environment.storage.as_ref(), &options.path);
        let (fresh, path) = (folder.join(FRESH_TREE), folder.join(TREE_FILE));
        let failed = |error: io::Error| Error::storage(&path, "put its new B-tree in place", error);
        let kept = name_to_keep(&storage.list(folder).map_err(failed)?);
        let damaged = folder.join(kept);
        let file = BlockFile::open(options, self.store(), &fresh, Mode::Existing)?.file();
        file.sync().map_err(failed)?;
        self.exchange(|| {
            storage.rename(&path, &damaged).map_err(failed)?;
            let renamed = storage.rename(&fresh, &path);
            renamed.inspect_err(|_| _ = storage.rename(&damaged, &path)).map_err(failed)?;
            Ok(file)
        })?;
        storage.sync_folder(folder).map_err(failed)?;
        Ok(kept)
    }
}

/// Bytes of records in one transaction.
const BATCH_BYTES: usize = 4 << 20;
const READ: &str = "read its B-tree";
const UNREADABLE: &str =
    "its list of tables is unreadable: run `crudjt repair`, or restore a backup";
const NOTHING_LEFT: &str =
    "none of its records is readable: run `crudjt repair`, or restore a backup";
const NO_EPOCHS: &str =
    "both tables of its epochs are unreadable: run `crudjt repair`, or restore a backup";

/// What was damaged and what it has cost.
#[derive(Default)]
struct Lost {
    blocks: BTreeSet<u64>,
    records: u64,
}

impl RowVisitor for Lost {
    fn row(&mut self, _: &[u8], _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn lost(&mut self, damage: Damage, _: Option<&[u8]>, _: Option<&[u8]>) {
        self.spared(damage);
    }

    fn spared(&mut self, damage: Damage) {
        self.blocks.insert(damage.block);
    }
}

/// The name under which a damaged file is kept: the first one may have lost the most, and all of them
/// would fill the disk.
fn name_to_keep(names: &[String]) -> &'static str {
    let [first, last] = DAMAGED_TREES;
    let is_kept = |kept: &str| names.iter().any(|name| name == kept);
    if is_kept(first) || is_kept(last) { last } else { first }
}

/// Copies rows to the new file.
struct Copy<'t> {
    fresh: &'t Tree,
    epochs: &'t [EpochRow],
    rows: Rows,
    bytes: usize,
    copied: u64,
    lost: Lost,
}

impl Copy<'_> {
    fn fill(&mut self) -> Result<()> {
        self.bytes = 0;
        self.fresh.fill(&std::mem::take(&mut self.rows), self.epochs, AppliedMark::FIRST)
    }
}

impl RowVisitor for Copy<'_> {
    fn row(&mut self, key: &[u8], record: &[u8]) -> Result<()> {
        self.rows.push((id_of(key), record.to_vec()));
        (self.bytes, self.copied) = (self.bytes + record.len(), self.copied + 1);
        if self.bytes < BATCH_BYTES { Ok(()) } else { self.fill() }
    }

    fn lost(&mut self, damage: Damage, _: Option<&[u8]>, _: Option<&[u8]>) {
        self.spared(damage);
    }

    fn spared(&mut self, damage: Damage) {
        self.lost.spared(damage);
    }
}

/// The epochs, from both of their tables: one block is not in both.
fn read_epochs(damaged: &TreeFile) -> Result<Vec<EpochRow>> {
    let read = |table| {
        let mut epochs = Epochs { rows: Vec::new(), lost: false };
        let rows = damaged.walk(table, &mut epochs)?;
        Ok::<_, Error>((epochs.rows, rows.is_some() && !epochs.lost))
    };
    let (rows, is_whole) = read(TableName::Epochs)?;
    let (copies, copies_whole) = read(TableName::EpochCopies)?;
    if !is_whole && !copies_whole {
        return Err(Error::damaged(damaged.path(), NO_EPOCHS));
    }
    Ok(rows.into_iter().chain(copies).collect())
}

struct Epochs {
    rows: Vec<EpochRow>,
    lost: bool,
}

impl RowVisitor for Epochs {
    fn row(&mut self, _: &[u8], value: &[u8]) -> Result<()> {
        // Of a copy the count is missing.
        self.rows.extend(EpochRow::parse(value).map(|(row, _)| row));
        Ok(())
    }

    fn lost(&mut self, _: Damage, _: Option<&[u8]>, _: Option<&[u8]>) {
        self.lost = true;
    }
}

/// Removes the new file of an interrupted run.
pub(crate) fn remove_fresh(options: &Options) -> Result<()> {
    let path = options.path.join(FRESH_TREE);
    match options.environment.storage.remove(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::storage(&path, "remove its interrupted copy", error))
        }
        _ => Ok(()),
    }
}
