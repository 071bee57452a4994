//! The protocol of a slot under every order of threads and of memory that the language's memory model
//! allows, that of arm64 among them, as far as loom explores it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use crudjt_shelf::{Words, WritableWords, copy_slot, write_slot};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering, fence};
use loom::thread;

/// A slot of two words.
struct LoomWords(Vec<AtomicU64>);

impl LoomWords {
    fn new() -> Arc<LoomWords> {
        Arc::new(LoomWords((0..3).map(|_| AtomicU64::new(0)).collect()))
    }
}

impl Words for LoomWords {
    fn load(&self, at: usize) -> u64 {
        self.0[at].load(Ordering::Relaxed)
    }

    fn acquire(&self) {
        fence(Ordering::Acquire);
    }
}

impl WritableWords for LoomWords {
    fn store(&self, at: usize, value: u64) {
        self.0[at].store(value, Ordering::Relaxed);
    }

    fn store_released(&self, at: usize, value: u64) {
        self.0[at].store(value, Ordering::Release);
    }

    fn release(&self) {
        fence(Ordering::Release);
    }
}

fn copy(words: &LoomWords) -> Option<[u64; 2]> {
    let mut content = [0; 2];
    copy_slot(words, 0, &mut content).then_some(content)
}

#[test]
fn what_is_copied_was_written_at_once() {
    loom::model(|| {
        let words = LoomWords::new();
        let writer = words.clone();
        let writer = thread::spawn(move || {
            write_slot(&*writer, 0, &[1, 1]);
            write_slot(&*writer, 0, &[2, 2]);
        });
        if let Some([first, second]) = copy(&words) {
            assert_eq!(first, second);
        }
        writer.join().unwrap();
        assert_eq!(copy(&words), Some([2, 2]));
    });
}

#[test]
fn two_readers_find_whole_copies_and_none_from_before_an_acknowledgement() {
    loom::model(|| {
        let words = LoomWords::new();
        let acknowledged = Arc::new(AtomicU64::new(0));
        write_slot(&*words, 0, &[1, 1]);
        let (writer, told) = (words.clone(), acknowledged.clone());
        let writer = thread::spawn(move || {
            write_slot(&*writer, 0, &[0, 0]);
            told.store(1, Ordering::Release);
        });
        let is_acknowledged = acknowledged.load(Ordering::Acquire) == 1;
        match copy(&words) {
            Some([1, 1]) => assert!(!is_acknowledged),
            Some(other) => assert_eq!(other, [0, 0]),
            None => assert!(!is_acknowledged),
        }
        writer.join().unwrap();
    });
}
