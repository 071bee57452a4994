//! The part of the Protocol Buffers encoding that the batch protocol uses.
//!
//! Invariants: the reader never leaves its message, whatever the bytes. The writer takes field
//! numbers up to 15, whose tags are one byte. The length of a nested message always takes three
//! bytes, though fewer would usually do: nothing has to be measured beforehand, and such a varint is
//! valid.

use crate::ended::Ended;

/// Wire type of integers and booleans.
pub(crate) const VARINT: u64 = 0;
/// Wire type of eight-byte values.
pub(crate) const FIXED64: u64 = 1;
/// Wire type of text, bytes and nested messages.
pub(crate) const DELIMITED: u64 = 2;
const FIXED32: u64 = 5;

/// The bytes before the first field of a nested message.
const NESTED_HEADER: usize = 4;

/// The tag that precedes a field's value.
pub(crate) const fn tag_of(field: u64, wire_type: u64) -> u64 {
    field * 8 + wire_type
}

/// Reads a message from front to back; holds what is left of it.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next field's tag; `None` at the end.
    pub(crate) fn tag(&mut self) -> Result<Option<u64>, Ended> {
        if self.0.is_empty() {
            return Ok(None);
        }
        match self.uint()? {
            0..8 => Err(Ended::Malformed),
            tag => Ok(Some(tag)),
        }
    }

    /// A varint of at most eight bytes: numbers are below 2^53.
    pub(crate) fn uint(&mut self) -> Result<u64, Ended> {
        self.varint(8)
    }

    /// A signed integer.
    pub(crate) fn int64(&mut self) -> Result<i64, Ended> {
        self.varint(10).map(u64::cast_signed)
    }

    /// A boolean.
    pub(crate) fn bool(&mut self) -> Result<bool, Ended> {
        Ok(self.int64()? != 0)
    }

    /// An unsigned integer of eight bytes.
    pub(crate) fn fixed64(&mut self) -> Result<u64, Ended> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Ended::Malformed)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// A length-delimited value.
    pub(crate) fn delimited(&mut self) -> Result<&'a [u8], Ended> {
        let length = self.uint()?;
        self.take(usize::try_from(length).map_err(|_| Ended::Malformed)?)
    }

    /// Skips the value of an unknown field.
    pub(crate) fn skip(&mut self, tag: u64) -> Result<(), Ended> {
        match tag & 7 {
            VARINT => self.int64().map(drop),
            FIXED64 => self.take(8).map(drop),
            DELIMITED => self.delimited().map(drop),
            FIXED32 => self.take(4).map(drop),
            _ => Err(Ended::Malformed),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Ended> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Ended::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn varint(&mut self, most: u32) -> Result<u64, Ended> {
        let mut value = 0;
        for at in 0..most {
            let (byte, rest) = self.0.split_first().ok_or(Ended::Malformed)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << (7 * at);
            if *byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Ended::Malformed)
    }
}

/// Appends an integer field.
pub(crate) fn put_uint(out: &mut Vec<u8>, field: u64, value: u64) {
    put_varint(out, tag_of(field, VARINT));
    put_varint(out, value);
}

/// Appends an unsigned integer of eight bytes.
pub(crate) fn put_fixed64(out: &mut Vec<u8>, field: u64, value: u64) {
    put_varint(out, tag_of(field, FIXED64));
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends text or bytes.
pub(crate) fn put_delimited(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    put_varint(out, tag_of(field, DELIMITED));
    put_varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// Begins a nested message of fewer than 2^21 bytes; returns where its first field begins.
pub(crate) fn begin_nested(out: &mut Vec<u8>, field: u64) -> usize {
    put_varint(out, tag_of(field, DELIMITED));
    out.extend_from_slice(&[0; NESTED_HEADER - 1]);
    out.len()
}

/// Ends the nested message whose first field begins at `start`.
pub(crate) fn end_nested(out: &mut [u8], start: usize) {
    let length = out.len() - start;
    let header = out.get_mut(start + 1 - NESTED_HEADER..start);
    if let Some([low, middle, high]) = header {
        *low = (length & 0x7f) as u8 | 0x80;
        *middle = (length >> 7 & 0x7f) as u8 | 0x80;
        *high = (length >> 14) as u8;
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_field_round_trips(field in 1..16u64, number in 0..1u64 << 53, any: u64,
                                   bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut out = Vec::new();
            put_uint(&mut out, field, number);
            put_fixed64(&mut out, field, any);
            let start = begin_nested(&mut out, field);
            put_delimited(&mut out, field, &bytes);
            end_nested(&mut out, start);
            put_uint(&mut out, field, any);
            let mut reader = Reader(&out);
            prop_assert_eq!(reader.tag(), Ok(Some(tag_of(field, VARINT))));
            prop_assert_eq!(reader.uint(), Ok(number));
            prop_assert_eq!(reader.tag(), Ok(Some(tag_of(field, FIXED64))));
            prop_assert_eq!(reader.fixed64(), Ok(any));
            prop_assert_eq!(reader.tag(), Ok(Some(tag_of(field, DELIMITED))));
            let mut nested = Reader(reader.delimited().unwrap());
            prop_assert_eq!(nested.tag(), Ok(Some(tag_of(field, DELIMITED))));
            prop_assert_eq!(nested.delimited(), Ok(&bytes[..]));
            prop_assert_eq!(nested.tag(), Ok(None));
            prop_assert_eq!(reader.tag(), Ok(Some(tag_of(field, VARINT))));
            prop_assert_eq!(reader.int64(), Ok(any.cast_signed()));
            prop_assert_eq!(reader.tag(), Ok(None));
        }

        #[test]
        fn any_bytes_are_fields_or_malformed(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut reader = Reader(&bytes);
            loop {
                let left = reader.0.len();
                match reader.tag() {
                    Ok(Some(tag)) if reader.skip(tag).is_ok() => prop_assert!(reader.0.len() < left),
                    _ => break,
                }
            }
        }
    }
}
