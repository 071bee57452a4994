//! Opening what can't be opened: each case has its code, and loses nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::*;
use crudjt_core::storage::{Mode, Storage};
use crudjt_core::{Error, JournalMode, Options, Store, Token};

/// A closed store with one token.
fn closed() -> (World, Token) {
    let world = World::new(JournalMode::Mapped);
    let store = world.open();
    let token = create(&store, b"kept", None, None);
    store.close().unwrap();
    (world, token)
}

fn code(world: &World) -> Option<&'static str> {
    world.try_open().err().map(|error| error.code())
}

fn assert_intact(world: &World, token: &Token) {
    assert_eq!(data_of(&world.open(), token), Some(b"kept".to_vec()));
}

#[test]
fn another_secret_sees_nothing_harms_nothing_and_is_reported_once() {
    let (mut world, token) = closed();
    world.secrets = vec![secret(2)];
    let store = world.open();
    assert_eq!((data_of(&store, &token), delete(&store, &token)), (None, false));
    let other = create(&store, b"other", None, None);
    assert_eq!(data_of(&store, &other), Some(b"other".to_vec()));
    store.close().unwrap();
    assert_eq!(world.codes(), ["CRUDJT_NEW_KEY"]);
    world.secrets = vec![secret(1)];
    let store = world.open();
    assert_eq!((data_of(&store, &token), data_of(&store, &other)), (Some(b"kept".to_vec()), None));
    store.close().unwrap();
    world.secrets = vec![secret(2)];
    assert_eq!(data_of(&world.open(), &other), Some(b"other".to_vec()));
    assert_eq!(world.codes(), ["CRUDJT_NEW_KEY"]);
}

#[test]
fn an_unknown_secret_is_refused_with_require_known_key() {
    let (mut world, token) = closed();
    world.secrets = vec![secret(2)];
    let strict = Options { require_known_key: true, ..world.options() };
    assert_eq!(Store::open(strict).err().map(|error| error.code()), Some("ERR_CRUDJT_UNKNOWN_KEY"));
    world.secrets = vec![secret(1)];
    assert_intact(&world, &token);
}

#[test]
fn an_old_secret_can_be_dropped_after_one_start_with_both() {
    let (mut world, token) = closed();
    world.secrets = vec![secret(2), secret(1)];
    let store = world.open();
    let newer = create(&store, b"newer", None, None);
    assert_eq!(data_of(&store, &token), Some(b"kept".to_vec()));
    world.kill(store);
    world.secrets = vec![secret(2)];
    let store = world.open();
    assert_eq!(
        (data_of(&store, &token), data_of(&store, &newer)),
        (Some(b"kept".to_vec()), Some(b"newer".to_vec()))
    );
    assert!(update(&store, &token, b"changed", None, None));
    store.close().unwrap();
    world.secrets = vec![secret(1)];
    let store = world.open();
    assert_eq!(
        (data_of(&store, &token), data_of(&store, &newer)),
        (Some(b"changed".to_vec()), None)
    );
}

#[test]
fn a_missing_file_is_damage_and_nothing_is_lost_once_it_is_back() {
    let (world, token) = closed();
    let mut removed = Vec::new();
    for (path, _) in world.disk.files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if ["lock", "owner", "clock", "keyring", "keyring.copy"].contains(&name.as_str()) {
            continue;
        }
        let whole = world.clone();
        let copy = World { disk: whole.disk.copy(), ..whole };
        copy.disk.remove(&path).unwrap();
        assert_eq!(code(&copy), Some("ERR_CRUDJT_DAMAGED"), "{name}");
        removed.push(name);
    }
    assert!(
        matches!(&removed[..], [journal, records] if journal.starts_with("journal-") && records == "records"),
        "{removed:?}"
    );
    let copy = World { disk: world.disk.copy(), ..world.clone() };
    for name in ["keyring", "keyring.copy"] {
        copy.disk.remove(&copy.path.join(name)).unwrap();
    }
    assert_eq!(code(&copy), Some("ERR_CRUDJT_DAMAGED"));
    assert_intact(&world, &token);
}

#[test]
fn a_b_tree_that_is_all_that_is_left_is_not_taken_for_a_new_store() {
    let (world, _) = closed();
    let tree = world.path.join("records");
    for (path, _) in world.disk.files().into_iter().filter(|(path, _)| *path != tree) {
        world.disk.remove(&path).unwrap();
    }
    assert_eq!(code(&world), Some("ERR_CRUDJT_DAMAGED"));
    world.disk.edit(&tree, |bytes| {
        bytes.resize(1 << 20, 0);
        bytes[..4096].fill(0);
    });
    for _ in 0..2 {
        assert_eq!(code(&world), Some("ERR_CRUDJT_DAMAGED"), "unreadable");
    }
    let sizes: Vec<_> = world.disk.files().into_iter().filter(|(path, _)| *path == tree).collect();
    assert_eq!(sizes, [(tree, 1 << 20)]);
}

