//! The journal's memory is taken ahead of those who append, on a real disk, by writing zeros there.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use crudjt_core::{JournalMode, Options, Store, Token, verify};

#[test]
fn prefaulting_the_journal_overwrites_no_appended_entry() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut options = Options::new(folder.path().join("store"), vec![secret(1)]);
    (options.journal, options.max_data_size) = (JournalMode::Mapped, 4096);
    let store = Store::open(options.clone()).unwrap();
    let write = |thread: u32| -> Vec<(Token, Vec<u8>)> {
        let made = (0..6_000u32).map(|n| {
            let data = (thread << 24 | n).to_le_bytes().repeat(64 + (n % 50) as usize);
            (create(&store, &data, None, None), data)
        });
        made.collect()
    };
    let made: Vec<_> = std::thread::scope(|scope| {
        let threads = [0, 1, 2].map(|thread| scope.spawn(move || write(thread)));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    for (token, data) in &made {
        assert_eq!(data_of(&store, token).as_ref(), Some(data));
    }
    assert_eq!(store.stats().unwrap().damaged_records, 0);
    store.close().unwrap();
    assert!(verify(&options, &mut |_, _| ()).unwrap().is_sound());
}
