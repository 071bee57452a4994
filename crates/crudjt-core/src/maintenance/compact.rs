//! Rewrites the B-tree's file without the space that removed records left.
//!
//! The journal is not changed: the new file has the same applied mark. Until the new file is renamed
//! the old one is the store's; an opening removes what an interrupted run left.

use super::finding::Findings;
use super::progress::{Progress, ProgressMeter};
use super::row_reader::{RowReader, SmallTables};
use super::store_builder::BATCH_BYTES;
use super::store_reader::{list, size};
use crate::crypto::EpochRow;
use crate::crypto::keyring::{Keyring, StoreId};
use crate::engine::refuse_incomplete;
use crate::event::Event;
use crate::options::Options;
use crate::platform::storage::Mode;
use crate::tree::{
    AppliedMark, FRESH_TREE, Rows, TREE_FILE, TableName, Tree, TreeFile, id_of, remove_fresh,
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

/// Shrinks the B-tree's file of a store that no process has open to the size of its records. Needs as
/// much free space as the new file takes, and no secret. A file that would not shrink is kept.
///
/// # Errors
/// [`Error::Locked`] while a process has it open, [`Error::Path`] if there is no store,
/// [`Error::Damaged`] if a block in use is damaged, [`Error::Full`], [`Error::Storage`]. The store is
/// then unchanged.
pub fn compact(options: &Options, progress: Progress<'_>) -> Result<Compacted> {
    refuse_incomplete(&options.path, &list(options)?)?;
    let options = &mut options.clone();
    let ownership = options.own(TREE_FILE, options.lock_wait)?;
    let repaired = || options.tell(Event::KeyringRepaired { path: options.path.clone() });
    let keyring = Keyring::load(options.folder(), repaired)?.ok_or_else(|| {
        Error::damaged(&options.path, "the keyring is missing: put it back from a backup")
    })?;
    let tree = TreeFile::open(options, keyring.store)?;
    let bytes_before = size(options, TREE_FILE)?;
    let mut meter = ProgressMeter::new(progress, bytes_before);
    let records = rewrite(options, &tree, keyring.store, &mut meter)?;
    drop(tree);
    // A small or dense file would only grow.
    let bytes_after = size(options, FRESH_TREE)?.min(bytes_before);
    if bytes_after < bytes_before {
        ownership.let_go(TREE_FILE);
        swap(options)?
    } else {
        remove_fresh(options)?
    }
    meter.finish();
    Ok(Compacted { records, bytes_before, bytes_after })
}

/// Writes the new file; gives its number of records.
fn rewrite(
    options: &Options,
    tree: &TreeFile,
    store: StoreId,
    meter: &mut ProgressMeter<'_>,
) -> Result<u64> {
    remove_fresh(options)?;
    let findings = &mut Findings::default();
    let mut reader = RowReader { tree, findings, meter };
    let SmallTables { mark, epochs } = SmallTables::read(&mut reader)?;
    require_sound(&reader)?;
    let mark = mark.unwrap_or(AppliedMark::FIRST);
    let epochs: Vec<EpochRow> = epochs.into_iter().map(|count| count.row).collect();
    let fresh = Tree::open_as(options, store, FRESH_TREE)?.tree;
    let records = copy(&mut reader, &fresh, &epochs)?;
    // A B-tree that falls back by one commit must lose nothing.
    (0..2).try_for_each(|_| fresh.fill(&Rows::new(), &epochs, mark))?;
    fresh.close()?;
    Ok(records)
}

fn copy(reader: &mut RowReader<'_, '_>, fresh: &Tree, epochs: &[EpochRow]) -> Result<u64> {
    let (mut rows, mut bytes, mut records) = (Rows::new(), 0, 0);
    reader.read(TableName::Records, &mut |key, record| {
        rows.push((id_of(key), record.to_vec()));
        (bytes, records) = (bytes + record.len(), records + 1);
        if bytes < BATCH_BYTES {
            return Ok(());
        }
        bytes = 0;
        fresh.fill(&std::mem::take(&mut rows), epochs, AppliedMark::FIRST)
    })?;
    require_sound(reader)?;
    fresh.fill(&rows, epochs, AppliedMark::FIRST)?;
    Ok(records)
}

fn require_sound(reader: &RowReader<'_, '_>) -> Result<()> {
    match reader.findings.kept.first() {
        None => Ok(()),
        Some(finding) => {
            let place = finding.place.map(|block| format!("block {block}: ")).unwrap_or_default();
            let what = format!("{place}{}: repair the store first", finding.text);
            Err(Error::damaged(reader.tree.path(), what))
        }
    }
}

/// Replaces the old file with the new one.
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
