//! A fixed number of calls of one kind, for counting their instructions (`bench/instructions.mjs`): only
//! what runs inside of a function named `counted_…` is counted.
//!
//! The same calls in every run: nothing waits for the disk, and no checkpoint begins by itself.
#![allow(clippy::unwrap_used, reason = "a run that fails is to end")]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use crudjt_core::{Change, Limits, OUT_BYTES, Options, Reading, Secret, Store, Token};

const CALLS: usize = 2_000;
const DATA: [u8; 256] = [0x5a; 256];
const DAY: Limits = Limits { ttl: Some(86_400), reads: None };

fn main() {
    let mut args = std::env::args().skip(1);
    let (kind, folder) = (args.next().unwrap(), args.next().unwrap());
    let store = open(Path::new(&folder));
    let tokens = if kind == "create" { Vec::new() } else { fill(&store) };
    match kind.as_str() {
        "create" => drop(counted_create(&store)),
        "read of the memtable" => counted_read(&store, &tokens),
        "read of the tree" => {
            store.checkpoint().unwrap();
            counted_read(&store, &tokens);
        }
        "read of the cache" => {
            store.checkpoint().unwrap();
            (0..3).for_each(|_| read(&store, &tokens));
            counted_read(&store, &tokens);
        }
        "update" => counted_update(&store, &tokens),
        "delete" => counted_delete(&store, &tokens),
        other => panic!("no kind of call is named {other}"),
    }
}

/// Without syncs beside the calls: how often one comes depends on the machine.
fn open(folder: &Path) -> Store {
    let secret = Secret::from_base64("dGhpcyBpcyBhIGJlbmNobWFyayBrZXkgb2YgMzIgYnk=").unwrap();
    let mut options = Options::new(folder, vec![secret]);
    options.sync_interval = Duration::from_secs(3_600);
    Store::open(options).unwrap()
}

fn fill(store: &Store) -> Vec<Token> {
    (0..CALLS).map(|_| store.create(&DATA, DAY).unwrap()).collect()
}

#[inline(never)]
fn counted_create(store: &Store) -> Vec<Token> {
    fill(store)
}

fn read(store: &Store, tokens: &[Token]) {
    let mut out = [0; OUT_BYTES];
    for token in tokens {
        let found = store.read(token.as_bytes(), None, &mut out).unwrap();
        assert!(matches!(black_box(found), Reading::Found(..)));
    }
}

#[inline(never)]
fn counted_read(store: &Store, tokens: &[Token]) {
    read(store, tokens);
}

#[inline(never)]
fn counted_update(store: &Store, tokens: &[Token]) {
    for token in tokens {
        assert!(store.update(token.as_bytes(), &DATA, Change::Replace(DAY)).unwrap());
    }
}

#[inline(never)]
fn counted_delete(store: &Store, tokens: &[Token]) {
    tokens.iter().for_each(|token| assert!(store.delete(token.as_bytes()).unwrap()));
}
