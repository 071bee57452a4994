//! Benchmarks of the whole store on the real disk, with 256 bytes of data per token.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crudjt_core::{
    Change, Error, JournalMode, Limits, OUT_BYTES, Options, ReaderIndex, Reading, Secret, Store,
    Token,
};
use tempfile::TempDir;

const DATA: [u8; 256] = [0x5a; 256];
const DAY: Limits = Limits { ttl: Some(86_400), reads: None };
const TOKENS: usize = 40_000;

struct Opened {
    store: Store,
    folder: TempDir,
}

fn options(folder: &TempDir, journal: JournalMode) -> Options {
    let secret = Secret::from_base64("dGhpcyBpcyBhIGJlbmNobWFyayBrZXkgb2YgMzIgYnk=").unwrap();
    let mut options = Options::new(folder.path(), vec![secret]);
    options.journal = journal;
    options
}

fn open(journal: JournalMode) -> Opened {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    Opened { store: Store::open(options(&folder, journal)).unwrap(), folder }
}

fn retry_when_busy<T>(store: &Store, call: impl Fn() -> Result<T, Error>) -> T {
    loop {
        match call() {
            Err(Error::Busy) => store.wait_for_room().unwrap(),
            result => return result.unwrap(),
        }
    }
}

fn create(store: &Store) -> Token {
    retry_when_busy(store, || store.create(&DATA, DAY))
}

fn fill(store: &Store, count: usize) -> Vec<Token> {
    (0..count).map(|_| create(store)).collect()
}

/// Times `work` on all 40 000 tokens of fresh stores, scaled to `count` calls: a few calls on a
/// store that was just filled would measure the first ones only.
fn per_token(
    count: u64,
    prepare: impl Fn(&Store) -> Vec<Token>,
    work: impl Fn(&Store, &Token),
) -> Duration {
    average(count, || {
        let opened = open(JournalMode::Auto);
        let tokens = prepare(&opened.store);
        let start = Instant::now();
        tokens.iter().for_each(|token| work(&opened.store, token));
        start.elapsed()
    })
}

/// Times the creation of 40 000 tokens, as many as a memtable holds, in fresh stores.
fn per_create(count: u64, journal: JournalMode) -> Duration {
    average(count, || {
        let opened = open(journal);
        let start = Instant::now();
        fill(&opened.store, TOKENS);
        start.elapsed()
    })
}

/// The time of `count` calls, from as many runs of 40 000 as needed.
fn average(count: u64, run: impl Fn() -> Duration) -> Duration {
    let runs = count.div_ceil(TOKENS as u64);
    let spent: Duration = (0..runs).map(|_| run()).sum();
    spent.mul_f64(count as f64 / (runs * TOKENS as u64) as f64)
}

fn read(store: &Store, token: &Token, out: &mut [u8]) {
    let found = store.read(token.as_bytes(), None, out).unwrap();
    assert!(matches!(black_box(found), Reading::Found(..)));
}

fn calls(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("call");
    group.sample_size(20);
    for (name, journal) in
        [("create/mapped", JournalMode::Mapped), ("create/plain", JournalMode::Plain)]
    {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|count| per_create(count, journal));
        });
    }
    group.bench_function("read/memtable", |bencher| {
        let opened = open(JournalMode::Auto);
        let (tokens, mut out) = (fill(&opened.store, TOKENS), vec![0; OUT_BYTES]);
        let mut next = tokens.iter().cycle();
        bencher.iter(|| read(&opened.store, next.next().unwrap(), &mut out));
    });
    for (name, count) in [("read/cached", 1_000), ("read/tree", TOKENS)] {
        group.bench_function(name, |bencher| {
            let opened = open(JournalMode::Auto);
            let (tokens, mut out) = (fill(&opened.store, count), vec![0; OUT_BYTES]);
            opened.store.checkpoint().unwrap();
            let mut next = tokens.iter().cycle();
            bencher.iter(|| read(&opened.store, next.next().unwrap(), &mut out));
        });
    }
    group.bench_function("read/unchanged", |bencher| {
        let opened = open(JournalMode::Auto);
        let (tokens, mut out) = (fill(&opened.store, TOKENS), vec![0; OUT_BYTES]);
        let index = ReaderIndex::new(TOKENS.next_power_of_two());
        for token in &tokens {
            opened.store.read(token.as_bytes(), Some(&index), &mut out).unwrap();
            index.keep(0);
        }
        let mut next = tokens.iter().cycle();
        bencher.iter(|| {
            let token = next.next().unwrap();
            black_box(opened.store.read(token.as_bytes(), Some(&index), &mut out)).is_ok()
        });
    });
    group.bench_function("update", |bencher| {
        bencher.iter_custom(|count| {
            per_token(
                count,
                |store| fill(store, TOKENS),
                |store, token| {
                    assert!(retry_when_busy(store, || store.update(
                        token.as_bytes(),
                        &DATA,
                        Change::Replace(DAY)
                    )));
                },
            )
        });
    });
    group.bench_function("delete", |bencher| {
        bencher.iter_custom(|count| {
            per_token(
                count,
                |store| fill(store, TOKENS),
                |store, token| {
                    assert!(retry_when_busy(store, || store.delete(token.as_bytes())));
                },
            )
        });
    });
    group.finish();
}

