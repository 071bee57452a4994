//! A walk over values and everything inside them.

use super::reader::Reader;
use super::{DEPTH_LIMIT, Malformed, compact};

/// A walk over the bytes that are left.
pub(super) struct Walk<'a> {
    pub(super) rest: Reader<'a>,
    /// How many values each open container still expects.
    open: [u64; DEPTH_LIMIT],
    depth: usize,
}

type Size = Result<usize, Malformed>;

impl<'a> Walk<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Walk<'a> {
        Walk { rest: Reader(bytes), open: [0; DEPTH_LIMIT], depth: 0 }
    }

    /// Consumes a value with everything in it and returns its compact size.
    pub(super) fn whole_value(&mut self) -> Size {
        let mut size = 0;
        loop {
            let [code] = self.array()?;
            size += self.value(code)?;
            if !self.expects_value() {
                return Ok(size);
            }
        }
    }

    /// Counts one value of the innermost container that expects any; false if none does.
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

    /// Consumes a value, of a container only the header, and returns its compact size.
    fn value(&mut self, code: u8) -> Size {
        match code {
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => Ok(1),
            0x80..=0x8f => self.container(usize::from(code & 0x0f), 2),
            0x90..=0x9f => self.container(usize::from(code & 0x0f), 1),
            0xa0..=0xbf => self.text(usize::from(code & 0x1f)),
            0xc1 => Err(Malformed::Syntax),
            0xc4..=0xc6 => {
                let length = self.length(code - 0xc4)?;
                self.skip(length)?;
                Ok(compact::header(length, 0) + length)
            }
            0xc7..=0xc9 => {
                let length = self.length(code - 0xc7)?;
                self.extension(length)
            }
            0xcf => {
                Ok(i64::try_from(u64::from_be_bytes(self.array()?)).map_or(9, compact::integer))
            }
            0xd3 => Ok(compact::integer(i64::from_be_bytes(self.array()?))),
            0xca..=0xd2 => {
                let before = self.rest.0.len();
                let number = self.rest.number(code).ok_or(Malformed::Syntax)?;
                Ok(compact::number(number, 1 + before - self.rest.0.len()))
            }
            0xd4..=0xd8 => self.extension(1 << (code - 0xd4)),
            0xd9..=0xdb => {
                let length = self.length(code - 0xd9)?;
                self.text(length)
            }
            0xdc | 0xdd => {
                let count = self.length(code - 0xdb)?;
                self.container(count, 1)
            }
            0xde | 0xdf => {
                let count = self.length(code - 0xdd)?;
                self.container(count, 2)
            }
        }
    }

    fn text(&mut self, length: usize) -> Size {
        let text = self.skip(length)?;
        if std::str::from_utf8(text).is_err() {
            return Err(Malformed::Syntax);
        }
        Ok(compact::header(length, 32) + length)
    }

    fn extension(&mut self, length: usize) -> Size {
        let [kind] = self.array()?;
        Ok(compact::extension(kind, self.skip(length)?))
    }

    /// Opens a container of `count` entries of `width` values.
    fn container(&mut self, count: usize, width: u64) -> Size {
        let place = self.open.get_mut(self.depth).ok_or(Malformed::TooDeep)?;
        *place = count as u64 * width;
        self.depth += 1;
        Ok(compact::count(count))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.rest.array().ok_or(Malformed::Syntax)
    }

    fn length(&mut self, width: u8) -> Size {
        self.rest.length(width).ok_or(Malformed::Syntax)
    }

    fn skip(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        self.rest.skip(length).ok_or(Malformed::Syntax)
    }
}
