//! The test of the tests: each guard of the shelf is taken out, and its trial has to notice.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
#[cfg(target_os = "linux")]
mod hostile;
mod trial;

use std::panic::catch_unwind;

use crudjt_shelf::sabotage::{Breakage, switch};

/// Each guard, and its trial.
const BROKEN: &[(Breakage, fn())] = &[
    (Breakage::MarkUnchecked, trial::a_copy_from_before_a_change_is_refused),
    (Breakage::CopyKept, trial::a_change_takes_the_copy_off),
    (Breakage::LeaseUnchecked, trial::a_dead_masters_shelf_is_given_up_with_the_lease),
    (Breakage::SequenceUnchecked, trial::a_slot_that_was_left_odd_is_not_copied),
    (Breakage::SequenceUnchecked, trial::what_is_copied_is_whole),
    (Breakage::StateUnchecked, trial::a_closed_shelf_is_given_up_at_once),
    (Breakage::ClosedFilled, trial::a_closed_shelf_is_not_filled),
    (Breakage::NewestIgnored, trial::the_newest_time_expires_what_the_own_clock_does_not),
    (Breakage::ExpiryIgnored, trial::the_own_clock_expires_a_record),
    #[cfg(target_os = "linux")]
    (Breakage::SealsUnchecked, hostile::what_can_be_truncated_is_refused),
];

#[test]
fn each_trial_notices_its_missing_guard() {
    for (breakage, trial) in BROKEN {
        switch(None);
        trial();
        switch(Some(*breakage));
        // What depends on how threads interleave is tried more than once.
        let noticed = (0..20).any(|_| catch_unwind(trial).is_err());
        switch(None);
        assert!(noticed, "{breakage:?}");
    }
}
