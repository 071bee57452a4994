//! The shelf: a change that it is not told of, and an owner that does not wait for the readers of the
//! one before.

use std::sync::Arc;

use crudjt_core::{JournalMode, OUT_BYTES, Reading, SHELF_GRACE, Store, Token};

use crate::common::shelf::{TestShelf, WaitedClock};
use crate::common::*;

fn shelve(store: &Store, token: &Token) -> bool {
    let reading = patient(store, || store.read_to_shelf(token.as_bytes(), &mut vec![0; OUT_BYTES]));
    matches!(reading.unwrap(), Reading::Found(..))
}

/// Every kind of change takes the copy off.
pub fn change(journal: JournalMode) {
    let world = World::new(journal);
    let (store, shelf) = (world.open(), Arc::new(TestShelf::default()));
    store.set_shelf(Some(shelf.clone())).unwrap();
    let token = create(&store, b"first", Some(5), None);
    let changes: [&dyn Fn() -> bool; 2] =
        [&|| update(&store, &token, b"second", Some(5), None), &|| delete(&store, &token)];
    for change in changes {
        assert!(shelve(&store, &token) && shelf.find(&token).is_some());
        assert!(change() && shelf.find(&token).is_none());
    }
}

/// An owner that is killed is followed by one that waits until nobody believes in its shelf.
pub fn take_over(journal: JournalMode) {
    let mut world = World::new(journal);
    let store = world.open();
    store.set_shelf(Some(Arc::new(TestShelf::default()))).unwrap();
    world.kill(store);
    let clock = WaitedClock::new(world.clock.clone());
    let mut options = world.options();
    options.environment.clock = clock.clone();
    Store::open(options).unwrap();
    assert_eq!(u128::from(clock.waited()), SHELF_GRACE.as_millis());
}
