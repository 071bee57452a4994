//! A small store in a folder with all that a trial needs: its files, the tokens and what they must
//! read as, the files of another store, and older ones of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crudjt_core::storage::sim::SimDisk;
use crudjt_core::storage::{Mode, Storage};
use crudjt_core::{Store, Token};

use crate::common::*;

/// The names of a store's files and what is in them.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A token's text and the data that it must read as; `None` for a dead one.
pub type ExpectedRead = (String, Option<Vec<u8>>);

/// A store to be damaged.
pub struct Image {
    pub files: Files,
    pub other: Files,
    pub older: Files,
    pub tokens: Vec<ExpectedRead>,
}

fn files_of(world: &World) -> Files {
    // As of one moment: the store makes its next segment while this looks.
    let disk = world.disk.copy();
    let is_part = |path: &Path| !path.ends_with("lock") && !path.ends_with("owner");
    let read = |(path, size): (std::path::PathBuf, usize)| {
        let mut bytes = vec![0; size];
        disk.open(&path, Mode::Read).unwrap().read_at(0, &mut bytes).unwrap();
        (path.file_name().unwrap().to_string_lossy().into_owned(), bytes)
    };
    disk.files().into_iter().filter(|(path, _)| is_part(path)).map(read).collect()
}

fn small() -> World {
    World { segment_bytes: 16 << 10, ..World::new(crudjt_core::JournalMode::Plain) }
}

fn known(living: &[(Token, Vec<u8>)], dead: &[Token]) -> Vec<ExpectedRead> {
    let text = |token: &Token| token.as_str().to_owned();
    let living = living.iter().map(|(token, data)| (text(token), Some(data.clone())));
    living.chain(dead.iter().map(|token| (text(token), None))).collect()
}

/// Data that no two states of any token share.
fn data(number: usize) -> Vec<u8> {
    format!("state {number:06} of a token, {}", "x".repeat(120)).into_bytes()
}

fn work(store: &Store, rounds: usize, living: &mut Vec<(Token, Vec<u8>)>, dead: &mut Vec<Token>) {
    for round in 0..rounds {
        let number = living.len() + dead.len() + 1000 * round;
        let ttl = number.is_multiple_of(3).then_some(3600);
        living.push((create(store, &data(number), ttl, None), data(number)));
        if round % 4 == 1 {
            let (token, state) = &mut living[round / 2];
            *state = data(number + 500_000);
            assert!(update(store, token, state, None, None));
        }
        if round % 5 == 2 {
            let (token, _) = living.remove(0);
            assert!(delete(store, &token));
            dead.push(token);
        }
    }
}

impl Image {
    /// A store with records at rest and, unless it is closed, as many in a journal that is synced.
    pub fn make(closed: bool) -> Image {
        let mut world = small();
        let (mut living, mut dead) = (Vec::new(), Vec::new());
        let store = world.open();
        work(&store, 40, &mut living, &mut dead);
        store.checkpoint().unwrap();
        let older = World { disk: world.disk.copy(), ..world.clone() };
        older.open().close().unwrap();
        work(&store, 20, &mut living, &mut dead);
        store.checkpoint().unwrap();
        work(&store, 20, &mut living, &mut dead);
        store.flush().unwrap();
        let half = files_of(&world);
        work(&store, 15, &mut living, &mut dead);
        store.flush().unwrap();
        if closed {
            store.close().unwrap()
        } else {
            world.kill(store)
        }
        let mut older = files_of(&older);
        older.extend(half.into_iter().filter(|(name, _)| name == "keyring"));
        let other = small();
        let store = other.open();
        work(&store, 30, &mut Vec::new(), &mut Vec::new());
        if closed {
            store.close().unwrap()
        }
        Image {
            files: files_of(&world),
            other: files_of(&other),
            older,
            tokens: known(&living, &dead),
        }
    }

    /// One that is small enough to be kept in git.
    pub fn make_small(closed: bool) -> Image {
        let mut world = small();
        let (mut living, mut dead) = (Vec::new(), Vec::new());
        let store = world.open();
        work(&store, 8, &mut living, &mut dead);
        store.checkpoint().unwrap();
        work(&store, 4, &mut living, &mut dead);
        store.flush().unwrap();
        if closed {
            store.close().unwrap()
        } else {
            world.kill(store)
        }
        let (files, none) = (files_of(&world), Files::new());
        Image { files, other: none.clone(), older: none, tokens: known(&living, &dead) }
    }

    /// Writes it into a folder.
    pub fn save(&self, folder: &Path) {
        for (name, files) in
            [("files", &self.files), ("other", &self.other), ("older", &self.older)]
        {
            fs::create_dir_all(folder.join(name)).unwrap();
            files
                .iter()
                .for_each(|(file, bytes)| fs::write(folder.join(name).join(file), bytes).unwrap());
        }
        let line = |(token, data): &ExpectedRead| match data {
            Some(data) => format!("{token} {}\n", String::from_utf8_lossy(data)),
            None => format!("{token}\n"),
        };
        fs::write(folder.join("tokens"), self.tokens.iter().map(line).collect::<String>()).unwrap();
    }

    /// Reads it from a folder.
    pub fn load(folder: &Path) -> Image {
        let files = |name: &str| -> Files {
            let entries = fs::read_dir(folder.join(name)).unwrap().map(|entry| entry.unwrap());
            entries
                .map(|entry| {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    (name, fs::read(entry.path()).unwrap())
                })
                .collect()
        };
        let parse = |line: &str| match line.split_once(' ') {
            Some((token, data)) => (token.to_owned(), Some(data.as_bytes().to_vec())),
            None => (line.to_owned(), None),
        };
        let tokens = fs::read_to_string(folder.join("tokens")).unwrap();
        Image {
            files: files("files"),
            other: files("other"),
            older: files("older"),
            tokens: tokens.lines().map(parse).collect(),
        }
    }
}

/// A world with these files.
pub fn world_of(files: &Files) -> World {
    let world = World { disk: SimDisk::new(true), ..small() };
    for (name, bytes) in files {
        let file = world.disk.open(&world.path.join(name), Mode::New).unwrap();
        file.write_at(0, bytes).unwrap();
    }
    world
}
