//! Who has no token learns nothing from the memory but how many copies there are, how long each is,
//! and when they change.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::*;
use crudjt_core::Shelf;
use ring::digest::{SHA256, digest};

const SESSION: &[u8] = b"a session with the name of a user and his rights, user@example.org";

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A shelf of many copies, of which some were taken off.
fn filled() -> Pair {
    let pair = Pair::of(1 << 18);
    for id in 1..=400 {
        pair.put(id, START + 1_000_000_000 + id, &[SESSION, &id.to_le_bytes()].concat());
    }
    (1..=100).for_each(|id| pair.writer.take_off(id));
    pair
}

#[test]
fn no_token_no_data_no_key_and_no_expiry_is_in_the_memory() {
    let pair = filled();
    let bytes = pair.words.bytes();
    let salt = &bytes[16..32];
    for part in SESSION.windows(6) {
        assert!(!holds(&bytes, part));
    }
    for id in 1..=400 {
        assert!(!holds(&bytes, &block(id)[..8]) && !holds(&bytes, &token(id)[..8]));
        let derived = digest(&SHA256, &[b"crudjt shelf 1\0\0", salt, &block(id)].concat());
        // The name is there, which tells nothing of the key.
        assert!(!holds(&bytes, &derived.as_ref()[16..24]));
        assert!(!holds(&bytes, &(START + 1_000_000_000 + id).to_le_bytes()[..7]));
    }
}

#[test]
fn the_same_record_on_the_same_shelf_or_another_never_looks_the_same() {
    let (first, second) = (Pair::of(ONE_SET), Pair::of(ONE_SET));
    let mut seen = Vec::new();
    for pair in [&first, &second, &first, &second] {
        pair.put(7, u64::MAX, SESSION);
        seen.push(pair.words.bytes()[4096..].to_vec());
    }
    let sealed = |bytes: &Vec<u8>| {
        let slot = bytes.chunks(512).find(|slot| slot.iter().any(|byte| *byte != 0)).unwrap();
        slot[40..128].to_vec()
    };
    for (at, one) in seen.iter().enumerate() {
        for other in &seen[..at] {
            let same = sealed(one).iter().zip(sealed(other)).filter(|(a, b)| **a == *b).count();
            assert!(same < 12, "{same} of 88 bytes are the same");
        }
    }
}

#[test]
fn what_is_sealed_looks_random() {
    let bytes = filled().words.bytes();
    let mut counts = [0u32; 256];
    let mut total = 0u32;
    for slot in bytes[4096..].chunks(512) {
        let length = usize::from(u16::from_le_bytes([slot[32], slot[33]]));
        if length == 0 {
            continue;
        }
        let (name, sealed) = (&slot[16..32], &slot[40..40 + length + 24]);
        for byte in name.iter().chain(sealed) {
            counts[usize::from(*byte)] += 1;
            total += 1;
        }
    }
    let expected = f64::from(total) / 256.0;
    let chi: f64 =
        counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    // 255 degrees of freedom: mean 255, deviation 22.6; beyond eight deviations by chance never.
    assert!(total > 30_000 && (75.0..436.0).contains(&chi), "{chi} of {total} bytes");
}
