//! The format of a record, which the journal and the B-tree hold for each token.
//!
//! ```text
//!  0  u8   format version (1)
//!  1  u8   flags: 1 expiry (48 bits), 2 expiry (128 bits), 4 read limit; others: a newer version's
//!  2  u32  epoch
//!  6  u40  nonce
//! 11  u40  version of the record, starting at 1, incremented by every change
//! 16  [u8; 8] salt
//! 24  u48 or u128  expiry, milliseconds since 1970   (if flagged)
//!  …  u64  reads left                                  (if flagged)
//!  …  ciphertext, then 16 bytes of tag
//! ```
//!
//! The header is in clear and authenticated with the data. Flags 8 and 16 are reserved for a list
//! of owners and a caller's own key, each a u16 length with its bytes after the read limit.

use subtle::ConstantTimeEq;

use crate::bytes::{ByteReader, put_uint};

/// The record format that is written.
pub(crate) const FORMAT: u8 = 1;
/// Bytes of the authentication tag after the ciphertext.
pub(crate) const TAG: usize = 16;
/// The longest header.
pub(crate) const HEADER_MAX: usize = HEADER_FIXED + 16 + 8;

const HEADER_FIXED: usize = 24;
const WIDTH_COUNTER: usize = 5;
const WIDTH_EXPIRY: usize = 6;
const WIDTH_EXPIRY_WIDE: usize = 16;

const FLAG_EXPIRY: u8 = 1;
const FLAG_EXPIRY_WIDE: u8 = 2;
const FLAG_READS: u8 = 4;

/// The random half of a token, compared in constant time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Salt(pub(crate) [u8; 8]);

impl PartialEq for Salt {
    fn eq(&self, other: &Salt) -> bool {
        u64::from_ne_bytes(self.0).ct_eq(&u64::from_ne_bytes(other.0)).into()
    }
}

impl Eq for Salt {}

/// A record's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) epoch: u32,
    /// Below 2^40.
    pub(crate) nonce: u64,
    /// Below 2^40.
    pub(crate) version: u64,
    pub(crate) salt: Salt,
    /// Milliseconds since 1970.
    pub(crate) expiry: Option<u128>,
    pub(crate) reads: Option<u64>,
}

impl Header {
    /// Appends the header's bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let wide = self.expiry.is_some_and(is_wide);
        let flags = match self.expiry {
            None => 0,
            Some(_) if wide => FLAG_EXPIRY_WIDE,
            Some(_) => FLAG_EXPIRY,
        };
        out.extend_from_slice(&[FORMAT, flags | if self.reads.is_some() { FLAG_READS } else { 0 }]);
        out.extend_from_slice(&self.epoch.to_le_bytes());
        put_uint(out, u128::from(self.nonce), WIDTH_COUNTER);
        put_uint(out, u128::from(self.version), WIDTH_COUNTER);
        out.extend_from_slice(&self.salt.0);
        if let Some(expiry) = self.expiry {
            put_uint(out, expiry, if wide { WIDTH_EXPIRY_WIDE } else { WIDTH_EXPIRY });
        }
        if let Some(reads) = self.reads {
            out.extend_from_slice(&reads.to_le_bytes());
        }
    }

    /// Parses a header; also returns its length. `None` if this version does not know the format.
    pub(crate) fn parse(record: &[u8]) -> Option<(Header, usize)> {
        let mut reader = ByteReader(record);
        let (format, flags) = (reader.u8()?, reader.u8()?);
        let supported = FLAG_EXPIRY | FLAG_EXPIRY_WIDE | FLAG_READS;
        if format != FORMAT || flags & !supported != 0 || flags & 3 == 3 {
            return None;
        }
        let header = Header {
            epoch: reader.u32()?,
            nonce: reader.uint(WIDTH_COUNTER)? as u64,
            version: reader.uint(WIDTH_COUNTER)? as u64,
            salt: Salt(reader.array()?),
            expiry: match flags & (FLAG_EXPIRY | FLAG_EXPIRY_WIDE) {
                FLAG_EXPIRY => Some(reader.uint(WIDTH_EXPIRY)?),
                FLAG_EXPIRY_WIDE => Some(reader.uint(WIDTH_EXPIRY_WIDE)?),
                _ => None,
            },
            reads: if flags & FLAG_READS != 0 { Some(reader.u64()?) } else { None },
        };
        Some((header, record.len() - reader.0.len()))
    }

    /// Whether the record has expired at `now`.
    pub(crate) fn expired(&self, now: u64) -> bool {
        self.expiry.is_some_and(|expiry| expiry <= u128::from(now))
    }

    /// The expiry as the key of the expiry table; `None` also if it is beyond 48 bits, past the
    /// year 10 000.
    pub(crate) fn sweep_at(&self) -> Option<u64> {
        self.expiry.filter(|expiry| !is_wide(*expiry)).map(|expiry| expiry as u64)
    }
}

/// The metadata of a record that is held in memory: a read of an unchanged record needs nothing
/// else. Never read from a file, so it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordMeta {
    pub(crate) version: u64,
    pub(crate) salt: Salt,
    /// Milliseconds since 1970; `u64::MAX` for none, or for one that does not fit.
    pub(crate) expiry: u64,
    /// Whether this is all there is to know: no read limit, and an expiry that fits.
    pub(crate) whole: bool,
}

impl RecordMeta {
    pub(crate) fn of(header: &Header) -> RecordMeta {
        let fits = header.expiry.is_none() || header.sweep_at().is_some();
        RecordMeta {
            version: header.version,
            salt: header.salt,
            expiry: header.sweep_at().unwrap_or(u64::MAX),
            whole: fits && header.reads.is_none(),
        }
    }

    /// The header without what the record was sealed with, which a change does not need; `None` if
    /// the metadata is not whole.
    pub(crate) fn header(&self) -> Option<Header> {
        let expiry = (self.expiry != u64::MAX).then_some(u128::from(self.expiry));
        let header = Header {
            epoch: 0,
            nonce: 0,
            version: self.version,
            salt: self.salt,
            expiry,
            reads: None,
        };
        self.whole.then_some(header)
    }
}

fn is_wide(expiry: u128) -> bool {
    expiry >> (8 * WIDTH_EXPIRY) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn headers()(epoch: u32, nonce in 0..1u64 << 40, version in 0..1u64 << 40, salt: [u8; 8],
                     expiry: Option<u128>, near in 0..1u128 << 48, pick: bool, reads: Option<u64>) -> Header {
            Header { epoch, nonce, version, salt: Salt(salt), expiry: if pick { expiry } else { Some(near) }, reads }
        }
    }

    proptest! {
        #[test]
        fn every_header_field_round_trips(header in headers(), tail in proptest::collection::vec(any::<u8>(), 0..9)) {
            let mut bytes = Vec::new();
            header.write(&mut bytes);
            let length = bytes.len();
            prop_assert!(length <= HEADER_MAX);
            bytes.extend_from_slice(&tail);
            prop_assert_eq!(Header::parse(&bytes), Some((header, length)));
        }

        #[test]
        fn any_bytes_are_a_header_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some((header, length)) = Header::parse(&bytes) {
                let mut again = Vec::new();
                header.write(&mut again);
                // Only an attacker writes a near expiry in the wide form.
                prop_assert!(again.len() <= length && length <= bytes.len());
            }
        }
    }
}
