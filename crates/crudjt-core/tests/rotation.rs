//! Rotating the secret logs nobody out, whatever interrupts it, and a wrong key does a store no harm.
//!
//! `CRUDJT_ROTATIONS` stores (default 2) are tried, each interrupted before every step.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use std::path::PathBuf;

use common::*;
use crudjt_core::{JournalMode, KeyDomain, KeySlot, Options, Secret, Store, Token, keys, verify};
use trial::rotation::{Interruptions, Rotation};

fn all_seeds(what: &str, run: impl Fn(&Rotation) -> Interruptions) {
    let count = std::env::var("CRUDJT_ROTATIONS").map_or(2, |text| text.parse().unwrap());
    let mut sum = Interruptions::default();
    for seed in 0..count {
        sum += run(&Rotation::new(seed, MODES[seed as usize % 2]));
    }
    assert!(sum.kills > 20 * count && sum.cuts == sum.kills, "{sum}");
    println!("{what}: {sum}");
}

#[test]
fn a_rotation_interrupted_at_any_step_logs_nobody_out() {
    all_seeds("rotation", Rotation::rotate);
}

#[test]
fn a_wrong_key_interrupted_at_any_step_leaves_everything_to_the_right_one() {
    all_seeds("wrong key", Rotation::intrude);
}

#[test]
fn five_rotations_that_each_drop_the_old_secret_log_nobody_out() {
    let mut world = World::new(JournalMode::Mapped);
    let mut tokens = Vec::new();
    for newest in 1..=5u8 {
        world.secrets = [newest, newest - 1].into_iter().filter(|at| *at > 0).map(secret).collect();
        let store = world.open();
        tokens.push(create(&store, &[newest], None, None));
        store.close().unwrap();
        world.secrets = vec![secret(newest)];
        let store = world.open();
        for (at, token) in tokens.iter().enumerate() {
            assert_eq!(data_of(&store, token), Some(vec![at as u8 + 1]), "made under {}", at + 1);
        }
        world.kill(store);
    }
    world.secrets = vec![secret(4)];
    let store = world.open();
    let seen: Vec<_> = tokens.iter().map(|token| data_of(&store, token).is_some()).collect();
    assert_eq!(
        seen,
        [true, true, true, true, false],
        "a dropped secret opens what it opened before"
    );
}

/// Every file of a store but the one that names its owner, and what is in it.
fn contents(world: &World) -> Vec<(String, Vec<u8>)> {
    let read = |(path, _): (PathBuf, usize)| {
        let mut content = Vec::new();
        world.disk.edit(&path, |bytes| content.clone_from(bytes));
        (path.file_name().unwrap().to_string_lossy().into_owned(), content)
    };
    world.disk.files().into_iter().map(read).filter(|(name, _)| name != "owner").collect()
}

fn content<'a>(files: &'a [(String, Vec<u8>)], name: &str) -> &'a [u8] {
    &files.iter().find(|(known, _)| known == name).unwrap().1
}

/// A store with tokens at rest and in the journal, closed or killed.
fn used_store(closed: bool, checkpoint: bool) -> (World, Vec<Token>) {
    let mut world = World::new(JournalMode::Mapped);
    let store = world.open();
    let mut tokens: Vec<_> = (0..50u8).map(|at| create(&store, &[at], None, None)).collect();
    if checkpoint {
        store.checkpoint().unwrap();
    }
    tokens.extend((50..60u8).map(|at| create(&store, &[at], None, None)));
    if closed {
        store.close().unwrap()
    } else {
        world.kill(store)
    }
    (world, tokens)
}

#[test]
fn a_refused_wrong_key_changes_no_byte() {
    for (closed, checkpoint) in [(true, true), (false, true), (false, false)] {
        let (world, tokens) = used_store(closed, checkpoint);
        let before = contents(&world);
        let strict = |number| Options {
            require_known_key: true,
            secrets: vec![secret(number)],
            ..world.options()
        };
        for number in [7, 8] {
            let error = Store::open(strict(number)).err().unwrap();
            assert_eq!(error.code(), "ERR_CRUDJT_UNKNOWN_KEY");
        }
        assert!(contents(&world) == before, "closed: {closed}, checkpoint: {checkpoint}");
        let store = Store::open(strict(1)).unwrap();
        assert!(tokens.iter().all(|token| data_of(&store, token).is_some()));
    }
}

