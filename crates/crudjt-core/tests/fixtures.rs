//! Stores of format version 1 (one with a keyring of version 2) that are kept in git, sound and
//! damaged: every later version must still read them, and still recognise what is wrong with them.
//!
//! A fixture is one file: for each file of the store a line `name length` and its bytes, without
//! the zeros of runs of 64 and more, which stand as their length. `CRUDJT_MAKE_FIXTURES=1` makes
//! those that are missing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod trial;

use std::fs;
use std::path::PathBuf;

use common::*;
use crudjt_core::{FindingKind, OUT_BYTES, Reading, Repair, Store, keys, repair, verify};
use trial::damage::{Case, Files, Image, Known, world_of};

const RUN: usize = 64;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Runs of zeros and what lies between them: u32 zeros, u32 bytes, the bytes.
fn pack(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let zeros = bytes[at..].iter().take_while(|byte| **byte == 0).count();
        let rest = &bytes[at + zeros..];
        let plain = rest.windows(RUN).position(|run| run.iter().all(|byte| *byte == 0));
        let plain = &rest[..plain.unwrap_or(rest.len())];
        out.extend((zeros as u32).to_le_bytes());
        out.extend((plain.len() as u32).to_le_bytes());
        out.extend(plain);
        at += zeros + plain.len();
    }
    out
}

fn unpack(mut packed: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let length = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap()) as usize;
    while let Some((head, rest)) = packed.split_at_checked(8) {
        out.resize(out.len() + length(&head[..4]), 0);
        let (plain, rest) = rest.split_at(length(&head[4..]));
        out.extend(plain);
        packed = rest;
    }
    out
}

fn save(name: &str, files: &Files, tokens: &[Known]) {
    let mut out = Vec::new();
    let texts = tokens.iter().map(|(token, data)| match data {
        Some(data) => format!("{token} {}\n", String::from_utf8_lossy(data)),
        None => format!("{token}\n"),
    });
    let texts = ("tokens".to_owned(), texts.collect::<String>().into_bytes());
    for (file, bytes) in files.clone().into_iter().chain([texts]) {
        let packed = pack(&bytes);
        out.extend(format!("{file} {}\n", packed.len()).into_bytes());
        out.extend(packed);
    }
    fs::write(path(name), out).unwrap();
}

fn load(name: &str) -> (Files, Vec<Known>) {
    let bytes = fs::read(path(name)).unwrap();
    let (mut files, mut rest) = (Files::new(), bytes.as_slice());
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        let line = std::str::from_utf8(&rest[..end]).unwrap();
        let (file, length) = line.split_once(' ').unwrap();
        let (packed, behind) = rest[end + 1..].split_at(length.parse().unwrap());
        files.insert(file.to_owned(), unpack(packed));
        rest = behind;
    }
    let texts = String::from_utf8(files.remove("tokens").unwrap()).unwrap();
    let known = |line: &str| match line.split_once(' ') {
        Some((token, data)) => (token.to_owned(), Some(data.as_bytes().to_vec())),
        None => (line.to_owned(), None),
    };
    (files, texts.lines().map(known).collect())
}

/// What is kept: a name, whether the store was closed, and what was done to it.
fn kept() -> Vec<(&'static str, bool, Option<Case>)> {
    let records = || "records".to_owned();
    let keyring = || "keyring".to_owned();
    vec![
        ("closed", true, None),
        ("closed-keyring-2", true, None),
        ("killed", false, None),
        ("keyring-damaged", true, Some(Case::Flip { file: keyring(), at: 70, by: 1 })),
        ("records-cut", false, Some(Case::Truncate { file: records(), length: 60_000 })),
        ("records-zeroed", true, Some(Case::Zero { file: records(), from: 0, length: 4096 })),
    ]
}

#[test]
fn fixtures_are_made_where_they_are_missing() {
    for (name, closed, case) in kept() {
        if std::env::var_os("CRUDJT_MAKE_FIXTURES").is_some() && !path(name).exists() {
            let image = Image::make_small(closed);
            let files = case.map_or_else(|| image.files.clone(), |case| case.apply(&image));
            save(name, &files, &image.tokens);
        }
        assert!(path(name).exists(), "{name} is missing");
    }
}

/// How many tokens read as they must; none may read as anything else.
fn right(store: &Store, tokens: &[Known]) -> usize {
    let mut out = vec![0; OUT_BYTES];
    let is_right =
        |(token, expected): &&Known| match (store.read(token.as_bytes(), None, &mut out), expected)
        {
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
fn sound_stores_of_version_1_are_read_and_go_on() {
    for name in ["closed", "closed-keyring-2", "killed", "keyring-damaged"] {
        let (files, tokens) = load(name);
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
fn damaged_stores_of_version_1_are_refused_recognised_and_repaired() {
    for name in ["records-cut", "records-zeroed"] {
        let (files, tokens) = load(name);
        let world = world_of(&files);
        let code = world.try_open().err().map(|error| error.code()).unwrap();
        assert!(["ERR_CRUDJT_DAMAGED", "ERR_CRUDJT_STORAGE"].contains(&code), "{name}: {code}");
        let verified = verify(&world.options(), &mut |_, _| ()).unwrap();
        assert!(verified.findings.iter().any(|finding| finding.kind == FindingKind::Block));
        let repaired = repair(&world.options(), &Repair::default(), &mut |_, _| ()).unwrap();
        let copy = World { path: repaired.path, ..world };
        assert!(right(&copy.open(), &tokens) >= repaired.salvaged as usize);
    }
}

#[test]
fn keyrings_of_version_1_know_no_age_and_go_on_as_version_2() {
    for (name, has_age) in [("closed", false), ("closed-keyring-2", true)] {
        let (files, tokens) = load(name);
        let mut world = world_of(&files);
        let listed = keys(&world.options()).unwrap();
        assert_eq!((listed.len(), listed[0].slots.len()), (1, 1));
        assert_eq!(listed[0].slots[0].created.is_some(), has_age, "{name}");
        world.secrets.insert(0, secret(77));
        world.open().close().unwrap();
        world.secrets.truncate(1);
        assert_eq!(right(&world.open(), &tokens), tokens.len(), "the old secret was dropped");
        let slots = &keys(&world.options()).unwrap()[0].slots;
        let ages: Vec<_> = slots.iter().map(|slot| slot.created.is_some()).collect();
        assert_eq!(ages, [has_age, true]);
    }
}
