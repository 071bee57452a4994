//! Benchmarks of the shelf beside a store on the real disk, with 256 bytes of data per token. The
//! reader has a mapping and a connection of its own, as in another process.
#![cfg(unix)]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

use std::hint::black_box;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use crudjt_core::{Change, Error, Limits, OUT_BYTES, Options, Secret, Store, Token};
use crudjt_shelf::{Look, Memory, ShelfClient, ShelfWriter, SystemClock, send_shelf};
use tempfile::TempDir;

const DATA: [u8; 256] = [0x5a; 256];
const DAY: Limits = Limits { ttl: Some(86_400), reads: None };
const TOKENS: usize = 20_000;
const SHELF_BYTES: usize = 32 << 20;

struct World {
    store: Store,
    client: ShelfClient,
    _master: UnixStream,
    _memory: Memory,
    _folder: TempDir,
}

fn open(with_shelf: bool) -> World {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let secret = Secret::from_base64("dGhpcyBpcyBhIGJlbmNobWFyayBrZXkgb2YgMzIgYnk=").unwrap();
    let mut options = Options::new(folder.path(), vec![secret]);
    options.max_data_size = 4096;
    let store = Store::open(options).unwrap();
    let (memory, words) = Memory::create(SHELF_BYTES).unwrap();
    let writer = ShelfWriter::begin(words, SHELF_BYTES, Box::new(SystemClock), || store.time());
    if with_shelf {
        store.set_shelf(Some(Arc::new(writer.unwrap()))).unwrap();
    }
    let (master, client) = UnixStream::pair().unwrap();
    send_shelf(&master, &memory).unwrap();
    let client = ShelfClient::receive(client).unwrap();
    World { store, client, _master: master, _memory: memory, _folder: folder }
}

fn patient<T>(store: &Store, call: impl Fn() -> Result<T, Error>) -> T {
    loop {
        match call() {
            Err(Error::Busy) => store.wait_for_room().unwrap(),
            result => return result.unwrap(),
        }
    }
}

fn create(store: &Store) -> Token {
    patient(store, || store.create(&DATA, DAY))
}

fn reads(criterion: &mut Criterion) {
    let world = open(true);
    let mut out = vec![0; OUT_BYTES];
    let tokens: Vec<_> = (0..TOKENS).map(|_| create(&world.store)).collect();
    let mut at = 0;
    let mut next = || {
        at = (at + 7_919) % TOKENS;
        tokens[at]
    };
    criterion.bench_function("store: read", |bench| {
        bench.iter(|| black_box(world.store.read(next().as_bytes(), None, &mut out).unwrap()));
    });
    criterion.bench_function("store: read to the shelf", |bench| {
        bench.iter(|| black_box(world.store.read_to_shelf(next().as_bytes(), &mut out).unwrap()));
    });
    for token in &tokens {
        world.store.read_to_shelf(token.as_bytes(), &mut out).unwrap();
    }
    let is_found = |token: &Token, out: &mut Vec<u8>| {
        matches!(world.client.read(token.as_bytes(), None, out), Look::Found { .. })
    };
    let found = tokens.iter().filter(|token| is_found(token, &mut out)).count();
    println!("{found} of {TOKENS} are on the shelf");
    criterion.bench_function("client: read", |bench| {
        bench.iter(|| black_box(world.client.read(next().as_bytes(), None, &mut out)));
    });
    let on_shelf = *tokens.iter().find(|token| is_found(token, &mut out)).unwrap();
    let Look::Found { memo, .. } = world.client.read(on_shelf.as_bytes(), None, &mut out) else {
        panic!("it was found before");
    };
    criterion.bench_function("client: read of what is unchanged", |bench| {
        bench.iter(|| black_box(world.client.read(on_shelf.as_bytes(), Some(&memo), &mut out)));
    });
    criterion.bench_function("client: read of what is not there", |bench| {
        bench.iter(|| black_box(world.client.read(&[b'A'; 22], None, &mut out)));
    });
}

fn writes(criterion: &mut Criterion) {
    for (name, with_shelf) in [("without", false), ("with", true), ("without, again", false)] {
        let world = open(with_shelf);
        criterion.bench_function(&format!("store: create {name}"), |bench| {
            bench.iter(|| black_box(create(&world.store)));
        });
        let token = create(&world.store);
        let change = || world.store.update(token.as_bytes(), &DATA, Change::Replace(DAY));
        criterion.bench_function(&format!("store: update {name}"), |bench| {
            bench.iter(|| assert!(patient(&world.store, change)));
        });
    }
}

criterion_group!(benches, reads, writes);
criterion_main!(benches);
