//! Creates, updates and deletes tokens.

use crate::platform::sync::atomic::Ordering;
use std::cell::RefCell;

use super::Engine;
use super::append::Effect;
use super::lookup::{Address, Found};
use crate::cache::ReaderIndex;
use crate::call::{Change, Limits};
use crate::crypto::random::salt;
use crate::crypto::token::{Token, TokenParts};
use crate::journal::Entry;
use crate::record::{Header, RecordMeta};
use crate::{Error, Result};

crate::platform::sync::thread_local! {
    static ENTRY: RefCell<Entry> = const { RefCell::new(Entry::new()) };
}

/// Calls `work` with this thread's entry, so that a change allocates nothing.
pub(super) fn with_entry<T>(work: impl FnOnce(&mut Entry) -> T) -> T {
    ENTRY.with(|entry| work(&mut entry.borrow_mut()))
}

impl Engine {
    /// See [`crate::Store::create`].
    pub(crate) fn create(
        &self,
        data: &[u8],
        limits: Limits,
        cached: Option<(&ReaderIndex, u64)>,
    ) -> Result<Token> {
        self.check_writable()?;
        self.check_size(data)?;
        limits.check()?;
        self.ask_for_room(data)?;
        // Busy if the domain has to be created first, which `wait_for_room` does.
        let domain = self.domains.own().ok_or(Error::Busy)?;
        let parts = self.seal(domain, |epoch, nonce| {
            let parts =
                TokenParts { id: self.next_id.fetch_add(1, Ordering::AcqRel), salt: salt()? };
            let header = Header {
                epoch: epoch.row.number,
                nonce,
                version: 1,
                salt: parts.salt,
                expiry: self.expiry(limits.ttl),
                reads: limits.reads,
            };
            with_entry(|entry| {
                let sealed = entry.put(parts.id, |out| epoch.seal(parts.id, &header, data, out));
                sealed.ok_or(Error::Randomness)?;
                self.append(parts.id, entry, Effect::Created(RecordMeta::of(&header)), None)
            })?;
            if let Some((index, slot)) = cached {
                index.keep_new(&parts, &RecordMeta::of(&header), slot);
            }
            Ok(parts)
        })?;
        Ok(domain.tokens.token(parts))
    }

    /// See [`crate::Store::update`].
    pub(crate) fn update(&self, token: &[u8], data: &[u8], change: Change) -> Result<bool> {
        self.check_writable()?;
        self.check_size(data)?;
        change.limits().check()?;
        self.change(token, |address, old| {
            let updated = match old {
                Some(old) => self.reseal(address, old, self.changed(old, change), data)?,
                None => false,
            };
            if !updated {
                self.expire_held(address)?;
            }
            Ok(updated)
        })
    }

    /// See [`crate::Store::delete`].
    pub(crate) fn delete(&self, token: &[u8]) -> Result<bool> {
        self.check_writable()?;
        let expired = Some(0);
        let deleted = self.change(token, |address, old| {
            self.append_tombstone(address, old.map_or(expired, |old| old.expiry))
        });
        deleted.or_else(|error| self.delete_unread(token, error))
    }

    /// Deletes a token whose record is in a damaged block: its id was issued, which no other token
    /// decrypts to.
    fn delete_unread(&self, token: &[u8], error: Error) -> Result<bool> {
        let address = self.addresses(token).next();
        let Some(address) = address.filter(|_| error.is_damage()) else { return Err(error) };
        let _stripe = self.stripe(address.parts.id);
        with_entry(|entry| {
            entry.remove(address.parts.id);
            self.append(address.parts.id, entry, Effect::Deleted, None)
        })
    }

    /// Calls `work` with the header of a token's record, `None` if it has expired, with its stripe
    /// held. False if there is no record.
    fn change(
        &self,
        token: &[u8],
        work: impl Fn(&Address<'_>, Option<&Header>) -> Result<bool>,
    ) -> Result<bool> {
        for address in self.addresses(token) {
            let _stripe = self.stripe(address.parts.id);
            match self.find_header(&address)? {
                Found::Live(header, _) => return work(&address, Some(&header)),
                Found::Expired => return work(&address, None),
                Found::Absent | Found::Unchanged(_) => {}
            }
        }
        Ok(false)
    }

    /// Appends a tombstone for a record; false if it has expired. The stripe is held.
    pub(super) fn append_tombstone(
        &self,
        address: &Address<'_>,
        expiry: Option<u128>,
    ) -> Result<bool> {
        with_entry(|entry| {
            entry.remove(address.parts.id);
            self.append(address.parts.id, entry, Effect::Deleted, expiry)
        })
    }

    /// Seals and appends a record's new state; false if the old one has expired meanwhile. The
    /// stripe is held.
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

    fn changed(&self, old: &Header, change: Change) -> Header {
        let limits = change.limits();
        let (expiry, reads) = match change {
            Change::Replace(_) => (None, None),
            Change::Keep(_) => (old.expiry, old.reads),
        };
        Header {
            version: old.version + 1,
            expiry: self.expiry(limits.ttl).or(expiry),
            reads: limits.reads.or(reads),
            ..*old
        }
    }

    fn expiry(&self, ttl: Option<u64>) -> Option<u128> {
        ttl.map(|seconds| u128::from(self.time.now()) + u128::from(seconds) * 1000)
    }

    fn check_size(&self, data: &[u8]) -> Result<()> {
        let limit = self.options.max_data_size;
        if data.len() > limit { Err(Error::TooLarge { size: data.len(), limit }) } else { Ok(()) }
    }
}
