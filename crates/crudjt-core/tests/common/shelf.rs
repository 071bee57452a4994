//! A shelf in this process, on which a test looks for copies.

use std::collections::HashMap;
#[cfg(not(feature = "shuttle"))]
use std::sync::Mutex;

use crudjt_core::{Shelf, ShelfCopy, Token};
#[cfg(feature = "shuttle")]
use shuttle::sync::Mutex;

/// What a shelf has, and what it was told.
#[derive(Default)]
struct Contents {
    /// Data and expiry, by id.
    copies: HashMap<u64, (Vec<u8>, u64)>,
    /// The ids that changed, in their order.
    changed: Vec<u64>,
    is_closed: bool,
}

/// A shelf.
#[derive(Default)]
pub struct TestShelf(Mutex<Contents>);

impl TestShelf {
    /// What a reader finds.
    pub fn find(&self, token: &Token) -> Option<(Vec<u8>, u64)> {
        let contents = self.0.lock().unwrap();
        contents.copies.get(&token.id()).filter(|_| !contents.is_closed).cloned()
    }

    /// The ids of the changes that it was told since it was asked last.
    pub fn told(&self) -> Vec<u64> {
        std::mem::take(&mut self.0.lock().unwrap().changed)
    }

    pub fn is_closed(&self) -> bool {
        self.0.lock().unwrap().is_closed
    }
}

impl Shelf for TestShelf {
    fn mark(&self) -> u64 {
        self.0.lock().unwrap().changed.len() as u64
    }

    fn put(&self, mark: u64, copy: &ShelfCopy<'_>) {
        let mut contents = self.0.lock().unwrap();
        if !contents.changed[mark as usize..].contains(&copy.id) {
            contents.copies.insert(copy.id, (copy.data.to_vec(), copy.expiry));
        }
    }

    fn take_off(&self, id: u64) {
        let mut contents = self.0.lock().unwrap();
        contents.changed.push(id);
        contents.copies.remove(&id);
    }

    fn close(&self) {
        self.0.lock().unwrap().is_closed = true;
    }
}
