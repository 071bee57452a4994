//! Creating, updating and deleting tokens.

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
use crate::memtable::RecordMeta;
use crate::record::Header;
use crate::{Error, Result};

crate::platform::sync::thread_local! {
    static ENTRY: RefCell<Entry> = const { RefCell::new(Entry::new()) };
}

/// Lends this thread's entry, so that a change allocates nothing.
pub(super) fn with_entry<T>(work: impl FnOnce(&mut Entry) -> T) -> T {
    ENTRY.with(|entry| work(&mut entry.borrow_mut()))
}

impl Engine {
    /// See [`crate::Store::create`].
    pub(crate) fn create(
        &self,
        data: &[u8],
        limits: Limits,
        keep: Option<(&ReaderIndex, u64)>,
    ) -> Result<Token> {
        self.check_writable()?;
        self.check_size(data)?;
        limits.check()?;
        self.ask_for_room(data)?;
        // Busy if it has to be made, which `wait_for_room` does.
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
            if let Some((index, slot)) = keep {
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
            let new = self.changed(old, change);
            self.reseal(address, old, new, data)
        })
    }

    /// See [`crate::Store::delete`].
    pub(crate) fn delete(&self, token: &[u8]) -> Result<bool> {
        self.check_writable()?;
        self.change(token, |address, old| self.kill(address, old))
    }

    /// Calls `work` with a live token's record while nobody else can change it.
    fn change(
        &self,
        token: &[u8],
        work: impl Fn(&Address<'_>, &Header) -> Result<bool>,
    ) -> Result<bool> {
        for address in self.addresses(token) {
            let _stripe = self.stripe(address.parts.id);
            match self.find_header(&address)? {
                Found::Live(header, _) => return work(&address, &header),
                Found::Expired => {
                    self.expire_held(&address);
                    return Ok(false);
                }
                Found::Absent | Found::Unchanged(_) => {}
            }
        }
        Ok(false)
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

impl Limits {
    fn check(&self) -> Result<()> {
        let fits =
            |limit: Option<u64>| limit.is_none_or(|limit| (1..=i64::MAX as u64).contains(&limit));
        if !fits(self.ttl) {
            return Err(Error::Limit("ttl"));
        }
        if fits(self.reads) { Ok(()) } else { Err(Error::Limit("silence_read")) }
    }
}
