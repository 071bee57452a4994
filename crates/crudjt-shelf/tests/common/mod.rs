//! What the tests of the shelf share: memory, clocks and masters that a test controls.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};

use crudjt_core::{Shelf, ShelfCopy};
use crudjt_shelf::{
    Clock, Life, Look, Memo, OUT_BYTES, Result, ShelfReader, ShelfWriter, Words, WritableWords,
};

/// The store's time at the beginning, in milliseconds.
pub const START: u64 = 1_800_000_000_000;
/// The clock at the beginning, in milliseconds.
pub const CLOCK: u64 = 5_000;
/// Bytes of a shelf with one set.
pub const ONE_SET: usize = 2048;
const HEADER_BYTES: usize = 4096;

/// Memory that writer and reader share; a writer that is killed stores nothing any more.
#[derive(Clone)]
pub struct TestWords {
    words: Arc<[AtomicU64]>,
    /// Stores that are still carried out.
    stores_left: Arc<AtomicUsize>,
}

impl TestWords {
    pub fn of(bytes: usize) -> TestWords {
        let words = (0..(HEADER_BYTES + bytes) / 8).map(|_| AtomicU64::new(0)).collect();
        TestWords { words, stores_left: Arc::new(AtomicUsize::new(usize::MAX)) }
    }

    /// Lets the writer die after so many more stores.
    pub fn kill_after(&self, stores: usize) {
        self.stores_left.store(stores, Ordering::Relaxed);
    }

    pub fn was_killed(&self) -> bool {
        self.stores_left.load(Ordering::Relaxed) == 0
    }

    pub fn set(&self, at: usize, value: u64) {
        self.words[at].store(value, Ordering::Relaxed);
    }

    pub fn get(&self, at: usize) -> u64 {
        self.words[at].load(Ordering::Relaxed)
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes()).collect()
    }

    pub fn len(&self) -> usize {
        self.words.len()
    }

    fn may_store(&self) -> bool {
        let less = |left: usize| left.checked_sub(usize::from(left != usize::MAX));
        self.stores_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

impl Words for TestWords {
    fn load(&self, at: usize) -> u64 {
        self.words.get(at).map_or(0, |word| word.load(Ordering::Relaxed))
    }

    fn acquire(&self) {
        fence(Ordering::Acquire);
    }
}

impl WritableWords for TestWords {
    fn store(&self, at: usize, value: u64) {
        if self.may_store() {
            self.words[at].store(value, Ordering::Relaxed);
        }
    }

    fn store_released(&self, at: usize, value: u64) {
        if self.may_store() {
            self.words[at].store(value, Ordering::Release);
        }
    }

    fn release(&self) {
        fence(Ordering::Release);
    }
}

/// A clock that a test moves.
#[derive(Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl TestClock {
    pub fn new() -> TestClock {
        TestClock(Arc::new(AtomicU64::new(CLOCK * 1_000_000)))
    }

    pub fn advance_nanos(&self, nanos: u64) {
        self.0.fetch_add(nanos, Ordering::Relaxed);
    }

    pub fn advance(&self, milliseconds: u64) {
        self.advance_nanos(milliseconds * 1_000_000);
    }

    pub fn millis(&self) -> u64 {
        self.nanos() / 1_000_000
    }
}

impl Clock for TestClock {
    fn nanos(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A master that a test kills.
#[derive(Clone)]
pub struct TestLife {
    is_alive: Arc<AtomicBool>,
    pub looks: Arc<AtomicUsize>,
}

impl TestLife {
    pub fn new() -> TestLife {
        TestLife { is_alive: Arc::new(AtomicBool::new(true)), looks: Arc::default() }
    }

    pub fn end(&self) {
        self.is_alive.store(false, Ordering::Relaxed);
    }
}

impl Life for TestLife {
    fn is_alive(&self) -> bool {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.is_alive.load(Ordering::Relaxed)
    }
}

/// A shelf with a writer and a reader.
pub struct Pair {
    pub words: TestWords,
    pub writer: ShelfWriter<TestWords>,
    pub reader: ShelfReader<TestWords>,
    pub clock: TestClock,
    /// The reader's clock.
    pub own_clock: TestClock,
    pub life: TestLife,
}

impl Pair {
    pub fn of(bytes: usize) -> Pair {
        let (words, clock) = (TestWords::of(bytes), TestClock::new());
        let writer =
            ShelfWriter::begin(words.clone(), bytes, Box::new(clock.clone()), || START).unwrap();
        let (own_clock, life) = (TestClock::new(), TestLife::new());
        let reader = reader(&words, &own_clock, &life).unwrap();
        Pair { words, writer, reader, clock, own_clock, life }
    }

    /// Puts a record on the shelf that was read just now.
    pub fn put(&self, id: u64, expiry: u64, data: &[u8]) {
        self.put_since(self.writer.mark(), id, expiry, data);
    }

    pub fn put_since(&self, mark: u64, id: u64, expiry: u64, data: &[u8]) {
        self.writer.put(mark, &ShelfCopy { token: &block(id), id, expiry, data });
    }

    /// The data found, or `None`.
    pub fn read(&self, id: u64) -> Option<Vec<u8>> {
        self.look(id, None).1
    }

    pub fn look(&self, id: u64, memo: Option<&Memo>) -> (Look, Option<Vec<u8>>) {
        let mut out = [0; OUT_BYTES];
        let look = self.reader.read(&token(id), memo, &mut out);
        let data = match look {
            Look::Found { length, .. } => Some(out[..length].to_vec()),
            _ => None,
        };
        (look, data)
    }
}

pub fn reader(
    words: &TestWords,
    clock: &TestClock,
    life: &TestLife,
) -> Result<ShelfReader<TestWords>> {
    let (bytes, life) = (words.len() as u64 * 8, Arc::new(life.clone()));
    ShelfReader::begin(words.clone(), bytes, Box::new(clock.clone()), life)
}

/// The 16 bytes of the token of a record.
pub fn block(id: u64) -> [u8; 16] {
    let mut block = [0xA5; 16];
    block[..8].copy_from_slice(&id.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    block
}

/// Its text.
pub fn token(id: u64) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = block(id).into_iter().fold(0u128, |bits, byte| bits << 8 | u128::from(byte));
    let digit = |at: u32| DIGITS[(bits.checked_shr(122 - 6 * at).unwrap_or(0) & 63) as usize];
    let mut text: Vec<u8> = (0..21).map(digit).collect();
    text.push(DIGITS[((bits & 3) << 4) as usize]);
    text
}