/// Times `work`, without the preparation.
fn once<T>(count: u64, prepare: impl Fn() -> T, work: impl Fn(T)) -> Duration {
    let timed = |_| {
        let prepared = prepare();
        let start = Instant::now();
        work(prepared);
        start.elapsed()
    };
    (0..count).map(timed).sum()
}

fn runs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("run");
    group.sample_size(10).throughput(Throughput::Elements(TOKENS as u64));
    group.bench_function("checkpoint of 40 000", |bencher| {
        bencher.iter_custom(|count| {
            let prepare = || {
                let opened = open(JournalMode::Auto);
                fill(&opened.store, TOKENS);
                opened
            };
            once(count, prepare, |opened| opened.store.checkpoint().unwrap())
        });
    });
    group.throughput(Throughput::Elements(1_000_000));
    group.bench_function("sustained create of 1 000 000", |bencher| {
        bencher.iter_custom(|count| {
            once(
                count,
                || open(JournalMode::Auto),
                |opened| {
                    (0..1_000_000).for_each(|_| _ = create(&opened.store));
                    opened.store.checkpoint().unwrap();
                },
            )
        });
    });
    group.throughput(Throughput::Elements(500_000));
    group.bench_function("sweep of 500 000", |bencher| {
        bencher.iter_custom(|count| {
            once(count, prepare_sweep, |opened| assert_eq!(opened.store.sweep().unwrap(), 500_000))
        });
    });
    group.finish();
}

fn prepare_sweep() -> Opened {
    let opened = open(JournalMode::Auto);
    let limits = Limits { ttl: Some(4), reads: None };
    // The last checkpoint must not be late: it would sweep some of them itself.
    for _ in 0..500_000 {
        retry_when_busy(&opened.store, || opened.store.create(&DATA, limits));
    }
    opened.store.checkpoint().unwrap();
    assert_eq!(
        opened.store.stats().unwrap().last_sweep_removed,
        0,
        "this machine is too slow for the preparation"
    );
    std::thread::sleep(Duration::from_millis(4_100));
    opened
}

fn openings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("open after a kill, nothing to replay");
    group.sample_size(10);
    for count in [40_000, 1_000_000] {
        let opened = open(JournalMode::Auto);
        fill(&opened.store, count);
        opened.store.checkpoint().unwrap();
        group.bench_function(count.to_string(), |bencher| {
            bencher.iter_custom(|times| {
                once(
                    times,
                    || copy(&opened.folder),
                    |copied| {
                        std::mem::forget(Store::open(options(&copied, JournalMode::Auto)).unwrap());
                    },
                )
            });
        });
    }
    group.finish();
}

/// The files that a kill leaves: as they are while the store is open.
fn copy(folder: &TempDir) -> TempDir {
    let target = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let copied = target.path().join(entry.file_name());
        std::fs::copy(entry.path(), &copied).unwrap();
        // Otherwise the store's first sync would have to write the copy.
        std::fs::File::open(copied).unwrap().sync_all().unwrap();
    }
    target
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = calls, runs, openings
}
criterion_main!(benches);
