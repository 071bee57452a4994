//! Numbers that look random and are the same for the same seed (SplitMix64); or that somebody gave,
//! as long as there are any.

use std::sync::Arc;

#[derive(Clone)]
pub struct Rng {
    word: u64,
    given: Arc<[u8]>,
    /// How many of the given bytes are used up.
    used: usize,
}

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng::of(seed, &[])
    }

    /// The numbers that bytes say, two each, then those of a seed.
    pub fn of(seed: u64, bytes: &[u8]) -> Rng {
        Rng { word: seed, given: bytes.into(), used: 0 }
    }

    pub fn next(&mut self) -> u64 {
        if let Some(bytes) = self.given.get(self.used..self.used + 2) {
            self.used += 2;
            return u64::from(bytes[0]) | u64::from(bytes[1]) << 8;
        }
        self.word = self.word.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.word;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A number from 0 up to, but not, `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}
