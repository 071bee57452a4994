//! Writing the B-tree's file anew, without the room that removed records left.
//!
//! The journal stays as it is: the new file has the same applied mark. Until the new one has its
//! name the old one is the store's; an opening removes what an interrupted run left.

use super::progress::{Progress, ProgressMeter};
use super::store_builder::BATCH_BYTES;
use super::store_reader::{list, size};
use crate::crypto::EpochRow;
use crate::crypto::keyring::{Keyring, StoreId};
use crate::engine::{refuse_incomplete, remove_fresh_tree};
use crate::event::Event;
use crate::options::Options;
use crate::platform::owner_lock;
use crate::platform::storage::Mode;
use crate::tree::{
    AppliedMark, BLOCK_BYTES, Damage, FRESH_TREE, RowVisitor, Rows, TREE_FILE, TableName, Tree,
    TreeFile, epoch_in, mark_in,
};
use crate::{Error, Result};

/// What [`compact`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compacted {
    /// Records in the B-tree.
    pub records: u64,
    /// Bytes of its file before.
    pub bytes_before: u64,
    /// Bytes of its file now.
    pub bytes_after: u64,
}

/// Makes the B-tree's file of a store that nobody has open as small as its records are. Needs as
/// much free space as the new file takes; needs no secret. One that would not get smaller stays.
///
/// # Errors
/// [`Error::Locked`] while a process has it open, [`Error::Path`] if there is no store,
/// [`Error::Damaged`] if a block that matters is damaged, [`Error::Full`], [`Error::Storage`]. The
/// store is then as it was.
pub fn compact(options: &Options, progress: Progress<'_>) -> Result<Compacted> {
    refuse_incomplete(&options.path, &list(options)?)?;
    let _ownership =
        owner_lock::own(options.folder(), options.environment.clock.as_ref(), options.lock_wait)?;
    let keyring = Keyring::load(options.folder(), || {
        options.tell(Event::KeyringRepaired { path: options.path.clone() });
    })?;
    let keyring = keyring.ok_or_else(|| {
        Error::damaged(&options.path, "the keyring is missing: put it back from a backup")
    })?;
    let tree = TreeFile::open(options, keyring.store)?;
    let bytes_before = size(options, TREE_FILE)?;
    let mut meter = ProgressMeter::new(progress, bytes_before);
    let records = rewrite(options, &tree, keyring.store, &mut meter)?;
    drop(tree);
    // A small or a dense one would only grow.
    let bytes_after = size(options, FRESH_TREE)?.min(bytes_before);
    if bytes_after < bytes_before {
        swap(options)?
    } else {
        remove_fresh_tree(options)?
    }
    meter.finish();
    Ok(Compacted { records, bytes_before, bytes_after })
}

/// Writes the new file; gives its records.
fn rewrite(
    options: &Options,
    tree: &TreeFile,
    store: StoreId,
    meter: &mut ProgressMeter<'_>,
) -> Result<u64> {
    remove_fresh_tree(options)?;
    let mut mark = None;
    Strict::walk(tree, TableName::Meta, meter, &mut |key, value| {
        mark = mark_in(key, value).or(mark);
        Ok(())
    })?;
    let mut epochs = Vec::new();
    Strict::walk(tree, TableName::Epochs, meter, &mut |_, value| {
        epochs.extend(epoch_in(value).map(|(row, _)| row));
        Ok(())
    })?;
    let mark = mark.ok_or_else(|| Error::damaged(tree.path(), "the B-tree has no applied mark"))?;
    let fresh = Tree::open_as(options, store, FRESH_TREE)?;
    let records = copy(tree, &fresh, &epochs, meter)?;
    // A B-tree that falls back by one commit is to lose nothing.
    (0..2).try_for_each(|_| fresh.fill(&Rows::new(), &epochs, mark))?;
    fresh.close()?;
    Ok(records)
}

fn copy(
    tree: &TreeFile,
    fresh: &Tree,
    epochs: &[EpochRow],
    meter: &mut ProgressMeter<'_>,
) -> Result<u64> {
    let (mut rows, mut bytes, mut records) = (Rows::new(), 0, 0);
    Strict::walk(tree, TableName::Records, meter, &mut |key, record| {
        let id = key.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        rows.push((id, record.to_vec()));
        (bytes, records) = (bytes + record.len(), records + 1);
        if bytes < BATCH_BYTES {
            return Ok(());
        }
        bytes = 0;
        fresh.fill(&std::mem::take(&mut rows), epochs, AppliedMark::FIRST)
    })?;
    fresh.fill(&rows, epochs, AppliedMark::FIRST)?;
    Ok(records)
}

/// Gives the new file the old one's name.
fn swap(options: &Options) -> Result<()> {
    let (storage, path) = (options.environment.storage.as_ref(), &options.path);
    let fresh = path.join(FRESH_TREE);
    let swapped = storage
        .open(&fresh, Mode::Existing)
        .and_then(|file| file.sync())
        .and_then(|()| storage.rename(&fresh, &path.join(TREE_FILE)))
        .and_then(|()| storage.sync_folder(path));
    swapped.map_err(|error| Error::storage(path, "put its new B-tree in place", error))
}

/// Gets rows; its error ends the walk.
type TakeRow<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<()>;

/// Gives rows on and remembers what is lost.
struct Strict<'a, 'p> {
    take: TakeRow<'a>,
    meter: &'a mut ProgressMeter<'p>,
    damage: Option<Damage>,
}

impl Strict<'_, '_> {
    fn walk(
        tree: &TreeFile,
        table: TableName,
        meter: &mut ProgressMeter<'_>,
        take: TakeRow<'_>,
    ) -> Result<()> {
        let mut strict = Strict { take, meter, damage: None };
        tree.walk(table, &mut strict)?;
        match strict.damage {
            None => Ok(()),
            Some(damage) => {
                let what =
                    format!("block {}: {}: repair the store first", damage.block, damage.what);
                Err(Error::damaged(tree.path(), what))
            }
        }
    }
}

impl RowVisitor for Strict<'_, '_> {
    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        (self.take)(key, value)
    }

    fn lost(&mut self, damage: Damage, _: Option<&[u8]>, _: Option<&[u8]>) {
        self.damage.get_or_insert(damage);
    }

    fn read(&mut self, blocks: u64) {
        self.meter.add(blocks * BLOCK_BYTES);
    }
}
