//! The B-tree's file of a store that is not open, read without redb and without changing it.

use std::cell::LazyCell;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use super::TREE_FILE;
use super::redb_file::block_file::BlockFile;
use super::redb_file::block_format;
use super::redb_file::catalog::{CATALOG, Definition, find_table, read_rows};
use super::redb_file::header::FileHeader;
use super::redb_file::orphans::{Orphans, Reachable, Searched};
use super::redb_file::page::Widths;
use super::redb_file::page_number::PageRef;
use super::redb_file::page_ownership;
use super::redb_file::restore;
use super::redb_file::walk::{Damage, OUTSIDE, RowVisitor, Walk};
use super::tables::{AppliedMark, TableName, WIDTHS};
use crate::crypto::keyring::StoreId;
use crate::options::Options;
use crate::platform::storage::Mode;
use crate::record::Header;
use crate::{Error, Result};

/// The newest commit of a B-tree's file.
pub(crate) struct TreeFile {
    blocks: BlockFile,
    header: FileHeader,
    /// The damaged root blocks, which are read from their copies.
    restored: Vec<u64>,
    path: PathBuf,
}

/// The id of the store that the B-tree's file belongs to, if it is readable.
pub(crate) fn store_of_tree(options: &Options) -> Option<StoreId> {
    let path = options.path.join(TREE_FILE);
    let file = options.environment.storage.open(&path, Mode::Read).ok()?;
    block_format::store_of(&path, file.as_ref()).ok()
}

/// The applied mark of a commit.
///
/// # Errors
/// `InvalidData` if it is damaged; those of reading the file.
pub(super) fn committed_mark(blocks: &BlockFile, header: &FileHeader) -> io::Result<AppliedMark> {
    let meta = find_table(blocks, header, TableName::Meta.text())?;
    let rows = read_rows(blocks, meta.root, WIDTHS)?;
    let missing = || io::Error::new(io::ErrorKind::InvalidData, "it has no applied mark");
    rows.iter().find_map(|(key, value)| AppliedMark::in_row(key, value)).ok_or_else(missing)
}

impl TreeFile {
    /// Opens the file for reading; [`Error::Damaged`] if neither commit is readable.
    pub(crate) fn open(options: &Options, store: StoreId) -> Result<TreeFile> {
        let path = options.path.join(TREE_FILE);
        let (blocks, is_identity_lost) = restore::open(options, store, &path, Mode::Read)?;
        let (blocks, mut restored) = restore::with_roots(blocks, store);
        restored.extend(is_identity_lost.then_some(0));
        let header = FileHeader::read(&blocks).ok().flatten();
        let damaged = || Error::damaged(&path, "neither of the B-tree's commits is readable");
        Ok(TreeFile { header: header.ok_or_else(damaged)?, blocks, restored, path })
    }

