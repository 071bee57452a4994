//! Reads the parts of MessagePack values off the front of a byte string.

/// The bytes that are left to read. Every method is `None` if they are too few.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The rest of a number with one of these codes, all of which fit a double: every width but the
    /// integers of 64 bits.
    #[inline(always)]
    pub(super) fn number(&mut self, code: u8) -> Option<f64> {
        Some(match code {
            0xca => f32::from_be_bytes(self.array()?).into(),
            0xcb => f64::from_be_bytes(self.array()?),
            0xcc => u8::from_be_bytes(self.array()?).into(),
            0xcd => u16::from_be_bytes(self.array()?).into(),
            0xce => u32::from_be_bytes(self.array()?).into(),
            0xd0 => i8::from_be_bytes(self.array()?).into(),
            0xd1 => i16::from_be_bytes(self.array()?).into(),
            0xd2 => i32::from_be_bytes(self.array()?).into(),
            _ => return None,
        })
    }

    /// A length or count of one byte (`width` 0), two (1), or four.
    pub(super) fn length(&mut self, width: u8) -> Option<usize> {
        Some(match width {
            0 => usize::from(u8::from_be_bytes(self.array()?)),
            1 => usize::from(u16::from_be_bytes(self.array()?)),
            _ => u32::from_be_bytes(self.array()?) as usize,
        })
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    #[inline(always)]
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}
