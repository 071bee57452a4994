//! Looks up a record in one commit without redb: from the root down, verifying each page against the
//! checksum that its parent records. An answer therefore never comes from anything but the commit,
//! and a failed read affects no other one.
//!
//! The pages of a commit are not overwritten while its read transaction lives, and none of them waits
//! in the write-behind buffer: a commit ends with a sync.

use std::cell::RefCell;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use redb::ReadOnlyTable;

use super::block_file::BlockFile;
use super::block_format::damaged;
use super::page::{DEPTH_MAX, Page, Step, Widths};
use super::page_cache::PageCache;
use super::page_number::{PageExtent, PageRef};

const WIDTHS: Widths = Widths::U128_TO_BYTES;

crate::platform::sync::thread_local! {
    /// The buffer that pages are read into.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The records of one commit.
pub(in crate::tree) struct Lookup {
    pub(in crate::tree) root: Option<PageRef>,
    /// The root of the expiry table.
    pub(in crate::tree) expiries: Option<PageRef>,
    pub(in crate::tree) blocks: BlockFile,
    pub(in crate::tree) cache: Arc<PageCache>,
    /// Keeps the commit's pages from being overwritten.
    pub(in crate::tree) _pin: ReadOnlyTable<u128, &'static [u8]>,
}

impl Lookup {
    /// Replaces the content of `out` with the sealed record of `id`; false if there is none.
    pub(in crate::tree) fn get(&self, id: u64, out: &mut Vec<u8>) -> io::Result<bool> {
        out.clear();
        let mut next = self.root;
        for _ in 0..DEPTH_MAX {
            let Some(page) = next else { return Ok(false) };
            let search = |bytes: &[u8]| match Page::parse(bytes, WIDTHS)?.search(id.into())? {
                Step::Child(child) => Some(ControlFlow::Continue(child)),
                Step::Found(record) => {
                    out.extend_from_slice(record);
                    Some(ControlFlow::Break(true))
                }
                Step::Absent => Some(ControlFlow::Break(false)),
            };
            let found = self.cache.with(page, || self.read(page), search)?;
            match found.ok_or_else(|| damaged_page(page))? {
                ControlFlow::Continue(child) => next = Some(child),
                ControlFlow::Break(found) => return Ok(found),
            }
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "the B-tree has too many levels"))
    }

    pub(super) fn read(&self, page: PageRef) -> io::Result<Box<[u8]>> {
        let extent = PageExtent::of(page.number).ok_or_else(|| damaged_page(page))?;
        BUFFER.with(|buffer| {
            let buffer = &mut *buffer.borrow_mut();
            self.blocks.read_page(extent, buffer)?;
            let verified = Page::verified(buffer, WIDTHS, page.checksum);
            verified.map(Box::from).ok_or_else(|| damaged_page(page))
        })
    }
}

fn damaged_page(page: PageRef) -> io::Error {
    damaged(PageExtent::of(page.number).map_or(0, PageExtent::block))
}
