//! The space that tokens of short life take, and a disk that they have filled.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::*;
use crudjt_core::storage::sim::SimDisk;
use crudjt_core::storage::{Held, Mode, Storage, StorageFile};
use crudjt_core::{Error, JournalMode, Options, Store};

/// Bytes of all files.
fn used(world: &World) -> usize {
    world.disk.files().iter().map(|(_, size)| size).sum()
}

/// A sixteenth of 2 000 tokens a second for ten minutes, in segments of a sixteenth.
#[test]
fn tokens_of_two_seconds_take_four_segments_however_many_come() {
    let mut world = World::new(JournalMode::Mapped);
    // Without its threads, a store commits only when it has to.
    world.frozen_limit = 1;
    let store = world.open();
    let (mut most, mut tree) = (0, 0);
    for _ in 0..600 {
        (0..125).for_each(|_| _ = create(&store, &[7; 200], Some(2), None));
        world.clock.advance(1000);
        most = most.max(used(&world));
        tree = tree.max(store.stats().unwrap().tree_bytes);
    }
    println!("at most {most} bytes, {tree} of the B-tree");
    // The active segment, the spare one, one that is being committed and one that was.
    assert!(most < (4 << 20) + (256 << 10), "{most} bytes");
    store.checkpoint().unwrap();
    let live = store.stats().unwrap().live_tokens;
    assert!(live <= 500, "{live} tokens are kept");
    store.close().unwrap();
}

/// Bytes that the files of a folder take on the disk.
#[cfg(unix)]
fn on_disk(folder: &std::path::Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let files = std::fs::read_dir(folder).unwrap().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|file| file.blocks() * 512).sum()
}

/// In real time and on a real disk, for as many seconds as `CRUDJT_SPACE_SECONDS` says.
#[cfg(unix)]
#[test]
fn two_thousand_tokens_of_two_seconds_a_second_take_at_most_64_mb() {
    use std::time::{Duration, Instant};
    let seconds = std::env::var("CRUDJT_SPACE_SECONDS").map_or(3, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Options::new(folder.path(), vec![secret(1)])).unwrap();
    let (start, mut most, mut made) = (Instant::now(), 0, 0);
    while start.elapsed() < Duration::from_secs(seconds) {
        let due = start.elapsed().as_millis() as u64 * 2;
        (made..due).for_each(|_| _ = create(&store, &[7; 240], Some(2), None));
        made = due;
        most = most.max(on_disk(folder.path()));
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("{made} tokens took at most {:.1} MB", most as f64 / 1e6);
    assert!(made >= seconds * 1_900, "{made} tokens are too few");
    assert!(most <= 64_000_000, "{most} bytes");
    assert!(store.stats().unwrap().live_tokens <= 8_000);
    store.close().unwrap();
}

#[test]
fn what_has_expired_is_not_brought_into_the_tree_and_stays_dead() {
    let mut world = World::new(JournalMode::Plain);
    let store = world.open();
    let changed = create(&store, b"first", None, None);
    store.checkpoint().unwrap();
    assert!(update(&store, &changed, b"for a second", Some(1), None));
    let dead: Vec<_> = (0..100).map(|_| create(&store, b"short", Some(1), None)).collect();
    let alive = create(&store, b"long", Some(100), None);
    world.clock.advance(1_001);
    store.checkpoint().unwrap();
    let stats = store.stats().unwrap();
    assert_eq!((stats.live_tokens, stats.last_sweep_removed), (1, 101));
    world.kill(store);
    let store = world.open();
    assert_eq!(data_of(&store, &alive), Some(b"long".to_vec()));
    assert_eq!(data_of(&store, &changed), None);
    assert!(dead.iter().all(|token| data_of(&store, token).is_none()));
    store.close().unwrap();
    let verified = crudjt_core::verify(&world.options(), &mut |_, _| ()).unwrap();
    assert_eq!((verified.findings, verified.records), (vec![], 1));
}

/// A disk on which no file can be made for a while, as if the process had no descriptor left.
#[derive(Clone)]
struct NoDescriptors {
    disk: SimDisk,
    on: Arc<AtomicBool>,
}

impl NoDescriptors {
    fn check(&self) -> io::Result<()> {
        // EMFILE.
        if self.on.load(Ordering::SeqCst) { Err(io::Error::from_raw_os_error(24)) } else { Ok(()) }
    }
}

impl Storage for NoDescriptors {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.create_folder(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.check()?;
        self.disk.list(folder)
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn StorageFile>> {
        self.check()?;
        self.disk.open(path, mode)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.check()?;
        self.disk.sync_folder(folder)
    }

    fn lock(&self, path: &Path, mode: Mode) -> io::Result<Option<Box<dyn Held>>> {
        self.check()?;
        self.disk.lock(path, mode)
    }

    fn hold_folder(&self, folder: &Path) -> io::Result<Box<dyn Held>> {
        self.disk.hold_folder(folder)
    }

    fn maps_well(&self, folder: &Path) -> bool {
        self.disk.maps_well(folder)
    }
}

#[test]
fn a_shortage_of_descriptors_refuses_new_tokens_only_and_passes() {
    for journal in MODES {
        let mut world = World::new(journal);
        world.segment_bytes = 64 << 10;
        let storage = NoDescriptors { disk: world.disk.clone(), on: Arc::default() };
        let mut options: Options = world.options();
        options.environment.storage = Arc::new(storage.clone());
        options.environment.timers = true;
        let store = Store::open(options.clone()).unwrap();
        let mut tokens: Vec<_> = (0..20).map(|_| create(&store, b"first", None, None)).collect();
        storage.on.store(true, Ordering::SeqCst);
        let refused = loop {
            match patient(&store, || store.create(&[7; 200], limits(None, None))) {
                Ok(token) => tokens.push(token),
                Err(error) => break error,
            }
        };
        assert_eq!(refused.code(), "ERR_CRUDJT_STORAGE", "{refused}");
        assert!(delete(&store, &tokens[0]));
        assert!(update(&store, &tokens[1], b"changed", None, None));
        store.flush().unwrap();
        storage.on.store(false, Ordering::SeqCst);
        world.clock.advance(1_000);
        let created = (0..1_000_000).find_map(|_| {
            world.clock.advance(500);
            std::thread::yield_now();
            match patient(&store, || store.create(b"later", limits(None, None))) {
                Err(Error::Storage { .. }) => None,
                created => Some(created.unwrap()),
            }
        });
        tokens.push(created.expect("the shortage has passed"));
        assert_eq!(world.codes(), [] as [&str; 0], "nothing latched");
        store.close().unwrap();
        let store = Store::open(options).unwrap();
        assert_eq!(data_of(&store, &tokens[0]), None);
        assert!(tokens[1..].iter().all(|token| data_of(&store, token).is_some()));
        store.close().unwrap();
    }
}
