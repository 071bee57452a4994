//! Which versions of which tokens a caller keeps decoded, and where: so that it needs no index of
//! its own, and a read finds the version to compare with on the way.
//!
//! A hint with a fixed size: a token's place is decided by its characters, and the ones that share
//! it push each other out. Invariants: what is said to be kept was kept under exactly this token
//! and not forgotten since; a token that was only seen never pushes out one that is kept.

use crate::token::TOKEN_LENGTH;

/// Tokens that share a place. Two entries fit a cache line.
const WAYS: usize = 4;
/// The part of a caller's slot numbers that an entry has room for.
const SLOT_BYTES: usize = 6;

/// What a caller knows of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquaintance {
    /// Nothing, or no more.
    Stranger,
    /// It was read before.
    Seen,
    /// Its data is kept.
    Kept {
        /// The version that the data is of.
        version: u64,
        /// Where the caller keeps it.
        slot: u64,
    },
}

/// One token; `version` 0 was only seen, a token of zeros is nobody.
#[derive(Clone, Copy, Default)]
#[repr(C, align(32))]
struct Entry {
    token: [u8; TOKEN_LENGTH],
    slot: [u8; SLOT_BYTES],
    version: [u8; 4],
}

/// The tokens that one caller knows.
pub struct Known {
    sets: Box<[[Entry; WAYS]]>,
    /// What is kept in slots below this one counts as forgotten.
    oldest: u64,
}

impl Known {
    /// Room for about this many tokens, 32 bytes each; for none with 0.
    pub fn new(tokens: usize) -> Known {
        let sets = if tokens == 0 { 0 } else { tokens.div_ceil(WAYS).next_power_of_two() };
        Known { sets: vec![[Entry::default(); WAYS]; sets].into_boxed_slice(), oldest: 0 }
    }

    /// What is known of a token.
    pub fn look(&self, token: &[u8; TOKEN_LENGTH]) -> Acquaintance {
        let found = self.set(token).and_then(|set| set.iter().find(|entry| entry.token == *token));
        found.map_or(Acquaintance::Stranger, |entry| entry.tells(self.oldest))
    }

    /// Notes that a stranger was read.
    pub fn see(&mut self, token: &[u8; TOKEN_LENGTH]) {
        let oldest = self.oldest;
        if let Some(entry) = self.place_for(token)
            && entry.worth(oldest) == 0
        {
            *entry = Entry { token: *token, ..Entry::default() };
        }
    }

    /// Notes that a version of a token is kept in a slot. With a version or a slot of more digits
    /// than an entry has room for, nothing is known of the token from then on.
    pub fn keep(&mut self, token: &[u8; TOKEN_LENGTH], version: u64, slot: u64) {
        if let Some(entry) = self.place_for(token) {
            *entry = Entry::kept(*token, version, slot).unwrap_or_default();
        }
    }

    /// Forgets everything kept in slots below this one.
    pub fn forget_below(&mut self, slot: u64) {
        self.oldest = slot;
    }

    /// A token's characters are as good as random but for six bits of each: four make an index.
    fn index(&self, token: &[u8; TOKEN_LENGTH]) -> usize {
        let [a, b, c, d, e, f, g, h, ..] = *token;
        let word = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let mixed = word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        mixed as usize & self.sets.len().wrapping_sub(1)
    }

    fn set(&self, token: &[u8; TOKEN_LENGTH]) -> Option<&[Entry; WAYS]> {
        self.sets.get(self.index(token))
    }

    /// The token's entry, else the one of its place with which the least is lost.
    fn place_for(&mut self, token: &[u8; TOKEN_LENGTH]) -> Option<&mut Entry> {
        let (index, oldest) = (self.index(token), self.oldest);
        let set = self.sets.get_mut(index)?;
        let own = set.iter().position(|entry| entry.token == *token);
        match own {
            Some(own) => set.get_mut(own),
            None => set.iter_mut().min_by_key(|entry| entry.worth(oldest)),
        }
    }
}

impl Entry {
    fn kept(token: [u8; TOKEN_LENGTH], version: u64, slot: u64) -> Option<Entry> {
        let version = u32::try_from(version).ok()?.to_le_bytes();
        let [a, b, c, d, e, f, 0, 0] = slot.to_le_bytes() else { return None };
        Some(Entry { token, slot: [a, b, c, d, e, f], version })
    }

