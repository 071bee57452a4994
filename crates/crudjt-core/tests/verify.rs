//! `verify` finds what is wrong, calls sound what is sound, and changes nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};

use common::*;
use crudjt_core::storage::{Mode, Storage};
use crudjt_core::{FindingKind, JournalMode, Options, Store, Token, Verified, verify};

const SLOT: usize = 4096 + 8;

/// Of a store that nobody has open: its segments come and go by themselves.
fn content(world: &World) -> Vec<(PathBuf, Vec<u8>)> {
    let files = world.disk.files().into_iter();
    files.map(|(path, size)| (path.clone(), file_content(world, &path, size))).collect()
}

fn file_content(world: &World, path: &Path, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    world.disk.open(path, Mode::Read).unwrap().read_at(0, &mut bytes).unwrap();
    bytes
}

fn tree_content(world: &World) -> Vec<u8> {
    let (path, size) =
        world.disk.files().into_iter().find(|(path, _)| path.ends_with("records")).unwrap();
    file_content(world, &path, size)
}

/// Verifies, and sees that not a byte changes.
fn look(world: &World) -> Verified {
    let before = content(world);
    let verified = verify(&world.options(), &mut |done, total| assert!(done <= total)).unwrap();
    assert!(before == content(world), "verify changed something");
    verified
}

fn kinds(verified: &Verified) -> Vec<FindingKind> {
    let mut kinds: Vec<_> = verified.findings.iter().map(|finding| finding.kind).collect();
    kinds.dedup();
    kinds
}

/// A killed store: 300 tokens in the B-tree, of which the journal deletes 20, updates one and
/// creates ten more.
fn killed() -> (World, Vec<Token>) {
    let mut world = World::new(JournalMode::Mapped);
    let store = world.open();
    let mut tokens: Vec<_> =
        (0..300).map(|at| create(&store, &[7; 200], Some(at + 60), None)).collect();
    store.checkpoint().unwrap();
    tokens.drain(..20).for_each(|token| assert!(delete(&store, &token)));
    assert!(update(&store, &tokens[0], b"changed", None, None));
    tokens.extend((0..10).map(|_| create(&store, b"new", None, Some(3))));
    store.flush().unwrap();
    world.kill(store);
    (world, tokens)
}

fn closed() -> World {
    let (world, _) = killed();
    world.open().close().unwrap();
    world
}

fn segment_with_entries(world: &World) -> PathBuf {
    let entries = |path: &PathBuf| {
        let mut used = false;
        world.disk.edit(path, |bytes| used = bytes.len() > 4120 && bytes[4096..4120] != [0; 24]);
        used
    };
    let segments = world.disk.files().into_iter().map(|(path, _)| path);
    let mut found =
        segments.filter(|path| path.to_string_lossy().contains("journal-")).filter(entries);
    found.next_back().unwrap()
}

#[test]
fn closed_and_killed_stores_are_sound() {
    let (world, tokens) = killed();
    let verified = look(&world);
    assert!(verified.is_sound(), "{:?}", verified.findings);
    assert_eq!((verified.records, verified.opened), (290, 290));
    assert!(verified.entries > 30 && verified.segments > 1 && verified.blocks > 20);
    world.open().close().unwrap();
    let verified = look(&world);
    assert!(verified.is_sound(), "{:?}", verified.findings);
    assert_eq!((verified.records, verified.entries), (tokens.len() as u64, 0));
}

#[test]
fn expired_records_are_counted_and_foreign_keys_open_none() {
    let (mut world, _) = killed();
    world.clock.advance(120_000);
    world.secrets = vec![secret(9)];
    let verified = look(&world);
    assert!(verified.is_sound(), "{:?}", verified.findings);
    assert_eq!((verified.records, verified.opened, verified.expired), (290, 0, 40));
    world.secrets.clear();
    assert!(look(&world).is_sound());
}

#[test]
fn a_new_store_that_is_killed_or_closed_is_sound() {
    let mut world = World::new(JournalMode::Plain);
    let store = world.open();
    world.kill(store);
    assert!(look(&world).is_sound(), "{:?}", look(&world).findings);
    world.open().close().unwrap();
    assert!(look(&world).is_sound(), "{:?}", look(&world).findings);
}

#[test]
fn an_open_store_is_refused() {
    let world = World::new(JournalMode::Mapped);
    let store = world.open();
    let refused = verify(&world.options(), &mut |_, _| ()).err().unwrap();
    assert_eq!(refused.code(), "ERR_CRUDJT_STORE_LOCKED");
    store.close().unwrap();
    assert!(look(&world).is_sound());
}

