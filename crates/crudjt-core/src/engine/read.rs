//! Reads a token. A counted read is a write: it takes one of the reads left, is journalled and,
//! with the last one, deletes, in one step.

use super::Engine;
use super::lookup::{Address, Found};
use super::shelf::Shelving;
use crate::Result;
use crate::cache::{NO_COUNT, ReaderIndex, ValidCopy};
use crate::call::{Meta, Reading};
use crate::crypto::token::TokenParts;
use crate::record::{Header, RecordMeta};

impl Engine {
    /// See [`crate::Store::read`].
    pub(crate) fn read(
        &self,
        token: &[u8],
        index: Option<&ReaderIndex>,
        out: &mut [u8],
    ) -> Result<Reading> {
        self.read_from(token, index, None, out)
    }

    /// A read that puts the record on the shelf, if there is one to put it on.
    pub(super) fn read_from(
        &self,
        token: &[u8],
        index: Option<&ReaderIndex>,
        shelving: Option<&Shelving<'_>>,
        out: &mut [u8],
    ) -> Result<Reading> {
        self.check_open()?;
        for address in self.addresses(token) {
            match self.read_at(&address, index, shelving, out)? {
                Reading::Absent => {}
                reading => return Ok(reading),
            }
        }
        Ok(Reading::Absent)
    }

    fn read_at(
        &self,
        address: &Address<'_>,
        index: Option<&ReaderIndex>,
        shelving: Option<&Shelving<'_>>,
        out: &mut [u8],
    ) -> Result<Reading> {
        let parts = &address.parts;
        if let Some(reading) = index.and_then(|index| self.cached_copy(parts, index)) {
            return Ok(reading);
        }
        let change_count = index.map_or(NO_COUNT, |index| index.change_count(parts.id));
        let now = self.time.now();
        match self.find_at(address, index, now, out)? {
            Found::Absent => Ok(Reading::Absent),
            Found::Expired => {
                self.expire(address)?;
                Ok(Reading::Absent)
            }
            Found::Unchanged(RecordMeta { version, expiry, .. }) => {
                let slot = index.map_or(0, |index| index.confirm(parts, expiry, change_count));
                Ok(unchanged(parts.id, ValidCopy { version, slot, expiry }, now))
            }
            Found::Live(header, length) => {
                let is_counted = header.reads.is_some();
                if let Some(index) = index {
                    let meta = (!is_counted).then(|| RecordMeta::of(&header));
                    index.remember(parts, meta.as_ref(), change_count);
                }
                if is_counted {
                    return self.count_down(address, now, out);
                }
                if let Some(shelving) = shelving {
                    shelving.put(parts.id, &header, out.get(..length).unwrap_or_default());
                }
                Ok(Reading::Found(meta(parts.id, &header, now), length))
            }
        }
    }

    /// The caller's cached copy, if it is known to be current and has not expired: the clock is
    /// read only for a record that expires.
    fn cached_copy(&self, parts: &TokenParts, index: &ReaderIndex) -> Option<Reading> {
        let valid_copy = index.valid_copy(parts)?;
        let now = if valid_copy.expiry == u64::MAX { 0 } else { self.time.now() };
        (now < valid_copy.expiry).then(|| unchanged(parts.id, valid_copy, now))
    }

    /// Takes one of the reads left. The stripe makes lookup and count one step.
    fn count_down(&self, address: &Address<'_>, now: u64, out: &mut [u8]) -> Result<Reading> {
        let _stripe = self.stripe(address.parts.id);
        let (header, length) = match self.find(address, out)? {
            Found::Live(header, length) => (header, length),
            Found::Expired => {
                self.expire_held(address)?;
                return Ok(Reading::Absent);
            }
            _ => return Ok(Reading::Absent),
        };
        let Some(reads) = header.reads else {
            return Ok(Reading::Found(meta(address.parts.id, &header, now), length));
        };
        let data = out.get(..length).unwrap_or_default();
        let left =
            Header { reads: Some(reads.saturating_sub(1)), version: header.version + 1, ..header };
        let counted = if reads <= 1 {
            self.append_tombstone(address, header.expiry)?
        } else {
            let counted = self.reseal(address, &header, left, data)?;
            if !counted {
                self.expire_held(address)?;
            }
            counted
        };
        Ok(if counted {
            Reading::Found(meta(address.parts.id, &left, now), length)
        } else {
            Reading::Absent
        })
    }
}

/// What a read returns besides the data.
fn meta(id: u64, header: &Header, now: u64) -> Meta {
    let left = |expiry: u128| expiry.saturating_sub(u128::from(now)).div_ceil(1000).max(1) as u64;
    Meta { id, version: header.version, ttl: header.expiry.map(left), reads: header.reads }
}

/// The result for a caller whose cached data is current.
fn unchanged(id: u64, ValidCopy { version, slot, expiry }: ValidCopy, now: u64) -> Reading {
    let left = expiry.saturating_sub(now).div_ceil(1000).max(1);
    let ttl = (expiry != u64::MAX).then_some(left);
    Reading::Unchanged(Meta { id, version, ttl, reads: None }, slot)
}