#[test]
fn a_missing_keyring_is_rewritten_from_its_copy_and_reported() {
    for name in ["keyring", "keyring.copy"] {
        let (world, token) = closed();
        world.disk.remove(&world.path.join(name)).unwrap();
        assert_intact(&world, &token);
        assert_eq!(world.codes(), ["CRUDJT_KEYRING_REPAIRED"]);
    }
}

/// The world after an opening that was interrupted at a step, and whether it failed.
fn interrupted(world: World, step: u64) -> (World, bool) {
    world.disk.fail_after(step, std::io::ErrorKind::Other, true);
    let has_failed = world.try_open().is_err();
    (World { disk: world.disk.copy(), ..world }, has_failed)
}

#[test]
fn an_interrupted_first_opening_can_be_repeated() {
    let mut failed = [0, 0];
    for (first, second) in (0..40).flat_map(|first| (0..30).map(move |second| (first, second))) {
        let (world, has_failed) = interrupted(World::new(JournalMode::Mapped), first);
        let (after, has_failed_again) = interrupted(world, second);
        failed[0] += usize::from(has_failed);
        failed[1] += usize::from(has_failed && has_failed_again);
        let opened = after.try_open();
        let store = opened.unwrap_or_else(|error| panic!("steps {first} and {second}: {error}"));
        let token = create(&store, b"works", None, None);
        assert_eq!(data_of(&store, &token), Some(b"works".to_vec()));
    }
    assert!(failed[0] > 300 && failed[1] > 100, "{failed:?} openings failed");
}

#[test]
fn a_second_open_shares_the_engine_or_is_refused() {
    let (world, token) = closed();
    let (first, second) = (world.open(), world.open());
    first.close().unwrap();
    assert!(matches!(first.stats(), Err(Error::Closed)));
    assert_eq!(data_of(&second, &token), Some(b"kept".to_vec()));
    let other = Options { max_data_size: 99, ..world.options() };
    assert_eq!(Store::open(other).err().map(|error| error.code()), Some("ERR_CRUDJT_STORE_OPEN"));
    let mut another = world.clone();
    another.secrets = vec![secret(2)];
    assert_eq!(code(&another), Some("ERR_CRUDJT_STORE_OPEN"));
}

#[test]
fn a_locked_store_is_refused_with_its_owner() {
    let (world, token) = closed();
    let lock = world.disk.lock(&world.path.join("lock"), Mode::Existing).unwrap();
    let refused = world.try_open().err().unwrap();
    assert_eq!(refused.code(), "ERR_CRUDJT_STORE_LOCKED");
    let text = refused.to_string();
    assert!(text.starts_with("CRUDJT master already running"), "{text}");
    assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
    drop(lock);
    assert_intact(&world, &token);
}

#[test]
fn foreign_files_are_left_alone_and_reported() {
    let (world, token) = closed();
    let foreign = world.path.join("store_jt.data");
    world.disk.open(&foreign, Mode::New).unwrap();
    assert_intact(&world, &token);
    assert_eq!(world.codes(), ["CRUDJT_FOREIGN_FILES"]);
    assert!(world.disk.files().iter().any(|(path, _)| *path == foreign));
}

#[test]
fn on_a_real_disk_a_file_in_the_way_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    std::fs::write(&path, b"mine").unwrap();
    for path in [path.clone(), path.join("below")] {
        let refused = Store::open(Options::new(&path, vec![secret(1)])).err().unwrap();
        assert_eq!(refused.code(), "ERR_CRUDJT_PATH", "{refused}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
}

#[test]
fn on_a_real_disk_records_survive_reopening() {
    for journal in [JournalMode::Auto, JournalMode::Mapped, JournalMode::Plain] {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let options =
            Options { journal, ..Options::new(folder.path().join("a/b/store"), vec![secret(1)]) };
        let store = Store::open(options.clone()).unwrap();
        let token = create(&store, b"kept", Some(60), None);
        let again = Store::open(options.clone()).unwrap();
        assert_eq!(data_of(&again, &token), Some(b"kept".to_vec()));
        drop((store, again));
        assert_eq!(data_of(&Store::open(options).unwrap(), &token), Some(b"kept".to_vec()));
    }
}

#[test]
fn the_files_contain_neither_data_nor_tokens() {
    let world = World::new(JournalMode::Mapped);
    let store = world.open();
    let token = create(&store, b"a very secret session", None, None);
    store.checkpoint().unwrap();
    let kept = create(&store, b"a very secret session", None, None);
    let files = world.disk.files();
    assert!(files.iter().any(|(_, size)| *size > 4096), "nothing was searched");
    for (path, _) in files {
        world.disk.edit(&path, |bytes| {
            for secret in [b"very secret".as_slice(), token.as_bytes(), kept.as_bytes()] {
                assert!(
                    !bytes.windows(secret.len()).any(|window| window == secret),
                    "{}",
                    path.display()
                );
            }
        });
    }
}
