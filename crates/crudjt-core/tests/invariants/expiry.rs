//! Expiry between the steps of a call, and across restarts.

use std::sync::Arc;

use crudjt_core::Store;

use crate::common::interrupted::InterruptedClock;
use crate::common::*;
use crate::small;

#[test]
fn an_update_after_expiry_does_not_revive_a_token() {
    for mode in MODES {
        let world = small(mode);
        let store = world.open();
        let token = create(&store, b"short", Some(5), None);
        world.clock.advance(4_999);
        assert_eq!(read(&store, &token).and_then(|(_, ttl, _)| ttl), Some(1));
        world.clock.advance(1);
        assert!(!update(&store, &token, b"revived", None, None));
        assert_eq!(data_of(&store, &token), None);
    }
}

/// A store whose clock can be interrupted.
fn open_interrupted(world: &World) -> (Arc<Store>, Arc<InterruptedClock>) {
    let clock = InterruptedClock::new(world.clock.clone());
    let mut options = world.options();
    options.environment.clock = clock.clone();
    (Arc::new(Store::open(options).unwrap()), clock)
}

#[test]
fn a_token_that_expires_during_an_update_stays_dead() {
    for mode in MODES {
        let interrupted = [0, 1, 2].map(|after| {
            let world = small(mode);
            let (store, clock) = open_interrupted(&world);
            let token = create(&store, b"short", Some(5), None);
            let manual = world.clock.clone();
            clock.interrupt(after, move || manual.advance(6_000));
            let updated = update(&store, &token, b"revived", Some(60), None);
            let interrupted = clock.has_interrupted();
            assert_eq!(updated, !interrupted, "after {after} looks at the clock");
            interrupted
        });
        assert_eq!(interrupted, [true, true, true]);
    }
}

#[test]
fn a_read_takes_the_time_before_the_record() {
    for (mode, at_rest) in MODES.into_iter().flat_map(|mode| [(mode, false), (mode, true)]) {
        let looks = [0, 1, 2].map(|after| {
            let world = small(mode);
            let (store, clock) = open_interrupted(&world);
            let token = create(&store, b"short", Some(5), None);
            if at_rest {
                store.checkpoint().unwrap();
            }
            let (writing, manual) = (Arc::downgrade(&store), world.clock.clone());
            clock.interrupt(after, move || {
                assert!(update(&writing.upgrade().unwrap(), &token, b"extended", Some(60), None));
                manual.advance(6_000);
            });
            let found = data_of(&store, &token);
            assert!(found.is_some(), "after {after} looks at the clock");
            // If nothing came in between, closing must not be interrupted either.
            (clock.has_interrupted(), found)
        });
        assert_eq!(looks[0], (true, Some(b"extended".to_vec())), "the first look comes first");
    }
}

#[test]
fn a_token_read_as_expired_stays_dead_when_the_clock_steps_back() {
    for mode in MODES {
        let mut world = small(mode);
        let store = world.open();
        let token = create(&store, b"short", Some(5), None);
        world.clock.advance(6_000);
        assert_eq!(data_of(&store, &token), None);
        world.kill(store);
        world.clock.set_wall(START);
        assert_eq!(data_of(&world.open(), &token), None);
    }
}
