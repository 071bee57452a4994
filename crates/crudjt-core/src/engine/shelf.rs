//! The shelf of an open store: puts copies of what is read on it, and ends it in order.

use std::sync::Arc;

use super::Engine;
use crate::Result;
use crate::cache::{Shelf, ShelfCopy};
use crate::call::Reading;
use crate::crypto::token::decode;
use crate::record::{Header, RecordMeta};

/// A shelf that a read puts its record on.
pub(super) struct Shelving<'a> {
    shelf: &'a dyn Shelf,
    mark: u64,
    token: [u8; 16],
}

impl Shelving<'_> {
    /// Puts a record on the shelf that was read after the mark was taken, unless it has a read limit,
    /// or an expiry out of any clock's reach.
    pub(super) fn put(&self, id: u64, header: &Header, data: &[u8]) {
        let meta = RecordMeta::of(header);
        if meta.whole {
            let copy = ShelfCopy { token: &self.token, id, expiry: meta.expiry, data };
            self.shelf.put(self.mark, &copy);
        }
    }
}

impl Engine {
    /// See [`crate::Store::set_shelf`].
    pub(crate) fn set_shelf(&self, shelf: Option<Arc<dyn Shelf>>) -> Result<()> {
        self.check_open()?;
        if shelf.is_some() {
            self.ownership.record_shelf(self.options.folder(), true)?;
        }
        self.replace_shelf(shelf);
        // A close that came between has not seen it.
        self.check_open().inspect_err(|_| self.replace_shelf(None))
    }

    /// Ends the shelf before while no change can come that it is not told of.
    fn replace_shelf(&self, shelf: Option<Arc<dyn Shelf>>) {
        let mut append_state = self.append_state.lock();
        self.shelf.store(shelf.clone().map(Arc::new));
        if let Some(before) = append_state.listeners.set_shelf(shelf) {
            before.close();
        }
    }

    /// Ends the shelf before anybody else can own the store.
    pub(super) fn close_shelf(&self) {
        self.replace_shelf(None);
        // An owner's file that stays as it is makes the next opening wait, no more.
        let _ = self.ownership.record_shelf(self.options.folder(), false);
    }

    /// See [`crate::Store::read_to_shelf`].
    pub(crate) fn read_to_shelf(&self, token: &[u8], out: &mut [u8]) -> Result<Reading> {
        let shelf = self.shelf.load();
        let shelving = shelf.as_ref().zip(decode(token)).map(|(shelf, token)| Shelving {
            shelf: shelf.as_ref().as_ref(),
            mark: shelf.mark(),
            token,
        });
        self.read_from(token, None, shelving.as_ref(), out)
    }
}
