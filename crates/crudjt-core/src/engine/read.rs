//! Reading a token. A read with a limit is a write: it counts down, is journalled and, at zero,
//! deletes, in one step.

use super::Engine;
use super::append::Effect;
use super::lookup::{Address, Found};
use super::write::with_entry;
use crate::cache::NO_MARK;
use crate::cache::{Known, Standing};
use crate::call::{Meta, Reading};
use crate::crypto::token::Claim;
use crate::event::Event;
use crate::memtable::Brief;
use crate::record::Header;
use crate::{Error, Result};

impl Engine {
    /// See [`crate::Store::read`].
    pub(crate) fn read(
        &self,
        token: &[u8],
        known: Option<&Known>,
        out: &mut [u8],
    ) -> Result<Reading> {
        self.check_open()?;
        for address in self.addresses(token) {
            match self.read_at(&address, known, out)? {
                Reading::Absent => {}
                reading => return Ok(reading),
            }
        }
        Ok(Reading::Absent)
    }

    fn read_at(
        &self,
        address: &Address<'_>,
        known: Option<&Known>,
        out: &mut [u8],
    ) -> Result<Reading> {
        let claim = &address.claim;
        if let Some(reading) = known.and_then(|known| self.recall(claim, known)) {
            return Ok(reading);
        }
        let mark = known.map_or(NO_MARK, |known| known.mark(claim.id));
        let now = self.time.now();
        match self.find_at(address, known, now, out)? {
            Found::Absent => Ok(Reading::Absent),
            Found::Expired => {
                self.bury(address);
                Ok(Reading::Absent)
            }
            Found::Known(Brief { version, expiry, .. }) => {
                let slot = known.map_or(0, |known| known.confirm(claim, expiry, mark));
                Ok(unchanged(claim.id, Standing { version, slot, expiry }, now))
            }
            Found::Live(header, _) if header.reads.is_some() => self.count_down(address, now, out),
            Found::Live(header, length) => Ok(Reading::Found(meta(claim.id, &header, now), length)),
        }
    }

    /// What the caller keeps and knows to be true, if it is alive: the clock is asked only where
    /// something expires.
    fn recall(&self, claim: &Claim, known: &Known) -> Option<Reading> {
        let standing = known.standing(claim)?;
        let now = if standing.expiry == u64::MAX { 0 } else { self.time.now() };
        (now < standing.expiry).then(|| unchanged(claim.id, standing, now))
    }

    /// Takes one of the reads that are left. The stripe makes looking and counting one step.
    fn count_down(&self, address: &Address<'_>, now: u64, out: &mut [u8]) -> Result<Reading> {
        let _stripe = self.stripe(address.claim.id);
        let (header, length) = match self.find(address, out)? {
            Found::Live(header, length) => (header, length),
            Found::Expired => {
                self.bury_held(address);
                return Ok(Reading::Absent);
            }
            _ => return Ok(Reading::Absent),
        };
        let Some(reads) = header.reads else {
            return Ok(Reading::Found(meta(address.claim.id, &header, now), length));
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
            Reading::Found(meta(address.claim.id, &left, now), length)
        } else {
            Reading::Absent
        })
    }

    /// Appends a tombstone for a live record; false if its time came meanwhile. The stripe is held.
    pub(super) fn kill(&self, address: &Address<'_>, header: &Header) -> Result<bool> {
        with_entry(|entry| {
            entry.remove(address.claim.id);
            self.append(address.claim.id, entry, Effect::Deleted, header.expiry)
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
                    .put(address.claim.id, |out| epoch.seal(address.claim.id, &new, data, out));
                sealed.ok_or(Error::Randomness)?;
                self.append(address.claim.id, entry, Effect::Changed(Brief::of(&new)), old.expiry)
            })
        })
    }

    /// Once an expired record was seen dead it is dead for good, whatever the clock says later.
    fn bury(&self, address: &Address<'_>) {
        let _stripe = self.stripe(address.claim.id);
        if matches!(self.find_header(address), Ok(Found::Expired)) {
            self.bury_held(address);
        }
    }

    /// The same with the stripe held and the record known to be expired. A store that can't be
    /// written says dead all the same; the next call tries again.
    pub(super) fn bury_held(&self, address: &Address<'_>) {
        let (trusted, jumped) = self.time.is_trusted();
        self.tell_jump(jumped);
        if !trusted {
            return;
        }
        let _ = with_entry(|entry| {
            entry.remove(address.claim.id);
            self.append(address.claim.id, entry, Effect::Buried, None)
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
fn unchanged(id: u64, Standing { version, slot, expiry }: Standing, now: u64) -> Reading {
    let left = expiry.saturating_sub(now).div_ceil(1000).max(1);
    let ttl = (expiry != u64::MAX).then_some(left);
    Reading::Unchanged(Meta { id, version, ttl, reads: None }, slot)
}
