//! The numbers of short texts, so that a decoder that keeps the texts need not decode them again.

use super::leaf::{NEW_TEXT, OTHER};

/// Maximum length of a text that has a number, in bytes.
pub(super) const SHORT_TEXT: usize = 24;
/// How many texts have numbers; a power of two.
pub(super) const TEXTS: usize = 1024;

#[derive(Clone, Copy, Default, PartialEq)]
#[repr(C, align(32))]
struct Text {
    /// The header byte, then the characters, then zeros.
    bytes: [u8; 1 + SHORT_TEXT],
}

/// A direct-mapped table: the hash of a text is its number, and a new text replaces the one there.
pub(super) struct TextTable(Vec<Text>);

impl Default for TextTable {
    fn default() -> TextTable {
        TextTable(vec![Text::default(); TEXTS])
    }
}

impl TextTable {
    /// The leaf code of the short text at the front of `rest`: its number, plus [`NEW_TEXT`] if it
    /// had none.
    pub(super) fn code(&mut self, rest: &[u8]) -> i32 {
        let size = rest.first().map_or(0, |header| 1 + usize::from(header & 0x1f));
        let mut text = Text::default();
        for (byte, given) in text.bytes.iter_mut().zip(rest.iter().take(size)) {
            *byte = *given;
        }
        let index = text.hash() & (TEXTS - 1);
        match self.0.get_mut(index) {
            Some(known) if *known == text => index as i32,
            Some(place) => {
                *place = text;
                NEW_TEXT + index as i32
            }
            None => OTHER,
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.fill(Text::default());
    }
}

impl Text {
    fn hash(&self) -> usize {
        let (words, last) = self.bytes.as_chunks::<8>();
        let last = u64::from(last.first().copied().unwrap_or(0));
        let mixed = words.iter().fold(last, |hash, word| {
            (hash.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        (mixed >> 48) as usize
    }
}
