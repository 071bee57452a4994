//! No nonce is used twice.

use crate::common::medium::ENTRIES;
use crate::common::*;
use crate::{begun, small};

/// Epoch and nonce of each record in a segment's bytes.
fn seals(segment: &[u8]) -> Vec<[u8; 9]> {
    let (mut found, mut entries) = (Vec::new(), &segment[ENTRIES as usize..]);
    while let Some((head, payload)) = entries.split_at_checked(24).filter(|(head, _)| head[4] != 0)
    {
        let length = u32::from_le_bytes(*head.first_chunk().unwrap()) as usize;
        if head[4] == 1 {
            // An id of 8 bytes, format and flags, then the epoch and the nonce.
            found.push(*payload[10..].first_chunk().unwrap());
        }
        entries = &payload[length.next_multiple_of(8)..];
    }
    found
}

/// Epoch and nonce of each record in the journal.
fn journal_seals(world: &World) -> Vec<[u8; 9]> {
    let mut found = Vec::new();
    for path in begun(world) {
        world.disk.edit(&path, |bytes| found.extend(seals(bytes)));
    }
    found
}

#[test]
fn no_nonce_is_used_twice_under_one_epoch_across_closes_and_kills() {
    for (mode, closing) in MODES.into_iter().flat_map(|mode| [(mode, true), (mode, false)]) {
        let mut world = World { epoch_seals: 4, ..small(mode) };
        let mut found = Vec::new();
        for _ in 0..4 {
            let store = world.open();
            let token = create(&store, b"sealed", None, Some(9));
            (0..4).for_each(|_| assert!(read(&store, &token).is_some()));
            assert!(update(&store, &token, b"sealed again", None, None));
            if closing {
                found.extend(journal_seals(&world));
                store.close().unwrap();
            } else {
                world.kill(store);
            }
        }
        found.extend(journal_seals(&world));
        let different: std::collections::BTreeSet<_> = found.iter().collect();
        assert_eq!((found.len(), different.len()), (24, 24), "closing: {closing}");
    }
}
