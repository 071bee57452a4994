//! Reading a token. A read with a limit is a write: it counts down, is journalled and, at zero,
//! deletes, in one step.

use super::Engine;
use super::append::Effect;
use super::lookup::{Address, Found};
use super::write::with_entry;
use crate::cache::NO_COUNT;
use crate::cache::{ReaderIndex, ValidCopy};
use crate::call::{Meta, Reading};
use crate::crypto::token::TokenParts;
use crate::event::Event;
use crate::memtable::RecordMeta;
use crate::record::Header;
use crate::{Error, Result};

impl Engine {
    /// See [`crate::Store::read`].
    pub(crate) fn read(
        &self,
        token: &[u8],
        index: Option<&ReaderIndex>,
        out: &mut [u8],
    ) -> Result<Reading> {
        self.check_open()?;
        for address in self.addresses(token) {
            match self.read_at(&address, index, out)? {
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
        out: &mut [u8],
    ) -> Result<Reading> {
        let parts = &address.parts;
        if let Some(reading) = index.and_then(|index| self.recall(parts, index)) {
            return Ok(reading);
        }
        let change_count = index.map_or(NO_COUNT, |index| index.change_count(parts.id));
        let now = self.time.now();
        match self.find_at(address, index, now, out)? {
            Found::Absent => Ok(Reading::Absent),
            Found::Expired => {
                self.expire(address);
                Ok(Reading::Absent)
            }
            Found::Unchanged(RecordMeta { version, expiry, .. }) => {
                let slot = index.map_or(0, |index| index.confirm(parts, expiry, change_count));
                Ok(unchanged(parts.id, ValidCopy { version, slot, expiry }, now))
            }
            Found::Live(header, _) if header.reads.is_some() => self.count_down(address, now, out),
            Found::Live(header, length) => Ok(Reading::Found(meta(parts.id, &header, now), length)),
        }
    }

    /// What the caller keeps and knows to be true, if it is alive: the clock is asked only where
    /// something expires.
    fn recall(&self, parts: &TokenParts, index: &ReaderIndex) -> Option<Reading> {
        let valid_copy = index.valid_copy(parts)?;
        let now = if valid_copy.expiry == u64::MAX { 0 } else { self.time.now() };
        (now < valid_copy.expiry).then(|| unchanged(parts.id, valid_copy, now))
    }

    /// Takes one of the reads that are left. The stripe makes looking and counting one step.
    fn count_down(&self, address: &Address<'_>, now: u64, out: &mut [u8]) -> Result<Reading> {
        let _stripe = self.stripe(address.parts.id);
        let (header, length) = match self.find(address, out)? {
            Found::Live(header, length) => (header, length),
            Found::Expired => {
                self.expire_held(address);
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
            self.kill(address, &header)
        } else {
            self.reseal(address, &header, left, data)
        };
        Ok(if counted? {
            Reading::Found(meta(address.parts.id, &left, now), length)
        } else {
            Reading::Absent
        })
    }

    /// Appends a tombstone for a live record; false if its time came meanwhile. The stripe is held.
    pub(super) fn kill(&self, address: &Address<'_>, header: &Header) -> Result<bool> {
        with_entry(|entry| {
            entry.remove(address.parts.id);
            self.append(address.parts.id, entry, Effect::Deleted, header.expiry)
        })
    }

    /// Appends a record's new state; false if the old one's time came meanwhile. The stripe is held.
    pub(super) fn reseal(
        &self,
        address: &Address<'_>,
        old: &Header,
        new: Header,
        data: &[u8],
    ) -> Result<bool> {
        self.seal(address.domain, |epoch, nonce| {
            let new = Header { epoch: epoch.row.number, nonce, ..new };
            with_entry(|entry| {
                let sealed = entry
                    .put(address.parts.id, |out| epoch.seal(address.parts.id, &new, data, out));
                sealed.ok_or(Error::Randomness)?;
                self.append(
                    address.parts.id,
                    entry,
                    Effect::Changed(RecordMeta::of(&new)),
                    old.expiry,
                )
            })
        })
    }

    /// Once an expired record was seen dead it is dead for good, whatever the clock says later.
    fn expire(&self, address: &Address<'_>) {
        let _stripe = self.stripe(address.parts.id);
        if matches!(self.find_header(address), Ok(Found::Expired)) {
            self.expire_held(address);
        }
    }

    /// The same with the stripe held and the record known to be expired. A store that can't be
    /// written says dead all the same; the next call tries again.
    pub(super) fn expire_held(&self, address: &Address<'_>) {
        let (trusted, jumped) = self.time.is_trusted();
        self.tell_jump(jumped);
        if !trusted {
            return;
        }
        let _ = with_entry(|entry| {
            entry.remove(address.parts.id);
            self.append(address.parts.id, entry, Effect::Expired, None)
        });
    }

    pub(super) fn tell_jump(&self, milliseconds: u64) {
        if milliseconds > 0 {
            self.options.tell(Event::ClockJumped { seconds: milliseconds / 1000 });
        }
    }
}

/// What a reader is told besides the data.
fn meta(id: u64, header: &Header, now: u64) -> Meta {
    let left = |expiry: u128| expiry.saturating_sub(u128::from(now)).div_ceil(1000).max(1) as u64;
    Meta { id, version: header.version, ttl: header.expiry.map(left), reads: header.reads }
}

/// What a reader is told who keeps the data.
fn unchanged(id: u64, ValidCopy { version, slot, expiry }: ValidCopy, now: u64) -> Reading {
    let left = expiry.saturating_sub(now).div_ceil(1000).max(1);
    let ttl = (expiry != u64::MAX).then_some(left);
    Reading::Unchanged(Meta { id, version, ttl, reads: None }, slot)
}
