//! The leaves of a map: its values as the decoder in JavaScript gets them.

use super::length;
use super::reader::Reader;
use super::text_table::{NEW_TEXT, SHORT_TEXT};

/// Maximum number of leaves of a map.
pub const MAX_LEAVES: usize = 256;

/// The code of a number of up to 32 bits or a float; it is beside the code.
pub(super) const NUMBER: i32 = -1;
pub(super) const NULL: i32 = -2;
pub(super) const TRUE: i32 = -3;
pub(super) const FALSE: i32 = -4;
/// The code of any other value; its offset is beside it.
pub(super) const OTHER: i32 = -5;

const SHORT_TEXT_MAX: u8 = 0xa0 | SHORT_TEXT as u8;

/// The output arrays for the leaves of a map.
pub struct Leaves<'a> {
    /// What each leaf is: the number of a text, or one of the codes above.
    pub codes: &'a mut [i32; MAX_LEAVES],
    /// The number or offset beside each code.
    pub numbers: &'a mut [f64; MAX_LEAVES],
}

/// The leaf at an offset, the number beside it, and the offset after it. Texts have no numbers yet.
///
/// Each arm returns by itself: joining them first costs a tenth of a match.
pub(super) fn leaf(map: &[u8], at: usize) -> Option<(i32, f64, usize)> {
    let rest = map.get(at..)?;
    match *rest.first()? {
        code @ ..0x80 => Some((NUMBER, f64::from(code), at + 1)),
        code @ 0xa1..=SHORT_TEXT_MAX if is_ascii(rest, usize::from(code & 0x1f)) => {
            Some((NEW_TEXT, at as f64, at + 1 + usize::from(code & 0x1f)))
        }
        0xc0 => Some((NULL, 0.0, at + 1)),
        0xc2 => Some((FALSE, 0.0, at + 1)),
        0xc3 => Some((TRUE, 0.0, at + 1)),
        code @ (0xca..=0xce | 0xd0..=0xd2) => {
            let mut reader = Reader(rest.get(1..)?);
            // Adding 0 turns -0 into 0.
            let number = reader.number(code)? + 0.0;
            Some((NUMBER, number, map.len() - reader.0.len()))
        }
        code @ 0xe0.. => Some((NUMBER, f64::from(code as i8), at + 1)),
        _ => Some((OTHER, at as f64, at + length(rest).ok()?)),
    }
}

fn is_ascii(text: &[u8], length: usize) -> bool {
    text.get(1..=length).is_some_and(<[u8]>::is_ascii)
}
