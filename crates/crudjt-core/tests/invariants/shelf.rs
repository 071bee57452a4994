//! The shelf: told of every change, filled with what may be copied, and ended before anybody else can
//! own the store. That it is told before a change can be seen is checked by `schedules.rs`.

use std::sync::Arc;

use crudjt_core::{Change, OUT_BYTES, Reading, SHELF_GRACE, Store, Token};

use crate::common::shelf::{TestShelf, WaitedClock};
use crate::common::*;
use crate::small;

fn open_with_shelf(world: &World) -> (Store, Arc<TestShelf>) {
    let (store, shelf) = (world.open(), Arc::new(TestShelf::default()));
    store.set_shelf(Some(shelf.clone())).unwrap();
    (store, shelf)
}

/// Reads a record to the shelf; whether it was there.
fn shelve(store: &Store, token: &Token) -> bool {
    let reading = patient(store, || store.read_to_shelf(token.as_bytes(), &mut vec![0; OUT_BYTES]));
    matches!(reading.unwrap(), Reading::Found(..))
}

#[test]
fn every_change_takes_the_copy_off() {
    for mode in MODES {
        let (store, shelf) = open_with_shelf(&small(mode));
        let token = create(&store, b"first", None, None);
        assert!(shelf.told().is_empty(), "a new record has no copies");
        let kept = |data: &[u8]| {
            patient(&store, || {
                store.update(token.as_bytes(), data, Change::Keep(limits(None, None)))
            })
        };
        let changes: [&dyn Fn() -> bool; 3] = [
            &|| update(&store, &token, b"second", None, None),
            &|| kept(b"third").unwrap(),
            &|| delete(&store, &token),
        ];
        for change in changes {
            assert!(shelve(&store, &token));
            assert!(shelf.find(&token).is_some());
            assert!(change());
            assert_eq!(shelf.find(&token), None);
            assert_eq!(shelf.told(), [token.id()]);
        }
        assert!(!shelve(&store, &token) && shelf.find(&token).is_none());
    }
}

#[test]
fn records_with_a_read_limit_are_never_copied_and_each_counted_read_is_told() {
    for mode in MODES {
        let (store, shelf) = open_with_shelf(&small(mode));
        let token = create(&store, b"counted", None, Some(3));
        for _ in 0..3 {
            assert!(shelve(&store, &token));
            assert_eq!(shelf.find(&token), None);
            assert_eq!(shelf.told(), [token.id()]);
        }
        assert!(!shelve(&store, &token));
        // One that had none before.
        let token = create(&store, b"free", None, None);
        assert!(shelve(&store, &token));
        update(&store, &token, b"counted now", None, Some(2));
        assert!(shelve(&store, &token) && shelf.find(&token).is_none());
    }
}

#[test]
fn an_expiry_that_somebody_met_takes_the_copy_off() {
    for (mode, by_update) in MODES.into_iter().flat_map(|mode| [(mode, false), (mode, true)]) {
        let world = small(mode);
        let (store, shelf) = open_with_shelf(&world);
        let token = create(&store, b"short", Some(5), None);
        assert!(shelve(&store, &token));
        assert_eq!(shelf.find(&token), Some((b"short".to_vec(), START + 5_000)));
        world.clock.advance(5_000);
        if by_update {
            assert!(!update(&store, &token, b"late", None, None));
        } else {
            assert!(!shelve(&store, &token));
        }
        assert_eq!(shelf.find(&token), None);
    }
}

#[test]
fn records_at_rest_are_copied_as_well_and_those_that_outlive_every_clock_are_not() {
    for mode in MODES {
        let (store, shelf) = open_with_shelf(&small(mode));
        let at_rest = create(&store, b"at rest", None, None);
        store.checkpoint().unwrap();
        // From the B-tree, then from the cache.
        for _ in 0..2 {
            assert!(shelve(&store, &at_rest));
            assert_eq!(shelf.find(&at_rest), Some((b"at rest".to_vec(), u64::MAX)));
            let unchanged = read(&store, &at_rest);
            assert!(unchanged.is_some());
        }
        let eternal = create(&store, b"eternal", Some(i64::MAX as u64), None);
        assert!(shelve(&store, &eternal) && shelf.find(&eternal).is_none());
    }
}

#[test]
fn a_shelf_is_closed_when_its_store_is_or_another_replaces_it() {
    for mode in MODES {
        let world = small(mode);
        let (store, first) = open_with_shelf(&world);
        let second = Arc::new(TestShelf::default());
        store.set_shelf(Some(second.clone())).unwrap();
        assert!(first.is_closed() && !second.is_closed());
        // The store has it as long as any handle is open.
        let other = world.open();
        store.close().unwrap();
        assert!(!second.is_closed());
        let token = create(&other, b"data", None, None);
        assert!(shelve(&other, &token) && second.find(&token).is_some());
        other.close().unwrap();
        assert!(second.is_closed());
        assert!(store.set_shelf(None).is_err());
    }
}

/// Opens the store and tells how long that waited for readers.
fn open_and_tell(world: &World) -> (Store, u64) {
    let clock = WaitedClock::new(world.clock.clone());
    let mut options = world.options();
    options.environment.clock = clock.clone();
    let store = Store::open(options).unwrap();
    (store, clock.waited())
}

#[test]
fn only_an_opening_after_a_shelf_that_was_not_closed_waits_for_its_readers() {
    let grace = SHELF_GRACE.as_millis() as u64;
    for mode in MODES {
        let mut world = small(mode);
        let (store, waited) = open_and_tell(&world);
        assert_eq!(waited, 0, "a new store");
        world.kill(store);
        let (store, waited) = open_and_tell(&world);
        assert_eq!(waited, 0, "killed without a shelf");
        store.set_shelf(Some(Arc::new(TestShelf::default()))).unwrap();
        world.kill(store);
        // Killed again and again, before or after it has waited.
        for _ in 0..3 {
            let (store, waited) = open_and_tell(&world);
            assert_eq!(waited, grace, "killed with a shelf");
            world.kill(store);
        }
        let (store, waited) = open_and_tell(&world);
        assert_eq!(waited, grace);
        store.close().unwrap();
        let (store, waited) = open_and_tell(&world);
        assert_eq!(waited, 0, "closed");
        store.set_shelf(Some(Arc::new(TestShelf::default()))).unwrap();
        store.close().unwrap();
        assert_eq!(open_and_tell(&world).1, 0, "closed with a shelf");
    }
}
