//! The numbers of short texts, so that a decoder that keeps the texts need not decode them again.

/// Maximum length of a text that has a number, in bytes.
pub(super) const SHORT_TEXT: usize = 24;
/// How many texts have numbers; a power of two.
pub(super) const TEXTS: usize = 1024;
/// The code of a text that the decoder does not know yet, plus its number; its offset is beside it.
pub(super) const NEW_TEXT: i32 = TEXTS as i32;

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
    /// had none. Never `None`.
    pub(super) fn code(&mut self, rest: &[u8]) -> Option<i32> {
        let size = rest.first().map_or(0, |header| 1 + usize::from(header & 0x1f));
        let mut text = Text::default();
        for (byte, given) in text.bytes.iter_mut().zip(rest.iter().take(size)) {
            *byte = *given;
        }
        let index = text.hash() & (TEXTS - 1);
        let known = self.0.get_mut(index)?;
        if *known == text {
            return Some(index as i32);
        }
        *known = text;
        Some(NEW_TEXT + index as i32)
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
