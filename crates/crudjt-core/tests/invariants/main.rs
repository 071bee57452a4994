//! The invariants of the write path, each in a test that fails when the invariant is taken out.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod expiry;
mod failing_disk;
mod reader_index;
mod shelf;
mod threads;
mod tree_rollback;

use common::World;
use crudjt_core::JournalMode;

fn small(journal: JournalMode) -> World {
    World { segment_bytes: 16 << 10, ..World::new(journal) }
}