#[test]
fn a_folder_without_a_store_is_refused() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for path in [folder.path().to_path_buf(), folder.path().join("missing")] {
        let refused = verify(&Options::new(&path, Vec::new()), &mut |_, _| ()).err().unwrap();
        assert_eq!(refused.code(), "ERR_CRUDJT_PATH", "{refused}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_store_on_a_real_disk_is_verified_without_a_change() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let options = Options::new(folder.path().join("store"), vec![secret(1)]);
    let store = Store::open(options.clone()).unwrap();
    (0..50).for_each(|_| {
        create(&store, b"kept", None, None);
    });
    let refused = verify(&options, &mut |_, _| ()).err().unwrap();
    assert_eq!(refused.code(), "ERR_CRUDJT_STORE_LOCKED");
    store.close().unwrap();
    let names = || std::fs::read_dir(&options.path).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| (std::fs::read(&path).unwrap(), path);
    let before: Vec<_> = names().map(read).collect();
    let mut steps = Vec::new();
    let verified = verify(&options, &mut |done, total| steps.push((done, total))).unwrap();
    assert!(verified.is_sound() && verified.opened == 50, "{verified:?}");
    assert!(steps.first().unwrap().0 == 0 && steps.last().unwrap().0 == steps.last().unwrap().1);
    assert!(names().map(read).collect::<Vec<_>>() == before);
}

#[test]
fn a_changed_byte_in_a_used_block_is_found_in_that_block() {
    let world = closed();
    let records = world.path.join("records");
    let size = world.disk.files().iter().find(|(path, _)| *path == records).unwrap().1;
    let mut found = 0;
    for block in 1..(size - 4096) / SLOT {
        world.disk.edit(&records, |bytes| bytes[4096 + block * SLOT + 2000] ^= 1);
        let verified = look(&world);
        let at_block = |finding: &crudjt_core::Finding| {
            finding.kind == FindingKind::Block && finding.place == Some(block as u64)
        };
        if !verified.is_sound() {
            found += 1;
            assert!(verified.findings.iter().any(at_block), "{:?}", verified.findings);
        }
        world.disk.edit(&records, |bytes| bytes[4096 + block * SLOT + 2000] ^= 1);
    }
    assert!(found > 20, "only {found} blocks matter");
}

#[test]
fn a_header_that_does_not_match_its_file_is_found() {
    let world = closed();
    let records = world.path.join("records");
    for at in [4096 + 20, 4096 + 23, 4096 + 64, 4096 + 192] {
        world.disk.edit(&records, |bytes| bytes[at] ^= 0x81);
        assert_eq!(kinds(&look(&world)), [FindingKind::Block]);
        world.disk.edit(&records, |bytes| bytes[at] ^= 0x81);
    }
    world.disk.edit(&records, |bytes| bytes.truncate(bytes.len() - 1));
    assert_eq!(kinds(&look(&world)), [FindingKind::Block]);
}

#[test]
fn an_older_state_of_a_block_is_found() {
    let world = World::new(JournalMode::Mapped);
    let store = world.open();
    let tokens: Vec<_> = (0..100).map(|_| create(&store, &[1; 200], None, None)).collect();
    store.checkpoint().unwrap();
    let older = tree_content(&world);
    for round in 0..4u8 {
        tokens.iter().for_each(|token| assert!(update(&store, token, &[round; 200], None, None)));
        store.checkpoint().unwrap();
    }
    store.close().unwrap();
    let mut found = 0;
    let newest = tree_content(&world);
    for block in 1..(older.len().min(newest.len()) - 4096) / SLOT {
        let range = 4096 + block * SLOT..4096 + (block + 1) * SLOT;
        let mut newer = Vec::new();
        let mut differs = false;
        world.disk.edit(&world.path.join("records"), |bytes| {
            newer = bytes[range.clone()].to_vec();
            differs =
                newer != older[range.clone()] && older[range.clone()].iter().any(|byte| *byte != 0);
            bytes[range.clone()].copy_from_slice(&older[range.clone()]);
        });
        found += usize::from(differs && !look(&world).is_sound());
        world.disk.edit(&world.path.join("records"), |bytes| bytes[range].copy_from_slice(&newer));
    }
    assert!(found > 3, "only {found} older blocks were met");
    assert!(look(&world).is_sound());
}

#[test]
fn a_damaged_or_missing_copy_of_the_keyring_is_found() {
    let world = closed();
    for name in ["keyring", "keyring.copy"] {
        let path = world.path.join(name);
        world.disk.edit(&path, |bytes| bytes[60] ^= 1);
        assert_eq!((kinds(&look(&world)), look(&world).opened), (vec![FindingKind::Keyring], 290));
        world.disk.edit(&path, |bytes| bytes[60] ^= 1);
        assert!(look(&world).is_sound());
    }
    world.disk.remove(&world.path.join("keyring")).unwrap();
    assert_eq!(kinds(&look(&world)), [FindingKind::Keyring]);
    world.disk.remove(&world.path.join("keyring.copy")).unwrap();
    assert!(kinds(&look(&world)).contains(&FindingKind::Keyring));
}

#[test]
fn a_changed_synced_entry_is_found_and_those_after_it_are_still_read() {
    let (world, _) = killed();
    let whole = look(&world).entries;
    let path = segment_with_entries(&world);
    world.disk.edit(&path, |bytes| bytes[4096 + 8 + 24 + 2] ^= 1);
    let verified = look(&world);
    assert_eq!(kinds(&verified), [FindingKind::Journal], "{:?}", verified.findings);
    assert!(verified.entries > whole - 4, "{} of {whole}", verified.entries);
}

#[test]
fn older_files_and_files_of_other_stores_are_found() {
    let (world, _) = killed();
    let old = world.disk.copy();
    let store = world.open();
    (0..100).for_each(|_| {
        create(&store, &[3; 100], None, None);
    });
    store.close().unwrap();
    let replace = |disk: &dyn Storage, name: &Path, bytes: &[u8]| {
        let file = disk.open(name, Mode::Either).unwrap();
        file.set_size(0).unwrap();
        file.write_at(0, bytes).unwrap();
    };
    let mut bytes = Vec::new();
    old.edit(&world.path.join("records"), |old| bytes.clone_from(old));
    replace(&world.disk, &world.path.join("records"), &bytes);
    assert_eq!(kinds(&look(&world)), [FindingKind::Journal]);
    let (other, _) = killed();
    other.disk.edit(&other.path.join("records"), |other| bytes.clone_from(other));
    replace(&world.disk, &world.path.join("records"), &bytes);
    assert!(kinds(&look(&world)).contains(&FindingKind::Block));
}
