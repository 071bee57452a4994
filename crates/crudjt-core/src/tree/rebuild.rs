//! Rebuilds the B-tree's file without its damaged blocks: the rows in sound blocks move to a new file,
//! which takes the place of the old one. redb is copy-on-write, so that a transaction whose path meets
//! a damaged block fails as a whole, and would fail for ever.
//!
//! Invariants: the new file has the mark of the newest commit, twice, before it is renamed; the old one
//! is kept, as `records.damaged`; the newest commit is never replaced by the one before it.

use std::io;

use super::database::Tree;
use super::redb_file::block_file::BlockFile;
use super::redb_file::walk::{Damage, RowVisitor};
use super::tables::{AppliedMark, Rows, TableName, id_of};
use super::tree_file::TreeFile;
use super::{DAMAGED_TREE, FRESH_TREE};
use crate::crypto::EpochRow;
use crate::event::Event;
use crate::options::Options;
use crate::platform::storage::Mode;
use crate::{Error, Result};

impl Tree {
    /// Moves what is readable to a new file; reports what is not.
    pub(super) fn rebuild(&self, options: &Options) -> Result<()> {
        remove_fresh(options)?;
        let lost = self.copy_sound(options).inspect_err(|_| _ = remove_fresh(options))?;
        self.swap(options)?;
        options.tell(Event::TreeDamaged {
            path: options.path.clone(),
            block: lost.first.unwrap_or(0),
            blocks: lost.blocks,
            records: lost.records,
        });
        Ok(())
    }

    fn copy_sound(&self, options: &Options) -> Result<Lost> {
        let blocks = BlockFile::over(self.file(), self.store());
        let damaged = TreeFile::newest(blocks.clone(), &options.path)?;
        let epochs = read_epochs(&damaged)?;
        let fresh = Tree::open_as(options, self.store(), FRESH_TREE)?;
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
            return Err(Error::storage(damaged.path(), "read its B-tree", kind.into()));
        }
        copy.fill()?;
        let lost = Lost { records: rows.saturating_sub(copy.copied), ..copy.lost };
        // A B-tree that falls back by one commit must lose nothing.
        (0..2).try_for_each(|_| fresh.fill(&Rows::new(), &epochs, self.mark()))?;
        fresh.close()?;
        Ok(lost)
    }

    /// Puts the new file in place of the old one. The old one stays in use if that fails.
    fn swap(&self, options: &Options) -> Result<()> {
        let (storage, folder) = (options.environment.storage.as_ref(), &options.path);
        let (fresh, path) = (folder.join(FRESH_TREE), folder.join(super::TREE_FILE));
        let damaged = folder.join(DAMAGED_TREE);
        let failed = |error: io::Error| Error::storage(&path, "put its new B-tree in place", error);
        let file = BlockFile::open(options, self.store(), &fresh, Mode::Existing)?.file();
        file.sync().map_err(failed)?;
        self.exchange(|| {
            storage.rename(&path, &damaged).map_err(failed)?;
            let renamed = storage.rename(&fresh, &path);
            renamed.inspect_err(|_| _ = storage.rename(&damaged, &path)).map_err(failed)?;
            Ok(file)
        })?;
        storage.sync_folder(folder).map_err(failed)
    }
}

/// Bytes of records in one transaction.
const BATCH_BYTES: usize = 4 << 20;
const UNREADABLE: &str =
    "its list of tables is unreadable: run `crudjt repair`, or restore a backup";

/// What a rebuilding has lost.
#[derive(Debug, Clone, Copy, Default)]
struct Lost {
    first: Option<u64>,
    blocks: u64,
    records: u64,
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
        self.lost.first.get_or_insert(damage.block);
        self.lost.blocks += 1;
    }
}

/// The epochs, from both of their tables: one block is not in both.
fn read_epochs(damaged: &TreeFile) -> Result<Vec<EpochRow>> {
    let mut epochs = Epochs(Vec::new());
    damaged.walk(TableName::Epochs, &mut epochs)?;
    damaged.walk(TableName::EpochCopies, &mut epochs)?;
    Ok(epochs.0)
}

struct Epochs(Vec<EpochRow>);

impl RowVisitor for Epochs {
    fn row(&mut self, _: &[u8], value: &[u8]) -> Result<()> {
        // Of a copy the count is missing.
        self.0.extend(EpochRow::parse(value).map(|(row, _)| row));
        Ok(())
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
