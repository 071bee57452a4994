//! A master that dies at any store instruction: readers find the copies from before, or nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::*;
use crudjt_core::Shelf;
use proptest::prelude::*;

const NEVER: u64 = u64::MAX;

/// A call of the master.
#[derive(Debug, Clone)]
enum Step {
    Put(u64, Vec<u8>),
    TakeOff(u64),
    Close,
}

fn run(pair: &Pair, step: &Step) {
    match step {
        Step::Put(id, data) => pair.put(*id, NEVER, data),
        Step::TakeOff(id) => pair.writer.take_off(*id),
        Step::Close => pair.writer.close(),
    }
}

/// Whether a reader may find this after these calls, of which the last was perhaps cut short.
fn may_find(steps: &[Step], was_cut: bool, id: u64, found: Option<&[u8]>) -> bool {
    let Some(found) = found else { return true };
    let ended = if was_cut { steps.len() - 1 } else { steps.len() };
    if steps[..ended].iter().any(|step| matches!(step, Step::Close)) {
        return false;
    }
    let state = |steps: &[Step]| {
        let last = steps.iter().rev().find_map(|step| match step {
            Step::Put(put, data) if *put == id => Some(Some(data.clone())),
            Step::TakeOff(changed) if *changed == id => Some(None),
            _ => None,
        });
        last.flatten()
    };
    [state(&steps[..ended]), state(steps)].iter().flatten().any(|data| data == found)
}

fn check(steps: &[Step]) {
    for stores in 0.. {
        let pair = Pair::of(ONE_SET);
        pair.words.kill_after(stores);
        for (at, step) in steps.iter().enumerate() {
            run(&pair, step);
            for id in 1..=5 {
                let found = pair.read(id);
                let was_cut = pair.words.was_killed();
                assert!(
                    may_find(&steps[..=at], was_cut, id, found.as_deref()),
                    "{found:?} of {id} after {stores} stores of {:?}",
                    &steps[..=at]
                );
            }
            if pair.words.was_killed() {
                break;
            }
        }
        if !pair.words.was_killed() {
            return;
        }
    }
}

#[test]
fn a_master_killed_at_any_store_leaves_old_copies_or_none() {
    let put = |id, data: &[u8]| Step::Put(id, data.to_vec());
    check(&[
        put(1, b"a session of some bytes"),
        put(1, b"another one, which is longer than the first"),
        Step::TakeOff(1),
        put(1, b"a third"),
        put(2, b"2"),
        put(3, b"3"),
        put(4, b"4"),
        put(5, b"which evicts the first"),
        Step::TakeOff(5),
        Step::Close,
    ]);
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..=5u64, proptest::collection::vec(any::<u8>(), 0..60)).prop_map(|(id, data)| Step::Put(id, data)),
        2 => (1..=5u64).prop_map(Step::TakeOff),
        1 => Just(Step::Close),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn whatever_the_master_did_before(steps in proptest::collection::vec(step(), 1..12)) {
        check(&steps);
    }
}
