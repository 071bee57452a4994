//! What all processes of a trial see at once: for each token, how far its value has come.
//!
//! A token's value ascends with each change, up to [`DEAD`]. A writer stores it as *begun* before it
//! asks for the change and as *done* once that is acknowledged; whoever has read it stores it as
//! *seen*. What a read gives is at least what was done or seen before it began, and at most what was
//! begun when it ended.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;

use crate::board_unsafe::SharedWords;

/// The value of a token that is gone.
pub const DEAD: u64 = u64::MAX;
/// The most tokens of a trial.
const ROWS: usize = 1 << 22;
const HEAD: usize = 32;
const ROW: usize = 8;

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub enum Count {
    Rows = 1,
    Stop,
    Violations,
    Found,
    Unchanged,
    Asked,
    Changes,
    CountedReads,
    Unknown,
    MastersKilled,
    MastersClosed,
    Rotations,
    ReadersKilled,
    ReadersStopped,
    Ended,
    Opened,
}

const COUNTS: [Count; 13] = [
    Count::Rows,
    Count::Violations,
    Count::Found,
    Count::Unchanged,
    Count::Asked,
    Count::Changes,
    Count::CountedReads,
    Count::Unknown,
    Count::MastersKilled,
    Count::MastersClosed,
    Count::Rotations,
    Count::ReadersKilled,
    Count::ReadersStopped,
];

/// A token of a trial.
#[derive(Clone, Copy)]
pub struct Row(usize);

const TOKEN: usize = 0;
const IS_COUNTED: usize = 3;
const BEGUN: usize = 4;
const DONE: usize = 5;
const SEEN: usize = 6;

pub struct Board(SharedWords);

impl Board {
    pub fn create(path: &Path) {
        let file = File::create_new(path).unwrap();
        file.set_len(((HEAD + ROWS * ROW) * 8) as u64).unwrap();
    }

    pub fn open(path: &Path) -> Board {
        Board(SharedWords::open(path))
    }

    pub fn count(&self, count: Count) -> u64 {
        self.0.word(count as usize).load(SeqCst)
    }

    pub fn add(&self, count: Count, by: u64) {
        self.0.word(count as usize).fetch_add(by, SeqCst);
    }

    pub fn stops(&self) -> bool {
        self.count(Count::Stop) > 0
    }

    pub fn violations(&self) -> u64 {
        self.count(Count::Violations)
    }

    /// Whether there is room for more tokens.
    pub fn has_room(&self) -> bool {
        (self.0.word(0).load(SeqCst) as usize) < ROWS - 64
    }

    /// Adds a token; `begun` is the highest value that it may already have.
    pub fn add_row(&self, token: &[u8; 22], is_counted: bool, begun: u64) -> Row {
        let number = self.0.word(0).fetch_add(1, SeqCst) as usize;
        assert!(number < ROWS, "too many tokens");
        let row = Row(HEAD + number * ROW);
        let mut text = [0; 24];
        text[..22].copy_from_slice(token);
        for (at, part) in text.chunks(8).enumerate() {
            self.word(row, TOKEN + at).store(u64::from_le_bytes(part.try_into().unwrap()), SeqCst);
        }
        self.word(row, IS_COUNTED).store(u64::from(is_counted), SeqCst);
        self.word(row, BEGUN).store(begun, SeqCst);
        self.word(row, DONE).store(1, SeqCst);
        self.add(Count::Rows, 1);
        row
    }

    /// One of the tokens that are there, mostly a new one.
    pub fn pick(&self, random: u64) -> Option<Row> {
        let rows = self.0.word(0).load(SeqCst);
        let recent = if random.is_multiple_of(8) { rows } else { rows.min(96) };
        let number = rows.checked_sub(1 + (random >> 8).checked_rem(recent)?)?;
        // One that is being added has no token yet.
        Some(Row(HEAD + number as usize * ROW)).filter(|row| self.word(*row, DONE).load(SeqCst) > 0)
    }

    pub fn token(&self, row: Row) -> [u8; 22] {
        let mut text = [0; 24];
        for (at, part) in text.chunks_mut(8).enumerate() {
            part.copy_from_slice(&self.word(row, TOKEN + at).load(SeqCst).to_le_bytes());
        }
        *text.first_chunk().unwrap()
    }

    pub fn is_counted(&self, row: Row) -> bool {
        self.word(row, IS_COUNTED).load(SeqCst) > 0
    }

    pub fn begin(&self, row: Row, value: u64) {
        self.word(row, BEGUN).store(value, SeqCst);
    }

    pub fn done(&self, row: Row, value: u64) {
        self.word(row, DONE).fetch_max(value, SeqCst);
    }

    /// The least that a read may give that begins now.
    pub fn least(&self, row: Row) -> u64 {
        self.word(row, DONE).load(SeqCst).max(self.word(row, SEEN).load(SeqCst))
    }

    /// Checks what a read gave that ends now.
    pub fn check(&self, row: Row, least: u64, value: u64, how: &str) {
        let begun = self.word(row, BEGUN).load(SeqCst);
        if value < least || value > begun {
            self.report(&format!("row {}: {how} gave {value}, not {least}..={begun}", row.0));
        }
        self.word(row, SEEN).fetch_max(value, SeqCst);
    }

    pub fn report(&self, what: &str) {
        eprintln!("{what}");
        self.add(Count::Violations, 1);
    }

    fn word(&self, row: Row, at: usize) -> &std::sync::atomic::AtomicU64 {
        self.0.word(row.0 + at)
    }

    pub fn tally(&self) -> String {
        let counts = COUNTS.map(|count| format!("{count:?} {}", self.count(count)));
        counts.join(", ")
    }

    /// Nothing that the trial is about may be missing in it.
    pub fn check_that_it_was_a_trial(&self) {
        for count in COUNTS {
            let is_needed = !matches!(count, Count::Violations | Count::Unknown);
            assert!(!is_needed || self.count(count) > 0, "{}", self.tally());
        }
    }
}
