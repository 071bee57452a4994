//! Reads that put their record on the shelf of the store.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::sync::{Arc, Mutex};

use common::*;
use crudjt_core::{Shelf, ShelfCopy};

/// The data that was put on it.
#[derive(Default)]
struct Put(Mutex<Vec<Vec<u8>>>);

impl Shelf for Put {
    fn mark(&self) -> u64 {
        0
    }

    fn put(&self, _mark: u64, copy: &ShelfCopy<'_>) {
        self.0.lock().unwrap().push(copy.data.to_vec());
    }

    fn take_off(&self, _id: u64) {}

    fn close(&self) {}
}

#[test]
fn only_a_read_that_asks_for_it_puts_its_record_on_the_shelf() {
    let master = Master::new();
    let mut connection = master.greeted(1);
    let free = connection.reply(&Op::create(1, 5).encode()).token;
    let counted = Op { reads: Some(3), ..Op::create(2, 6) };
    let counted = connection.reply(&counted.encode()).token;
    let shelve = |number, token: &[u8]| Op { shelve: true, ..Op::read(number, token) }.encode();
    // A master without a shelf reads all the same.
    assert_eq!(connection.reply(&shelve(3, &free)).data, Some(data(5)));
    let shelf = Arc::new(Put::default());
    master.store.set_shelf(Some(shelf.clone())).unwrap();
    assert_eq!(connection.reply(&Op::read(4, &free).encode()).data, Some(data(5)));
    assert_eq!(connection.reply(&shelve(5, &counted)).reads, Some(2));
    assert!(shelf.0.lock().unwrap().is_empty());
    assert_eq!(connection.reply(&shelve(6, &free)).data, Some(data(5)));
    assert_eq!(connection.reply(&shelve(7, &[b'A'; 22])).data, None);
    assert_eq!(*shelf.0.lock().unwrap(), [data(5)]);
}
