//! Finding a record in one commit, without redb: from the root down, each page checked against the
//! checksum that its parent knows. So nothing but what was committed is ever answered from, and a
//! failed access harms nobody else.
//!
//! The commit's pages are not written over as long as its read transaction lives, nor do any of them
//! wait to be written: a commit ends with a sync.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;

use redb::ReadOnlyTable;

use super::super::tables::{Key, Value};
use super::block_file::{BlockFile, damaged};
use super::page_cache::PageCache;
use super::pages::{PageExtent, Root};
use super::search::{SearchStep, sound, step};
use super::walk::DEPTH_MAX;

crate::platform::sync::thread_local! {
    /// Where a page is read.
    static READ: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The records of one commit.
pub(in crate::tree) struct Lookup {
    pub(in crate::tree) root: Option<Root>,
    pub(in crate::tree) blocks: Arc<BlockFile>,
    pub(in crate::tree) cache: Arc<PageCache>,
    /// Keeps the commit's pages from being written over.
    pub(in crate::tree) _pin: ReadOnlyTable<Key, Value>,
}

impl Lookup {
    /// Puts the sealed record of `id` into `out`, in place of what was there; false if there is none.
    pub(in crate::tree) fn get(&self, id: u64, out: &mut Vec<u8>) -> io::Result<bool> {
        out.clear();
        let mut next = self.root;
        for _ in 0..DEPTH_MAX {
            let Some(at) = next else { return Ok(false) };
            let look = |page: &[u8]| {
                let step = step(page, id.into())?;
                if let SearchStep::Here(value) = &step {
                    out.extend_from_slice(page.get(value.clone())?);
                }
                Some(step)
            };
            match self.cache.with(at, || self.read(at), look)?.ok_or_else(|| damage(at))? {
                SearchStep::Down(child) => next = Some(child),
                SearchStep::Here(_) => return Ok(true),
                SearchStep::Nowhere => return Ok(false),
            }
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "the B-tree has too many levels"))
    }

    fn read(&self, at: Root) -> io::Result<Box<[u8]>> {
        let extent = PageExtent::of(at.page).ok_or_else(|| damage(at))?;
        READ.with(|read| {
            let read = &mut *read.borrow_mut();
            self.blocks.read_page(extent, read)?;
            sound(read, at.sum).map(Box::from).ok_or_else(|| damage(at))
        })
    }
}

fn damage(at: Root) -> io::Error {
    damaged(PageExtent::of(at.page).map_or(0, PageExtent::block))
}
