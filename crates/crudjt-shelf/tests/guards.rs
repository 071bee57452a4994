//! Every guard of the shelf, one by one (`sabotage.rs` takes each out), and what readers are told.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use common::*;
use crudjt_core::Shelf;
use crudjt_shelf::{Look, MAX_COPY_SIZE};

const NEVER: u64 = u64::MAX;

#[test]
fn each_guard_holds() {
    trial::a_copy_from_before_a_change_is_refused();
    trial::a_change_takes_the_copy_off();
    trial::a_dead_masters_shelf_is_given_up_with_the_lease();
    trial::what_is_copied_is_whole();
    trial::a_slot_that_was_left_odd_is_not_copied();
    trial::a_closed_shelf_is_given_up_at_once();
    trial::a_closed_shelf_is_not_filled();
    trial::the_newest_time_expires_what_the_own_clock_does_not();
    trial::the_own_clock_expires_a_record();
}

#[test]
fn a_memo_tells_that_data_is_unchanged_until_it_changes() {
    let pair = Pair::of(1 << 20);
    pair.put(7, START + 10_000, b"data");
    let Look::Found { memo, ttl: Some(10), .. } = pair.look(7, None).0 else { panic!() };
    assert_eq!(pair.look(7, Some(&memo)).0, Look::Unchanged { ttl: Some(10) });
    pair.own_clock.advance(9_500);
    assert_eq!(pair.look(7, Some(&memo)).0, Look::Unchanged { ttl: Some(1) });
    pair.writer.take_off(7);
    assert_eq!(pair.look(7, Some(&memo)).0, Look::Absent);
    // The same data in another copy: the caller is given it anew.
    pair.put(7, START + 20_000, b"data");
    let (look, data) = pair.look(7, Some(&memo));
    assert!(matches!(look, Look::Found { memo: another, .. } if another != memo));
    assert_eq!(data.as_deref(), Some(&b"data"[..]));
    // That of another shelf.
    let other = Pair::of(1 << 20);
    other.put(7, NEVER, b"data");
    assert!(matches!(other.look(7, Some(&memo)).0, Look::Found { ttl: None, .. }));
}

#[test]
fn the_oldest_of_five_records_of_a_set_makes_room() {
    let pair = Pair::of(ONE_SET);
    (1..=4).for_each(|id| pair.put(id, NEVER, &[id as u8]));
    pair.put(1, NEVER, &[1]);
    pair.put(5, NEVER, &[5]);
    let found: Vec<_> = (1..=5).filter(|id| pair.read(*id).is_some()).collect();
    assert_eq!(found, [1, 3, 4, 5]);
    // The one that is gone is known to be.
    pair.writer.take_off(2);
    assert!(pair.read(5).is_some());
    pair.writer.take_off(3);
    pair.put(2, NEVER, &[2]);
    let found: Vec<_> = (1..=5).filter(|id| pair.read(*id).is_some()).collect();
    assert_eq!(found, [1, 2, 4, 5]);
}

#[test]
fn data_is_found_up_to_the_longest_that_finds_room() {
    let pair = Pair::of(1 << 20);
    for length in [0, 1, 7, 8, 9, 255, MAX_COPY_SIZE - 1, MAX_COPY_SIZE] {
        pair.put(length as u64, NEVER, &vec![length as u8; length]);
        assert_eq!(pair.read(length as u64), Some(vec![length as u8; length]));
    }
    pair.put(5_000, NEVER, &[1; MAX_COPY_SIZE + 1]);
    assert_eq!(pair.read(5_000), None);
}

#[test]
fn what_is_no_token_is_absent() {
    let pair = Pair::of(ONE_SET);
    pair.put(7, NEVER, b"data");
    for text in [&b""[..], b"short", &[b'!'; 22], &[b'A'; 22], &[0xFF; 100]] {
        assert_eq!(pair.reader.read(text, None, &mut [0; 600]), Look::Absent);
    }
    // Nor is a buffer that is too small a reason to panic.
    assert_eq!(pair.reader.read(&token(7), None, &mut [0; 10]), Look::Absent);
}

#[test]
fn within_the_lease_nobody_looks_again() {
    let pair = Pair::of(ONE_SET);
    for _ in 0..10 {
        (0..5).for_each(|id| _ = pair.read(id));
        pair.own_clock.advance_nanos(250_000);
    }
    assert_eq!(pair.life.looks.load(std::sync::atomic::Ordering::Relaxed), 3);
}

#[test]
fn a_header_of_anything_else_is_refused() {
    use crudjt_shelf::Error;
    let pair = Pair::of(ONE_SET);
    let refused = |at: usize, value: u64| {
        let before = pair.words.get(at);
        pair.words.set(at, value);
        let error = reader(&pair.words, &pair.own_clock, &pair.life).err();
        pair.words.set(at, before);
        error.unwrap()
    };
    assert!(matches!(refused(0, 0), Error::NotAShelf(_)));
    assert!(matches!(refused(0, u64::from_le_bytes(*b"crudjtS2")), Error::Version));
    for sets in [0, 2, 3, u64::MAX] {
        assert!(matches!(refused(1, sets), Error::NotAShelf(_)));
    }
    assert!(matches!(refused(4, pair.words.get(4) ^ 1), Error::OtherClock));
    assert!(reader(&TestWords::of(ONE_SET + 512), &pair.own_clock, &pair.life).is_err());
}

#[test]
fn a_dropped_writer_has_closed_its_shelf() {
    let pair = Pair::of(ONE_SET);
    pair.put(7, NEVER, b"data");
    drop(pair.writer);
    assert_eq!(pair.reader.read(&token(7), None, &mut [0; 600]), Look::Ended);
}