#[test]
fn an_accepted_wrong_key_changes_no_slot_and_no_record() {
    for closed in [true, false] {
        let (mut world, tokens) = used_store(closed, true);
        let before = contents(&world);
        world.secrets = vec![secret(7)];
        let store = world.open();
        assert!(tokens.iter().all(|token| data_of(&store, token).is_none()));
        assert!(!update(&store, &tokens[0], b"mine", None, None) && !delete(&store, &tokens[1]));
        store.close().unwrap();
        for name in ["keyring", "keyring.copy"] {
            assert_eq!(content(&contents(&world), name), content(&before, name));
        }
        let store = world.open();
        create(&store, b"mine", None, None);
        store.sweep().unwrap();
        store.close().unwrap();
        let slots = |files: &[(String, Vec<u8>)], count: usize| {
            content(files, "keyring")[40..40 + count * 118].to_vec()
        };
        assert_eq!(slots(&contents(&world), 1), slots(&before, 1));
        world.secrets = vec![secret(1)];
        let verified = verify(&world.options(), &mut |_, _| ()).unwrap();
        assert!(verified.is_sound());
        assert_eq!((verified.records, verified.opened), (61, 60));
        let store = world.open();
        for (at, token) in tokens.iter().enumerate() {
            assert_eq!(data_of(&store, token), Some(vec![at as u8]));
        }
    }
}

#[test]
fn key_domains_are_listed_with_their_ages_and_the_slots_that_open() {
    let mut world = World::new(JournalMode::Mapped);
    create(&world.open(), b"old", None, None);
    world.clock.advance(86_400_000);
    world.secrets = vec![secret(2), secret(1)];
    let store = world.open();
    create(&store, b"new", None, None);
    let listed = |secrets: Vec<Secret>| keys(&Options { secrets, ..world.options() }).unwrap();
    let shape = |domains: Vec<KeyDomain>| {
        let slot = |slot: &KeySlot| (slot.is_own, slot.created.unwrap() - START, slot.opens);
        let slots = |domain: KeyDomain| domain.slots.iter().map(slot).collect::<Vec<_>>();
        domains.into_iter().map(slots).collect::<Vec<_>>()
    };
    let day = 86_400_000;
    let none = vec![vec![(true, 0, false), (false, day, false)], vec![(true, day, false)]];
    assert_eq!(shape(listed(Vec::new())), none, "in use, and without a secret");
    let new = vec![vec![(true, 0, false), (false, day, true)], vec![(true, day, true)]];
    assert_eq!(shape(listed(vec![secret(2)])), new);
    let old = vec![vec![(true, 0, true), (false, day, false)], vec![(true, day, false)]];
    assert_eq!(shape(listed(vec![secret(1)])), old);
    let prints: Vec<_> = listed(Vec::new()).into_iter().map(|it| it.fingerprint).collect();
    assert!(prints[0] != prints[1] && prints.iter().all(|print| print.len() == 8));
    for name in ["keyring", "keyring.copy"] {
        world.disk.edit(&world.path.join(name), |bytes| bytes[60] ^= 1);
    }
    assert_eq!(keys(&world.options()).err().unwrap().code(), "ERR_CRUDJT_DAMAGED");
}

#[test]
fn a_slot_with_a_changed_time_opens_nothing() {
    let mut world = World::new(JournalMode::Mapped);
    let store = world.open();
    let token = create(&store, b"kept", None, None);
    store.close().unwrap();
    for name in ["keyring", "keyring.copy"] {
        world.disk.edit(&world.path.join(name), |bytes| {
            bytes[40 + 110] ^= 1;
            let body = bytes.len() - 8;
            let sum = twox_hash::XxHash3_64::oneshot(&bytes[..body]);
            bytes[body..].copy_from_slice(&sum.to_le_bytes());
        });
    }
    world.events = std::sync::Arc::default();
    assert_eq!(data_of(&world.open(), &token), None);
    assert!(world.codes().contains(&"CRUDJT_NEW_KEY"));
}
