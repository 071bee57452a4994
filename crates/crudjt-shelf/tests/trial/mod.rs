//! One trial for each guard of the shelf: it panics if the guard is missing.

use crudjt_core::{SHELF_LEASE, Shelf};
use crudjt_shelf::{Look, copy_slot, write_slot};

use crate::common::*;

const NEVER: u64 = u64::MAX;

/// A record is read, then changed, and its copy arrives last.
pub fn a_copy_from_before_a_change_is_refused() {
    let pair = Pair::of(ONE_SET);
    let mark = pair.writer.mark();
    pair.writer.take_off(7);
    pair.put_since(mark, 7, NEVER, b"old");
    assert_eq!(pair.read(7), None);
    for other in 0..1000 {
        let mark = pair.writer.mark();
        (0..other % 100).for_each(|id| pair.writer.take_off(100 + id));
        pair.put_since(mark, 8, NEVER, b"of another record");
        assert_eq!(pair.read(8).is_some(), other % 100 <= 64, "{other} changes since");
        pair.writer.take_off(8);
    }
}

/// A change takes the copy off, and later copies are found again.
pub fn a_change_takes_the_copy_off() {
    let pair = Pair::of(ONE_SET);
    pair.put(7, NEVER, b"old");
    assert_eq!(pair.read(7).as_deref(), Some(&b"old"[..]));
    pair.writer.take_off(7);
    assert_eq!(pair.read(7), None);
    pair.put(7, NEVER, b"new");
    assert_eq!(pair.read(7).as_deref(), Some(&b"new"[..]));
}

/// The master dies: within the lease its copies are believed, after it never again.
pub fn a_dead_masters_shelf_is_given_up_with_the_lease() {
    let pair = Pair::of(ONE_SET);
    pair.put(7, NEVER, b"data");
    assert!(pair.read(7).is_some());
    pair.life.end();
    pair.own_clock.advance_nanos(SHELF_LEASE.as_nanos() as u64 - 1);
    assert!(pair.read(7).is_some(), "seen alive within the lease");
    pair.own_clock.advance_nanos(1);
    assert_eq!(pair.look(7, None).0, Look::Ended);
    assert_eq!(pair.look(7, None).0, Look::Ended);
}

/// Nobody mixes what two writes have written.
pub fn what_is_copied_is_whole() {
    let words = TestWords::of(ONE_SET);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for value in 1..400_000u64 {
                write_slot(&words, 512, &[value; 40]);
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let mut whole = 0u64;
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            let mut content = [0; 40];
            if copy_slot(&words, 512, &mut content) {
                assert!(content.iter().all(|word| *word == content[0]), "{content:?}");
                whole += 1;
            }
        }
        assert!(whole > 0);
    });
}

/// A slot whose writer died in the middle is not copied, however often one looks.
pub fn a_slot_that_was_left_odd_is_not_copied() {
    let words = TestWords::of(ONE_SET);
    write_slot(&words, 512, &[1; 40]);
    words.kill_after(20);
    write_slot(&words, 512, &[2; 40]);
    assert!(!copy_slot(&words, 512, &mut [0; 40]));
}

/// The master closes the shelf in order.
pub fn a_closed_shelf_is_given_up_at_once() {
    let pair = Pair::of(ONE_SET);
    pair.put(7, NEVER, b"data");
    assert!(pair.read(7).is_some());
    pair.writer.close();
    assert_eq!(pair.look(7, None).0, Look::Ended);
}

/// A read that began before the close puts its record too late.
pub fn a_closed_shelf_is_not_filled() {
    let pair = Pair::of(ONE_SET);
    pair.writer.close();
    let before = pair.words.bytes();
    pair.put(7, NEVER, b"data");
    assert!(pair.words.bytes() == before);
}

/// The reader's clock is behind what the master has told.
pub fn the_newest_time_expires_what_the_own_clock_does_not() {
    let pair = Pair::of(ONE_SET);
    pair.put(7, START + 100, b"data");
    let (look, _) = pair.look(7, None);
    let Look::Found { memo, .. } = look else { panic!("{look:?}") };
    pair.clock.advance(100);
    pair.put(8, NEVER, b"by which the master tells the time");
    assert_eq!(pair.read(7), None);
    assert_eq!(pair.look(7, Some(&memo)).0, Look::Absent);
}

/// The reader's clock is all there is.
pub fn the_own_clock_expires_a_record() {
    let pair = Pair::of(ONE_SET);
    pair.put(7, START + 100, b"data");
    let ttl = |look| match look {
        Look::Found { ttl, .. } => ttl,
        look => panic!("{look:?}"),
    };
    assert_eq!(ttl(pair.look(7, None).0), Some(1));
    pair.own_clock.advance(99);
    assert_eq!(ttl(pair.look(7, None).0), Some(1));
    pair.own_clock.advance(1);
    assert_eq!(pair.read(7), None);
}
