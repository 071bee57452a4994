//! Reading the newest commit of a B-tree's file without redb and without changing it: every row
//! that can be reached over sound blocks, and what can't be reached.
//!
//! A page counts only if each of its blocks has the right checksum and the page has the one that
//! its parent knows: so an older state of a block is found too. Blocks that the commit does not
//! refer to are not looked at: a power cut may have torn them, and nobody reads them.

use std::path::{Path, PathBuf};

use redb::StorageBackend;

use super::super::mark::AppliedMark;
use super::super::tables::{
    APPLIED, COPIES_NAME, EPOCHS_NAME, EXPIRIES_NAME, EpochCount, META_NAME, RECORDS_NAME, WIDTHS,
};
use super::block_file::{BLOCK, BlockFile, TREE_FILE};
use super::header::FileHeader;
use super::page_ownership;
use super::pages::{Definition, Node, PageExtent, Root, TABLES, Widths};
use crate::Result;
use crate::crypto::keyring::StoreId;
use crate::options::Options;

/// No tree of ours is deeper: a hostile one is not to go on for ever.
pub(super) const DEPTH_MAX: usize = 40;

/// What a walk tells of.
pub(crate) trait RowVisitor {
    /// The next row, by ascending key.
    ///
    /// # Errors
    /// Ends the walk with them.
    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<()>;
    /// The rows with keys above the first one and up to the second can't be read.
    fn lost(&mut self, damage: Damage, above: Option<&[u8]>, up_to: Option<&[u8]>);
    /// So many more blocks were read.
    fn read(&mut self, blocks: u64);
}

/// Why rows can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damage {
    /// The first block of the page.
    pub(crate) block: u64,
    pub(crate) what: &'static str,
}

/// A table of the B-tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableName {
    Records,
    Expiries,
    Epochs,
    /// May be missing.
    EpochCopies,
    Meta,
}

impl TableName {
    fn text(self) -> &'static str {
        match self {
            TableName::Records => RECORDS_NAME,
            TableName::Expiries => EXPIRIES_NAME,
            TableName::Epochs => EPOCHS_NAME,
            TableName::EpochCopies => COPIES_NAME,
            TableName::Meta => META_NAME,
        }
    }
}

/// The newest commit of a B-tree's file.
pub(crate) struct TreeFile {
    blocks: BlockFile,
    header: FileHeader,
    path: PathBuf,
}

