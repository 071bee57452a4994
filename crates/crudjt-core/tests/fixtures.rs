//! Stores of this format that are kept in git, sound and damaged: every later version must still
//! read them, and still recognise what is wrong with them.
//!
//! `CRUDJT_MAKE_FIXTURES=1` makes those that are missing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use common::*;
use crudjt_core::{FindingKind, OUT_BYTES, Reading, Repair, Store, repair, verify};
use trial::damage::{Case, ExpectedRead, Image, fixture, fixture_path, save_fixture, world_of};

/// What is kept: a name, whether the store was closed, and what was done to it.
fn kept() -> Vec<(&'static str, bool, Option<Case>)> {
    let records = || "records".to_owned();
    let keyring = || "keyring".to_owned();
    vec![
        ("closed", true, None),
        ("killed", false, None),
        ("keyring-damaged", true, Some(Case::Flip { file: keyring(), at: 70, by: 1 })),
        ("records-cut", false, Some(Case::Truncate { file: records(), length: 60_000 })),
        ("records-zeroed", true, Some(Case::Zero { file: records(), from: 0, length: 4096 })),
    ]
}

#[test]
fn every_fixture_exists() {
    for (name, closed, case) in kept() {
        if std::env::var_os("CRUDJT_MAKE_FIXTURES").is_some() && !fixture_path(name).exists() {
            let image = Image::make_small(closed);
            let files = case.map_or_else(|| image.files.clone(), |case| case.apply(&image));
            save_fixture(name, &files, &image.tokens);
        }
        assert!(fixture_path(name).exists(), "{name} is missing");
    }
}

/// How many tokens read as they must; none may read as anything else.
fn right(store: &Store, tokens: &[ExpectedRead]) -> usize {
    let mut out = vec![0; OUT_BYTES];
    let is_right = |(token, expected): &&ExpectedRead| match (
        store.read(token.as_bytes(), None, &mut out),
        expected,
    ) {
        (Ok(Reading::Found(_, length)), Some(data)) => {
            assert_eq!(out[..length], data[..]);
            true
        }
        (Ok(Reading::Absent), None) => true,
        (Ok(Reading::Absent), Some(_)) => false,
        (other, _) => panic!("{other:?}"),
    };
    tokens.iter().filter(is_right).count()
}

#[test]
fn sound_stores_of_version_1_are_read_and_written() {
    for name in ["closed", "killed", "keyring-damaged"] {
        let (files, tokens) = fixture(name);
        let world = world_of(&files);
        let verified = verify(&world.options(), &mut |_, _| ()).unwrap();
        assert_eq!(verified.is_sound(), name != "keyring-damaged", "{:?}", verified.findings);
        let store = world.open();
        assert_eq!(right(&store, &tokens), tokens.len(), "{name}");
        let fresh = create(&store, b"goes on", None, None);
        store.close().unwrap();
        assert!(verify(&world.options(), &mut |_, _| ()).unwrap().is_sound());
        assert_eq!(data_of(&world.open(), &fresh), Some(b"goes on".to_vec()));
    }
}

#[test]
fn damaged_stores_of_version_1_lose_nothing_and_are_diagnosed_and_repaired() {
    for (name, salvaged) in [("records-cut", 9), ("records-zeroed", 9)] {
        let (files, tokens) = fixture(name);
        let world = world_of(&files);
        // Of the cut file only pages without records are gone; of the other one what says to which store
        // it belongs, which the checksums tell too.
        assert!(right(&world_of(&files).open(), &tokens) >= salvaged, "{name}");
        let verified = verify(&world.options(), &mut |_, _| ()).unwrap();
        assert!(verified.findings.iter().any(|finding| finding.kind == FindingKind::Block));
        let repaired = repair(&world.options(), &Repair::default(), &mut |_, _| ()).unwrap();
        let copy = World { path: repaired.path, ..world };
        assert!(repaired.salvaged >= salvaged as u64, "{name}: {} salvaged", repaired.salvaged);
        assert!(right(&copy.open(), &tokens) >= repaired.salvaged as usize);
    }
}
