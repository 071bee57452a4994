//! How many bytes values take in the most compact encoding.

/// The header of a text, bytes or an extension; of one byte below `short`.
pub(super) fn header(length: usize, short: usize) -> usize {
    match length {
        _ if length < short => 1,
        0..0x100 => 2,
        0x100..0x1_0000 => 3,
        _ => 5,
    }
}

/// The header of a map or an array.
pub(super) fn count(count: usize) -> usize {
    match count {
        0..16 => 1,
        16..0x1_0000 => 3,
        _ => 5,
    }
}

pub(super) fn integer(value: i64) -> usize {
    match value {
        -0x20..=0x7f => 1,
        -0x80..=0xff => 2,
        -0x8000..=0xffff => 3,
        -0x8000_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// A number that takes `size` bytes: one that is an integer of 32 bits is encoded as such, if that
/// is shorter.
pub(super) fn number(value: f64, size: usize) -> usize {
    let whole = value as i64;
    let is_small = whole as f64 == value && (-0x8000_0000..=0xffff_ffff).contains(&whole);
    if is_small { integer(whole).min(size) } else { size }
}

/// An extension, of which a timestamp has several forms.
pub(super) fn extension(kind: u8, data: &[u8]) -> usize {
    let as_it_is = || match data.len() {
        length @ (1 | 2 | 4 | 8 | 16) => 2 + length,
        length => header(length, 0) + 1 + length,
    };
    let time = if kind == 0xff { timestamp(data) } else { None };
    time.unwrap_or_else(as_it_is)
}

/// The shortest form of a timestamp; `None` if the bytes are not one.
fn timestamp(data: &[u8]) -> Option<usize> {
    let (seconds, nanoseconds) = match data.len() {
        4 => (i64::from(u32::from_be_bytes(data.try_into().ok()?)), 0),
        8 => {
            let both = u64::from_be_bytes(data.try_into().ok()?);
            ((both & 0x3_ffff_ffff) as i64, both >> 34)
        }
        12 => {
            let (nanoseconds, seconds) = data.split_first_chunk::<4>()?;
            let seconds = i64::from_be_bytes(seconds.try_into().ok()?);
            (seconds, u64::from(u32::from_be_bytes(*nanoseconds)))
        }
        _ => return None,
    };
    Some(match seconds {
        0..=0xffff_ffff if nanoseconds == 0 => 6,
        0..0x4_0000_0000 if nanoseconds < 1 << 30 => 10,
        _ => 15,
    })
}
