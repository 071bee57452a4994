//! A slot: a sequence, and words that are written and read as a whole.
//!
//! The sequence is odd while the words are written. A reader that saw the same even sequence before
//! and after it copied the words has what was written at once (a *seqlock*). A writer that dies in
//! between leaves it odd for ever.

use crate::words::{Words, WritableWords};

/// Writes words after the sequence at `base`. One writer at a time.
pub fn write_slot(words: &impl WritableWords, base: usize, content: &[u64]) {
    let sequence = words.load(base) | 1;
    words.store(base, sequence);
    words.release();
    for (at, word) in content.iter().enumerate() {
        words.store(base + 1 + at, *word);
    }
    words.store_released(base, sequence.wrapping_add(1));
}

/// Copies words from after the sequence at `base`; false if they are not whole.
pub fn copy_slot(words: &impl Words, base: usize, content: &mut [u64]) -> bool {
    let before = words.load(base);
    words.acquire();
    for (at, word) in content.iter_mut().enumerate() {
        *word = words.load(base + 1 + at);
    }
    words.acquire();
    sabotage!(SequenceUnchecked, return true);
    before.is_multiple_of(2) && words.load(base) == before
}
