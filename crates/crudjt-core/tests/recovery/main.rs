//! Recovery after a kill, a power loss or a full disk at the worst moment: nothing that was synced is
//! lost, nothing dead comes back, and the store goes on.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod kill;
mod lost_sectors;
mod nonces;
mod power_loss;

use std::path::PathBuf;

use common::medium::{BEGIN_AT, ENTRIES};
use common::*;
use crudjt_core::{JournalMode, Store, Token};

fn small(journal: JournalMode) -> World {
    World { segment_bytes: 16 << 10, ..World::new(journal) }
}

fn alive(store: &Store, tokens: &[Token]) -> Vec<bool> {
    tokens.iter().map(|token| data_of(store, token).is_some()).collect()
}

fn begins_at(bytes: &mut [u8]) -> &mut [u8] {
    &mut bytes[BEGIN_AT as usize..][..512]
}

/// The segments with room for entries that were begun.
fn begun(world: &World) -> Vec<PathBuf> {
    let is_begun = |path: &PathBuf| {
        let mut found = false;
        world.disk.edit(path, |bytes| found = begins_at(bytes).iter().any(|byte| *byte != 0));
        found
    };
    let segments = world.disk.files().into_iter().filter(|(path, size)| {
        path.to_string_lossy().contains("journal-") && *size > ENTRIES as usize
    });
    segments.map(|(path, _)| path).filter(is_begun).collect()
}

/// Creates a token without committing anything to make room; three fill a segment.
fn create_uncommitted(store: &Store) -> Token {
    try_create_uncommitted(store, &[1; 3500]).unwrap()
}