impl TreeFile {
    /// Opens the file to be read; damaged if not even its header can be.
    pub(crate) fn open(options: &Options, store: StoreId) -> Result<TreeFile> {
        let path = options.path.join(TREE_FILE);
        let blocks = BlockFile::open_to_read(options, store)?;
        let mut block = vec![0; BLOCK];
        let read = blocks.read(0, &mut block).ok();
        let header = read.and_then(|()| FileHeader::parse(&block));
        let damaged = || crate::Error::damaged(&path, "the B-tree's commits can't be read");
        Ok(TreeFile { header: header.ok_or_else(damaged)?, blocks, path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the newest commit can't be read, and this is the one before.
    pub(crate) fn fell_back(&self) -> bool {
        self.header.fell_back
    }

    /// Whether the file is shorter than its header says.
    pub(crate) fn is_cut(&self) -> bool {
        self.block_count() < self.header.block_count
    }

    /// What keeps an opening from taking the file over, though every block may be sound.
    pub(crate) fn objection(&self) -> Option<String> {
        page_ownership::check(&self.blocks).err().map(|error| error.to_string())
    }

    /// Blocks that the file has room for.
    pub(crate) fn block_count(&self) -> u64 {
        self.blocks.len().unwrap_or(0) / BLOCK as u64
    }

    /// Walks over a table's rows; gives how many it has, if that can be told.
    ///
    /// # Errors
    /// Those of the visitor.
    pub(crate) fn walk(
        &self,
        table: TableName,
        visitor: &mut dyn RowVisitor,
    ) -> Result<Option<u64>> {
        let mut found = TableCollector { all: Vec::new(), inner: visitor };
        self.tree(self.header.data, TABLES, &mut found)?;
        let definition = found.all.into_iter().find(|(text, _)| text == table.text().as_bytes());
        match definition {
            Some((_, definition)) if definition.widths == WIDTHS => {
                self.tree(definition.root, WIDTHS, visitor)?;
                Ok(Some(definition.rows))
            }
            None if table == TableName::EpochCopies => Ok(None),
            _ => {
                let what = "a table is missing";
                visitor.lost(Damage { block: 0, what }, None, None);
                Ok(None)
            }
        }
    }

    /// Walks over what redb keeps for itself.
    ///
    /// # Errors
    /// Those of the visitor.
    pub(crate) fn walk_system(&self, visitor: &mut dyn RowVisitor) -> Result<()> {
        let mut found = TableCollector { all: Vec::new(), inner: visitor };
        self.tree(self.header.system, TABLES, &mut found)?;
        let definitions = found.all;
        definitions
            .into_iter()
            .try_for_each(|(_, definition)| self.tree(definition.root, definition.widths, visitor))
    }

    fn tree(&self, root: Option<Root>, widths: Widths, visitor: &mut dyn RowVisitor) -> Result<()> {
        let Some(root) = root else { return Ok(()) };
        self.node(root, widths, (None, None), DEPTH_MAX, visitor)
    }

    fn node(
        &self,
        root: Root,
        widths: Widths,
        (above, up_to): (Option<&[u8]>, Option<&[u8]>),
        depth: usize,
        visitor: &mut dyn RowVisitor,
    ) -> Result<()> {
        let (page, node) = match self.page(root, widths, visitor) {
            Ok(read) => read,
            Err(damage) => {
                visitor.lost(damage, above, up_to);
                return Ok(());
            }
        };
        match node {
            Node::Leaf(rows) => rows.into_iter().try_for_each(|(key, value)| {
                let (key, value) = (page.get(key), page.get(value));
                visitor.row(key.unwrap_or_default(), value.unwrap_or_default())
            }),
            Node::Branch(children, keys) if depth > 0 => {
                let key = |at: usize| keys.get(at).and_then(|range| page.get(range.clone()));
                children.into_iter().enumerate().try_for_each(|(at, child)| {
                    let above = at.checked_sub(1).and_then(key).or(above);
                    self.node(child, widths, (above, key(at).or(up_to)), depth - 1, visitor)
                })
            }
            Node::Branch(..) => Ok(()),
        }
    }

    fn page(
        &self,
        root: Root,
        widths: Widths,
        visitor: &mut dyn RowVisitor,
    ) -> std::result::Result<(Vec<u8>, Node), Damage> {
        let outside = Damage { block: 0, what: "a page lies outside of the file" };
        let extent = PageExtent::of(root.page).ok_or(outside)?;
        let block = extent.block();
        if block + extent.count as u64 > self.block_count() {
            return Err(Damage { block, ..outside });
        }
        let mut page = vec![0; extent.count * BLOCK];
        let read = self.blocks.read(block * BLOCK as u64, &mut page);
        visitor.read(extent.count as u64);
        read.map_err(|_| Damage { block, what: "a block is damaged" })?;
        let node = Node::parse(&page, widths, root.sum);
        let node =
            node.ok_or(Damage { block, what: "a page is not the one that was committed" })?;
        Ok((page, node))
    }
}

/// Collects the definitions of tables; what is lost of them goes to the visitor.
struct TableCollector<'v> {
    all: Vec<(Vec<u8>, Definition)>,
    inner: &'v mut dyn RowVisitor,
}

impl RowVisitor for TableCollector<'_> {
    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.all.extend(Definition::parse(value).map(|definition| (key.to_vec(), definition)));
        Ok(())
    }

    fn lost(&mut self, damage: Damage, above: Option<&[u8]>, up_to: Option<&[u8]>) {
        self.inner.lost(damage, above, up_to);
    }

    fn read(&mut self, blocks: u64) {
        self.inner.read(blocks);
    }
}

/// The applied mark in a row of the meta table.
pub(crate) fn mark_in(key: &[u8], value: &[u8]) -> Option<AppliedMark> {
    if key == APPLIED.to_le_bytes() { AppliedMark::parse(value) } else { None }
}

/// An epoch's row and how many records it has.
pub(crate) fn epoch_in(value: &[u8]) -> Option<(crate::crypto::EpochRow, u64)> {
    EpochCount::parse(value).map(|count| (count.row, count.records))
}
