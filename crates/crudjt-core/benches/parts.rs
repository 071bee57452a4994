//! Benchmarks of the engine's parts in isolation.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crudjt_core::JournalMode;
use crudjt_core::bench_parts;

fn tokens(criterion: &mut Criterion) {
    let tokens = bench_parts::Tokens::new();
    let token = tokens.make(1);
    criterion.bench_function("token/make", |bencher| bencher.iter(|| tokens.make(black_box(7))));
    criterion.bench_function("token/open", |bencher| {
        bencher.iter(|| tokens.open(black_box(&token)).unwrap())
    });
}

fn sealing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("seal of 256 bytes");
    group.throughput(Throughput::Bytes(256));
    for (name, chacha) in [("aes-256-gcm", false), ("chacha20-poly1305", true)] {
        let mut sealing = bench_parts::Sealing::new(chacha);
        group.bench_function(format!("{name}/seal"), |bencher| {
            bencher.iter(|| sealing.seal(black_box(&[7; 256])))
        });
        group.bench_function(format!("{name}/open"), |bencher| {
            bencher.iter(|| assert!(sealing.open()))
        });
    }
    group.finish();
}

/// The lower bounds of a create and a read: sealing or opening its bytes, and copying them once,
/// for a create into memory that is not in the processor's cache.
fn limits(criterion: &mut Criterion) {
    let mut sealing = bench_parts::Sealing::new(false);
    let mut memory = vec![0_u8; 16 << 20];
    let mut offsets = (0..memory.len() - 304).step_by(304).cycle();
    criterion.bench_function("limit/seal and copy", |bencher| {
        bencher.iter(|| {
            black_box(sealing.seal(black_box(&[7; 256])));
            let at = offsets.next().unwrap();
            if let Some(target) = memory.get_mut(at..at + 302) {
                target.copy_from_slice(black_box(&[7; 302]));
            }
        })
    });
    criterion.bench_function("limit/open and copy", |bencher| {
        sealing.seal(&[7; 256]);
        bencher.iter(|| assert!(sealing.open()))
    });
}

fn journal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal append of 302 bytes");
    for (name, mode) in [("mapped", JournalMode::Mapped), ("plain", JournalMode::Plain)] {
        let folder = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut journal = bench_parts::Appending::new(folder.path(), mode).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| journal.append(black_box(&[7; 302])).unwrap())
        });
    }
    group.finish();
}

criterion_group!(benches, tokens, sealing, limits, journal);
criterion_main!(benches);
