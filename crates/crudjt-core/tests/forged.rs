//! Anyone who can write a store's files can forge their checksums. `verify` finds a forged B-tree that
//! redb would misuse, and an opening with `check_pages` refuses it: redb's panics never abort the
//! process.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod hostile;
mod trial;

/// Every how manieth byte is forged: `CRUDJT_FORGED=1` takes all, which takes minutes.
fn step() -> usize {
    std::env::var("CRUDJT_FORGED").map_or(61, |step| step.parse().unwrap())
}

fn forge(store: &str) {
    let (cases, refused) = hostile::files::forge(store, step());
    println!("a {store} store: {cases} cases, {refused} refused");
    assert!(refused > 0 && refused < cases);
}

#[test]
fn a_closed_store_with_a_forged_b_tree_is_refused_or_works() {
    forge("closed");
}

#[test]
fn a_killed_store_with_a_forged_b_tree_is_refused_or_works() {
    forge("killed");
}
