//! The files of a store hold neither its secret nor data nor tokens, in any spelling: every file is
//! searched while the store is used, as a kill leaves it, after it is closed and after a repair.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::collections::HashSet;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::*;
use crudjt_core::storage::{Mode, Storage};
use crudjt_core::{JournalMode, Repair, Secret, Store, Token, repair};

/// Bytes of what is searched for: no file has them by chance.
const PIECE: usize = 12;

/// Bytes that look random and are known.
fn known(length: usize, seed: u8) -> Vec<u8> {
    (0..length)
        .map(|at| (at as u8).wrapping_mul(167).wrapping_add(seed) ^ (at >> 3) as u8)
        .collect()
}

/// Pieces of a secret's front, midst and end, plain and in every usual spelling of it.
fn pieces(bytes: &[u8]) -> HashSet<Vec<u8>> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let spellings = [
        bytes.to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        STANDARD.encode(bytes).into_bytes(),
        URL_SAFE_NO_PAD.encode(bytes).into_bytes(),
    ];
    let cut = |text: &Vec<u8>| {
        let last = text.len() - PIECE;
        [0, last / 2, last].map(|at| text[at..][..PIECE].to_vec())
    };
    spellings.iter().flat_map(cut).collect()
}

/// What is known of a store, and where it is.
struct PlantedSecret {
    world: World,
    pieces: HashSet<Vec<u8>>,
}

impl PlantedSecret {
    fn new(journal: JournalMode) -> PlantedSecret {
        let secret = known(48, 11);
        let mut world = World::new(journal);
        world.segment_bytes = 32 << 10;
        world.secrets = vec![Secret::from_base64(&STANDARD.encode(&secret)).unwrap()];
        PlantedSecret { world, pieces: pieces(&secret) }
    }

    fn create(&mut self, store: &Store, seed: u8) -> Token {
        let data = known(200, seed);
        let token = create(store, &data, Some(3600), None);
        self.pieces.extend(pieces(&data));
        self.learn(&token);
        token
    }

    fn learn(&mut self, token: &Token) {
        self.pieces.extend(pieces(token.as_bytes()));
        self.pieces.extend(pieces(&URL_SAFE_NO_PAD.decode(token.as_bytes()).unwrap()));
    }

    /// The files in which something known stands; there must be some files.
    fn telling(&self) -> Vec<PathBuf> {
        let files = self.world.disk.files();
        assert!(files.iter().any(|(_, size)| *size > 4096), "nothing was searched");
        let tells = |(path, size): &(PathBuf, usize)| {
            let mut bytes = vec![0; *size];
            self.world.disk.open(path, Mode::Read).unwrap().read_at(0, &mut bytes).unwrap();
            bytes.windows(PIECE).any(|window| self.pieces.contains(window))
        };
        files.into_iter().filter(tells).map(|(path, _)| path).collect()
    }
}

#[test]
fn no_file_of_a_store_contains_its_secret_its_data_or_its_tokens() {
    for journal in [JournalMode::Mapped, JournalMode::Plain] {
        let mut known = PlantedSecret::new(journal);
        let store = known.world.open();
        let tokens: Vec<_> = (0..20).map(|seed| known.create(&store, seed)).collect();
        store.checkpoint().unwrap();
        let late: Vec<_> = (20..40).map(|seed| known.create(&store, seed)).collect();
        assert!(update(&store, &tokens[0], &self::known(200, 77), None, Some(3)));
        known.pieces.extend(pieces(&self::known(200, 77)));
        assert!(delete(&store, &tokens[1]) && delete(&store, &late[1]));
        assert_eq!(known.telling(), Vec::<PathBuf>::new(), "while it is used");
        known.world.kill(store);
        assert_eq!(known.telling(), Vec::<PathBuf>::new(), "after a kill");
        known.world.open().close().unwrap();
        assert_eq!(known.telling(), Vec::<PathBuf>::new(), "after closing");
        let options = known.world.options();
        repair(&options, &Repair::default(), &mut |_, _| ()).unwrap();
        assert_eq!(known.telling(), Vec::<PathBuf>::new(), "after a repair");
    }
}

#[test]
fn the_search_finds_a_secret_in_a_file() {
    let mut known = PlantedSecret::new(JournalMode::Plain);
    let store = known.world.open();
    let token = known.create(&store, 5);
    store.close().unwrap();
    let path = known.world.path.join("control");
    let data = self::known(200, 5);
    let secret = STANDARD.encode(self::known(48, 11));
    let block = URL_SAFE_NO_PAD.decode(token.as_bytes()).unwrap();
    for content in [&data[..], secret.as_bytes(), token.as_bytes(), &block] {
        let file = known.world.disk.open(&path, Mode::Either).unwrap();
        file.write_at(0, &[&[0; 500], content, &[0; 500]].concat()).unwrap();
        assert_eq!(known.telling(), std::slice::from_ref(&path));
        file.set_size(0).unwrap();
        assert_eq!(known.telling(), Vec::<PathBuf>::new());
    }
}