    /// The newest commit of an open file, never the one before it.
    pub(super) fn newest(blocks: BlockFile, folder: &Path) -> Result<TreeFile> {
        let path = folder.join(TREE_FILE);
        let header = FileHeader::read_intact(&blocks).ok().flatten();
        let damaged = || {
            Error::damaged(
                &path,
                "the newest of the B-tree's commits is unreadable, run `crudjt repair`",
            )
        };
        Ok(TreeFile { header: header.ok_or_else(damaged)?, blocks, restored: Vec::new(), path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The damaged blocks that an opening restores from their copies; the file's identity counts as a
    /// part of block 0.
    pub(crate) fn restored(&self) -> &[u64] {
        &self.restored
    }

    /// Whether the newest commit is unreadable, and this is the previous one.
    pub(crate) fn fell_back(&self) -> bool {
        self.header.fell_back
    }

    /// Whether the file is shorter than its header says.
    pub(crate) fn is_truncated(&self) -> bool {
        self.block_count() < self.header.block_count
    }

    /// Whether pages of the records lie behind its end.
    pub(super) fn is_cut_off(&self) -> Result<bool> {
        let mut cut = CutOff(self.is_truncated());
        self.walk(TableName::Records, &mut cut)?;
        Ok(cut.0)
    }

    /// What is wrong with the header or the ownership of pages, though every block may be sound.
    pub(crate) fn objection(&self) -> Option<String> {
        page_ownership::check(&self.blocks, false).err().map(|error| error.to_string())
    }

    /// The applied mark, if it is readable.
    pub(crate) fn mark(&self) -> Option<AppliedMark> {
        committed_mark(&self.blocks, &self.header).ok()
    }

    /// Blocks of the file.
    pub(crate) fn block_count(&self) -> u64 {
        self.blocks.count().unwrap_or(0)
    }

    /// Walks over the rows of a table; gives how many it should have, if that is readable.
    ///
    /// # Errors
    /// Those of the visitor.
    pub(crate) fn walk(
        &self,
        table: TableName,
        visitor: &mut dyn RowVisitor,
    ) -> Result<Option<u64>> {
        let definitions = self.definitions(self.header.data, visitor)?;
        match definitions.into_iter().find(|(name, _)| name == table.text().as_bytes()) {
            Some((_, definition)) if definition.widths == WIDTHS => {
                let orphans = LazyCell::new(|| self.orphans(&definition));
                let orphans: &dyn Deref<Target = _> = &orphans;
                let orphans = (table == TableName::Records).then_some(orphans);
                Walk { blocks: &self.blocks, widths: WIDTHS, orphans, visitor }
                    .run(definition.root)?;
                Ok(Some(definition.rows))
            }
            None if table == TableName::EpochCopies => Ok(None),
            _ => {
                visitor.lost(Damage { block: 0, what: "a table is missing" }, None, None);
                Ok(None)
            }
        }
    }

    /// Walks over everything but the records.
    ///
    /// # Errors
    /// Those of the visitor.
    pub(super) fn walk_others(&self, visitor: &mut dyn RowVisitor) -> Result<()> {
        use TableName::{EpochCopies, Epochs, Expiries, Meta};
        let others = [Expiries, Epochs, EpochCopies, Meta];
        others.into_iter().try_for_each(|table| self.walk(table, visitor).map(drop))?;
        self.walk_system(visitor)
    }

    /// The leaves of the records below damaged branches.
    fn orphans(&self, records: &Definition) -> Orphans {
        let is_row =
            |id, record: &[u8]| u64::try_from(id).is_ok() && Header::parse(record).is_some();
        let searched = Searched { blocks: &self.blocks, rows: records.rows, is_row };
        searched.orphans(|| {
            let mut reachable = Reachable::default();
            self.walk_tree(records.root, records.widths, &mut reachable).ok()?;
            Some(reachable)
        })
    }

    /// Walks over redb's own tables.
    ///
    /// # Errors
    /// Those of the visitor.
    pub(crate) fn walk_system(&self, visitor: &mut dyn RowVisitor) -> Result<()> {
        self.definitions(self.header.system, visitor)?
            .into_iter()
            .try_for_each(|(_, table)| self.walk_tree(table.root, table.widths, visitor))
    }

    fn definitions(
        &self,
        root: Option<PageRef>,
        visitor: &mut dyn RowVisitor,
    ) -> Result<Vec<(Vec<u8>, Definition)>> {
        let mut collector = DefinitionCollector { all: Vec::new(), inner: visitor };
        self.walk_tree(root, CATALOG, &mut collector)?;
        Ok(collector.all)
    }

    fn walk_tree(
        &self,
        root: Option<PageRef>,
        widths: Widths,
        visitor: &mut dyn RowVisitor,
    ) -> Result<()> {
        Walk { blocks: &self.blocks, widths, orphans: None, visitor }.run(root)
    }
}

struct CutOff(bool);

impl RowVisitor for CutOff {
    fn row(&mut self, _: &[u8], _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn lost(&mut self, damage: Damage, _: Option<&[u8]>, _: Option<&[u8]>) {
        self.0 |= damage.what == OUTSIDE;
    }
}

/// Collects the definitions of tables, and passes on what is lost.
struct DefinitionCollector<'v> {
    all: Vec<(Vec<u8>, Definition)>,
    inner: &'v mut dyn RowVisitor,
}

impl RowVisitor for DefinitionCollector<'_> {
    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.all.extend(Definition::parse(value).map(|definition| (key.to_vec(), definition)));
        Ok(())
    }

    fn lost(&mut self, damage: Damage, above: Option<&[u8]>, up_to: Option<&[u8]>) {
        self.inner.lost(damage, above, up_to);
    }

    fn spared(&mut self, damage: Damage) {
        self.inner.spared(damage);
    }

    fn read(&mut self, blocks: u64) {
        self.inner.read(blocks);
    }
}