    fn slot(&self) -> u64 {
        let [a, b, c, d, e, f] = self.slot;
        u64::from_le_bytes([a, b, c, d, e, f, 0, 0])
    }

    fn tells(&self, oldest: u64) -> Acquaintance {
        match (u32::from_le_bytes(self.version), self.slot()) {
            (0, _) => Acquaintance::Seen,
            (_, slot) if slot < oldest => Acquaintance::Stranger,
            (version, slot) => Acquaintance::Kept { version: version.into(), slot },
        }
    }

    /// What is lost with it: nothing, or what is kept, the newest first.
    fn worth(&self, oldest: u64) -> u64 {
        match self.tells(oldest) {
            Acquaintance::Kept { slot, .. } => slot + 1,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn token(i: u64) -> [u8; TOKEN_LENGTH] {
        let mut token = [b'A'; TOKEN_LENGTH];
        let word = i.wrapping_mul(0x2545_f491_4f6c_dd1d);
        for (n, byte) in token.iter_mut().enumerate().take(10) {
            *byte = b'0' + ((word >> (n * 6)) & 63) as u8;
        }
        token
    }

    proptest! {
        #[test]
        fn what_is_said_to_be_kept_was_kept_last_and_not_forgotten(
            steps in proptest::collection::vec((0..5u8, 0..60u64, 1..9u64), 1..400),
        ) {
            let mut known = Known::new(32);
            let (mut model, mut next, mut oldest) = (HashMap::new(), 0u64, 0u64);
            for (step, i, version) in steps {
                match step {
                    0 => known.see(&token(i)),
                    1 | 2 => {
                        known.keep(&token(i), version, next);
                        model.insert(i, (version, next));
                        next += 1;
                    }
                    3 => {
                        oldest = next.saturating_sub(version);
                        known.forget_below(oldest);
                    }
                    _ => {}
                }
                if let Acquaintance::Kept { version, slot } = known.look(&token(i)) {
                    prop_assert_eq!(model.get(&i), Some(&(version, slot)));
                    prop_assert!(slot >= oldest);
                }
            }
        }
    }

    #[test]
    fn nearly_all_of_as_many_tokens_as_half_the_room_are_kept() {
        let mut known = Known::new(1 << 12);
        (0..2048).for_each(|i| known.keep(&token(i), 1, i));
        let kept = |i: &u64| known.look(&token(*i)) == Acquaintance::Kept { version: 1, slot: *i };
        assert!((0..2048).filter(kept).count() > 1900);
    }

    #[test]
    fn a_stranger_is_seen_but_pushes_out_none_that_is_kept() {
        let mut known = Known::new(WAYS);
        (0..4).for_each(|i| known.keep(&token(i), 1, i));
        known.see(&token(9));
        assert_eq!(known.look(&token(9)), Acquaintance::Stranger);
        known.forget_below(1);
        known.see(&token(9));
        assert_eq!(known.look(&token(9)), Acquaintance::Seen);
        assert_eq!(known.look(&token(1)), Acquaintance::Kept { version: 1, slot: 1 });
    }

    #[test]
    fn the_newest_pushes_out_the_oldest() {
        let mut known = Known::new(WAYS);
        (0..5).for_each(|i| known.keep(&token(i), 1, i));
        assert_eq!(known.look(&token(0)), Acquaintance::Stranger);
        assert_eq!(known.look(&token(4)), Acquaintance::Kept { version: 1, slot: 4 });
    }

    #[test]
    fn versions_and_slots_without_room_are_not_noted() {
        let mut known = Known::new(WAYS);
        for (version, slot) in [(1 << 32, 0), (1, 1 << 48)] {
            known.keep(&token(0), 1, 0);
            known.keep(&token(0), version, slot);
            assert_eq!(known.look(&token(0)), Acquaintance::Stranger);
        }
    }

    #[test]
    fn without_room_nothing_is_known() {
        let mut known = Known::new(0);
        known.see(&token(0));
        known.keep(&token(0), 1, 0);
        assert_eq!(known.look(&token(0)), Acquaintance::Stranger);
    }
}
