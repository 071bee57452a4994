//! Walks over a B-tree of the newest commit without redb: visits every row that is reachable through
//! sound pages, and reports what is not. redb stops at the first damaged page.
//!
//! A page is sound if its checksum is the one that its parent records, so that a stale block is found
//! too. That checksum is of the bytes in use: if the one of a block is wrong all the same, the damage
//! is in the unused rest, and costs nothing. Blocks that the commit does not refer to are not read: a
//! power cut may have torn them.

use std::ops::Deref;

use redb::StorageBackend;

use super::block_file::BlockFile;
use super::block_format::BLOCK;
use super::orphans::{KeyRange, Orphans, Reachable};
use super::page::{Child, DEPTH_MAX, Page, Widths};
use super::page_number::{PageExtent, PageRef};
use crate::Result;

/// Receives what a walk finds.
pub(crate) trait RowVisitor {
    /// The next row, by ascending key.
    ///
    /// # Errors
    /// They end the walk.
    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<()>;
    /// The rows with keys above `above` and up to `up_to` are unreadable, but for those that follow.
    fn lost(&mut self, _damage: Damage, _above: Option<&[u8]>, _up_to: Option<&[u8]>) {}
    /// A block is damaged, and no row is lost with it.
    fn spared(&mut self, _damage: Damage) {}
    /// That many more blocks were read.
    fn read(&mut self, _blocks: u64) {}
}

/// Why rows are unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damage {
    /// The first block of the page.
    pub(crate) block: u64,
    pub(crate) what: &'static str,
}

/// The damage of a file that was cut off.
pub(in crate::tree) const OUTSIDE: &str = "a page lies outside the file";
const DAMAGED: &str = "a block is damaged";
const NOT_COMMITTED: &str = "a page differs from the one that was committed";

/// A walk over one B-tree.
pub(in crate::tree) struct Walk<'w> {
    pub(in crate::tree) blocks: &'w BlockFile,
    pub(in crate::tree) widths: Widths,
    /// The leaves below damaged branches; `None` to leave them out.
    pub(in crate::tree) orphans: Option<&'w dyn Deref<Target = Orphans>>,
    pub(in crate::tree) visitor: &'w mut dyn RowVisitor,
}

impl Walk<'_> {
    /// Walks over a whole B-tree.
    ///
    /// # Errors
    /// Those of the visitor.
    pub(in crate::tree) fn run(mut self, root: Option<PageRef>) -> Result<()> {
        root.map_or(Ok(()), |root| self.page(root, (None, None), DEPTH_MAX))
    }

    fn page(
        &mut self,
        page: PageRef,
        (above, up_to): (Option<&[u8]>, Option<&[u8]>),
        depth: usize,
    ) -> Result<()> {
        let mut bytes = Vec::new();
        match self.read(page, &mut bytes) {
            Ok(Content::Rows(rows)) => {
                rows.into_iter().try_for_each(|(key, value)| self.visitor.row(key, value))
            }
            Ok(Content::Children(children)) => {
                let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
                let mut above = above;
                children.into_iter().try_for_each(|(child, bound)| {
                    let range = (std::mem::replace(&mut above, bound), bound.or(up_to));
                    self.page(child, range, depth)
                })
            }
            Err(damage) => self.damaged(damage, above, up_to),
        }
    }

    /// Visits what is left below a damaged page.
    fn damaged(
        &mut self,
        damage: Damage,
        above: Option<&[u8]>,
        up_to: Option<&[u8]>,
    ) -> Result<()> {
        match self.orphans {
            Some(orphans) if orphans.is_whole => self.visitor.spared(damage),
            _ => self.visitor.lost(damage, above, up_to),
        }
        let range = KeyRange::new(above, up_to);
        let mut pages = self.orphans.into_iter().flat_map(|orphans| orphans.within(range));
        pages.try_for_each(|page| self.orphan(page))
    }

    fn orphan(&mut self, page: PageExtent) -> Result<()> {
        let mut bytes = vec![0; page.count * BLOCK];
        let read = self.blocks.read(page.block() * BLOCK as u64, &mut bytes);
        self.visitor.read(page.count as u64);
        match read.ok().and_then(|()| content(&bytes, self.widths)) {
            Some(Content::Rows(rows)) => {
                rows.into_iter().try_for_each(|(key, value)| self.visitor.row(key, value))
            }
            _ => Ok(()),
        }
    }

    /// Reads a page into `bytes` and verifies it.
    fn read<'b>(
        &mut self,
        page: PageRef,
        bytes: &'b mut Vec<u8>,
    ) -> std::result::Result<Content<'b>, Damage> {
        let extent = PageExtent::of(page.number).ok_or(Damage { block: 0, what: OUTSIDE })?;
        let (block, count) = (extent.block(), extent.count as u64);
        let damage = |what| Damage { block, what };
        if block + count > self.blocks.count().unwrap_or(0) {
            return Err(damage(OUTSIDE));
        }
        bytes.resize(extent.count * BLOCK, 0);
        let read = self.blocks.read(block * BLOCK as u64, bytes);
        self.visitor.read(count);
        if read.is_err() {
            self.blocks.read_page(extent, bytes).map_err(|_| damage(DAMAGED))?;
        }
        let verified = Page::verified(bytes, self.widths, page.checksum);
        let content = verified.and_then(|bytes| content(bytes, self.widths));
        let content = content.ok_or(damage(if read.is_err() { DAMAGED } else { NOT_COMMITTED }))?;
        if read.is_err() {
            self.visitor.spared(damage(DAMAGED));
        }
        Ok(content)
    }
}

impl RowVisitor for Reachable {
    fn row(&mut self, _: &[u8], _: &[u8]) -> Result<()> {
        self.rows += 1;
        Ok(())
    }

    fn lost(&mut self, _: Damage, above: Option<&[u8]>, up_to: Option<&[u8]>) {
        self.lost.push(KeyRange::new(above, up_to));
    }
}

/// What a page holds.
enum Content<'p> {
    Rows(Vec<(&'p [u8], &'p [u8])>),
    Children(Vec<Child<'p>>),
}

fn content(bytes: &[u8], widths: Widths) -> Option<Content<'_>> {
    match Page::parse(bytes, widths)? {
        Page::Leaf(leaf) => leaf.rows().map(Content::Rows),
        Page::Branch(branch) => branch.children().map(Content::Children),
    }
}
