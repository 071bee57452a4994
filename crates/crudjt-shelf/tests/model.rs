//! Random calls of a master, compared with a plain map: what is found is what a reader may be given,
//! and a record that was put and not changed, evicted or expired is found.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::collections::HashMap;

use common::*;
use crudjt_core::Shelf;
use crudjt_shelf::{Look, Memo};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    /// Takes the mark of a record's read.
    Mark(u64),
    /// Puts what was read at the mark.
    Put {
        id: u64,
        length: usize,
        lives: Option<u64>,
    },
    TakeOff(u64),
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let id = || 1..=12u64;
    let lives = proptest::option::of(1..3_000u64);
    prop_oneof![
        3 => id().prop_map(Step::Mark),
        4 => (id(), 0..500usize, lives).prop_map(|(id, length, lives)| Step::Put { id, length, lives }),
        2 => id().prop_map(Step::TakeOff),
        1 => (0..900u64).prop_map(Step::Advance),
    ]
}

/// What was last put for a record, if it was not changed since.
struct Known {
    data: Vec<u8>,
    expiry: u64,
}

#[derive(Default)]
struct Model {
    changes: u64,
    last_change: HashMap<u64, u64>,
    marks: HashMap<u64, u64>,
    known: HashMap<u64, Known>,
    memos: HashMap<u64, (Memo, Vec<u8>)>,
    puts: u64,
}

impl Model {
    fn run(&mut self, pair: &Pair, step: &Step) {
        match *step {
            Step::Mark(id) => _ = self.marks.insert(id, pair.writer.mark()),
            Step::Put { id, length, lives } => {
                let Some(mark) = self.marks.get(&id).copied() else { return };
                self.puts += 1;
                let data = vec![self.puts as u8; length];
                let expiry =
                    lives.map_or(u64::MAX, |lives| START - CLOCK + pair.clock.millis() + lives);
                pair.put_since(mark, id, expiry, &data);
                let is_refused = self.last_change.get(&id).is_some_and(|last| *last > mark)
                    || self.changes - mark > 64
                    || length > crudjt_shelf::MAX_COPY_SIZE;
                if !is_refused {
                    self.known.insert(id, Known { data, expiry });
                }
            }
            Step::TakeOff(id) => {
                pair.writer.take_off(id);
                self.changes += 1;
                self.last_change.insert(id, self.changes);
                self.known.remove(&id);
            }
            Step::Advance(by) => {
                pair.clock.advance(by);
                pair.own_clock.advance(by);
            }
        }
    }

    fn check(&mut self, pair: &Pair, evicts: bool) {
        let time = START - CLOCK + pair.clock.millis();
        for id in 1..=12 {
            let memo = self.memos.get(&id).cloned();
            let (look, data) = pair.look(id, memo.as_ref().map(|(memo, _)| memo));
            let known = self.known.get(&id).filter(|known| known.expiry > time);
            let found = match look {
                Look::Found { memo, .. } => {
                    self.memos.insert(id, (memo, data.clone().unwrap()));
                    data
                }
                Look::Unchanged { .. } => memo.map(|(_, data)| data),
                Look::Absent => None,
                Look::Ended => panic!("the shelf is kept"),
            };
            let expected = known.map(|known| known.data.clone());
            assert!(
                found == expected || evicts && found.is_none(),
                "{id}: {found:?}, {expected:?}"
            );
        }
    }
}

proptest! {
    #[test]
    fn a_shelf_with_room_for_all_finds_what_the_model_knows(steps in proptest::collection::vec(step(), 1..80)) {
        // A set for nearly each record; with four ways none is evicted.
        let (pair, mut model) = (Pair::of(64 * ONE_SET), Model::default());
        for step in &steps {
            model.run(&pair, step);
            model.check(&pair, false);
        }
    }

    #[test]
    fn a_small_shelf_finds_that_or_nothing(steps in proptest::collection::vec(step(), 1..80)) {
        let (pair, mut model) = (Pair::of(ONE_SET), Model::default());
        for step in &steps {
            model.run(&pair, step);
            model.check(&pair, true);
        }
    }
}
