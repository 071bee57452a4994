//! A walk over MessagePack that somebody else packed: where does a value end, is it one well-formed
//! map, and how many bytes would it take in the most compact encoding?
//!
//! Invariants: one pass, no allocation, no recursion; the work is bounded by the number of bytes,
//! whatever lengths they claim; no bytes make it panic. The size is never more than the bytes given,
//! and is what the library's own encoder takes for the same values; but a float of 32 bits, which
//! that one never writes, counts as it stands.

mod outline;

pub use outline::{Leaves, MAX_LEAVES, Outliner};

/// How many containers may be nested, the map itself counted.
pub const DEPTH_LIMIT: usize = 128;

/// Why bytes are no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// Not one whole value: an unknown code, cut short, bytes behind it, or text that is not UTF-8.
    Syntax,
    /// A value, but no map.
    NotMap,
    /// Containers nested deeper than [`DEPTH_LIMIT`].
    TooDeep,
}

/// Checks that `bytes` are one map and gives the size of its most compact encoding.
///
/// # Errors
/// [`Malformed`], by the first thing that is wrong.
pub fn measure(bytes: &[u8]) -> Result<usize, Malformed> {
    let mut walk = Walk::new(bytes);
    let size = match bytes.first() {
        Some(0x80..=0x8f | 0xde | 0xdf) => walk.whole_value()?,
        Some(_) => return Err(Malformed::NotMap),
        None => return Err(Malformed::Syntax),
    };
    if walk.rest.is_empty() { Ok(size) } else { Err(Malformed::Syntax) }
}

/// How many bytes the value at the front of `bytes` takes, with everything in it.
///
/// # Errors
/// [`Malformed::Syntax`], [`Malformed::TooDeep`].
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Malformed> {
    let mut walk = Walk::new(bytes);
    walk.whole_value()?;
    Ok(bytes.len() - walk.rest.len())
}

struct Walk<'a> {
    rest: &'a [u8],
    /// How many values each open container still waits for.
    open: [u64; DEPTH_LIMIT],
    depth: usize,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8]) -> Walk<'a> {
        Walk { rest: bytes, open: [0; DEPTH_LIMIT], depth: 0 }
    }

    /// Takes a value with everything in it and gives its compact size.
    fn whole_value(&mut self) -> Result<usize, Malformed> {
        let mut size = 0;
        loop {
            let code = self.code()?;
            size += self.value(code)?;
            if !self.expects_value() {
                return Ok(size);
            }
        }
    }

    /// Counts one value of the innermost container that waits for any; false if none does.
    fn expects_value(&mut self) -> bool {
        while let Some(top) = self.depth.checked_sub(1) {
            match self.open.get_mut(top) {
                Some(0) | None => self.depth = top,
                Some(left) => {
                    *left -= 1;
                    return true;
                }
            }
        }
        false
    }

    /// Takes a value, of a container only the header, and gives its compact size.
    fn value(&mut self, code: u8) -> Result<usize, Malformed> {
        match code {
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => Ok(1),
            0x80..=0x8f => self.container(u64::from(code & 0x0f), 2),
            0x90..=0x9f => self.container(u64::from(code & 0x0f), 1),
            0xa0..=0xbf => self.text(usize::from(code & 0x1f)),
            0xc1 => Err(Malformed::Syntax),
            0xc4..=0xc6 => {
                let length = self.length(code - 0xc4)?;
                self.skip(length)?;
                Ok(header(length, 0) + length)
            }
            0xc7..=0xc9 => {
                let length = self.length(code - 0xc7)?;
                self.extension(length)
            }
            0xca..=0xd3 => self.number(code),
            0xd4..=0xd8 => self.extension(1 << (code - 0xd4)),
            0xd9..=0xdb => {
                let length = self.length(code - 0xd9)?;
                self.text(length)
            }
            0xdc | 0xdd => {
                let count = self.length(code - 0xdb)?;
                self.container(count as u64, 1)
            }
            0xde | 0xdf => {
                let count = self.length(code - 0xdd)?;
                self.container(count as u64, 2)
            }
        }
    }

    fn number(&mut self, code: u8) -> Result<usize, Malformed> {
        Ok(match code {
            0xca => compact_float(f64::from(f32::from_be_bytes(self.array()?)), 5),
            0xcb => compact_float(f64::from_be_bytes(self.array()?), 9),
            0xcc => compact_int(i128::from(u8::from_be_bytes(self.array()?))),
            0xcd => compact_int(i128::from(u16::from_be_bytes(self.array()?))),
            0xce => compact_int(i128::from(u32::from_be_bytes(self.array()?))),
            0xcf => compact_int(i128::from(u64::from_be_bytes(self.array()?))),
            0xd0 => compact_int(i128::from(i8::from_be_bytes(self.array()?))),
            0xd1 => compact_int(i128::from(i16::from_be_bytes(self.array()?))),
            0xd2 => compact_int(i128::from(i32::from_be_bytes(self.array()?))),
            _ => compact_int(i128::from(i64::from_be_bytes(self.array()?))),
        })
    }

    fn text(&mut self, length: usize) -> Result<usize, Malformed> {
        let text = self.skip(length)?;
        if std::str::from_utf8(text).is_err() {
            return Err(Malformed::Syntax);
        }
        Ok(header(length, 32) + length)
    }

    fn extension(&mut self, length: usize) -> Result<usize, Malformed> {
        let [kind] = self.array()?;
        let data = self.skip(length)?;
        let whole = || match length {
            1 | 2 | 4 | 8 | 16 => 2 + length,
            _ => header(length, 0) + 1 + length,
        };
        Ok(if kind == 0xff { compact_time(data).unwrap_or_else(whole) } else { whole() })
    }

    /// Opens a container of `count` entries of `width` values.
    fn container(&mut self, count: u64, width: u64) -> Result<usize, Malformed> {
        let place = self.open.get_mut(self.depth).ok_or(Malformed::TooDeep)?;
        *place = count * width;
        self.depth += 1;
        Ok(match count {
            0..16 => 1,
            16..0x1_0000 => 3,
            _ => 5,
        })
    }

    fn code(&mut self) -> Result<u8, Malformed> {
        let [code] = self.array()?;
        Ok(code)
    }

    /// A length or count of 1, 2 or 4 bytes.
    fn length(&mut self, width: u8) -> Result<usize, Malformed> {
        Ok(match width {
            0 => usize::from(u8::from_be_bytes(self.array()?)),
            1 => usize::from(u16::from_be_bytes(self.array()?)),
            _ => u32::from_be_bytes(self.array()?) as usize,
        })
    }

    fn skip(&mut self, length: usize) -> Result<&[u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed::Syntax)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed::Syntax)?;
        self.rest = rest;
        Ok(*taken)
    }
}

/// Bytes of the header of text, bytes or an extension; those below `short` have one byte.
fn header(length: usize, short: usize) -> usize {
    match length {
        _ if length < short => 1,
        0..0x100 => 2,
        0x100..0x1_0000 => 3,
        _ => 5,
    }
}

fn compact_int(value: i128) -> usize {
    match value {
        -0x20..=0x7f => 1,
        -0x80..=0xff => 2,
        -0x8000..=0xffff => 3,
        -0x8000_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// A float that is an integer of 32 bits takes as many bytes as that.
fn compact_float(value: f64, size: usize) -> usize {
    let is_small = value.fract() == 0.0 && (-2_147_483_648.0..=4_294_967_295.0).contains(&value);
    if is_small { compact_int(value as i128).min(size) } else { size }
}

/// The shortest form of a timestamp; nothing for bytes that are none.
fn compact_time(data: &[u8]) -> Option<usize> {
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
