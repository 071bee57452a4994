//! A reader of a shelf: answers live records only; whatever it does not find, the master is asked
//! for.

use std::sync::Arc;

use crudjt_core::token_bytes;

use crate::clock::{Clock, boot, millis};
use crate::error::{Error, Result};
use crate::layout::{
    AT_BOOT, AT_MAGIC, AT_NEWEST, AT_OFFSET, AT_SALT, AT_SEALED, AT_SETS, AT_STATE, CONTENT,
    Geometry, MAGIC, OPEN, begin,
};
use crate::lease::{Lease, Life};
use crate::seal::{Content, TokenKeys};
use crate::slot::copy_slot;
use crate::words::Words;

/// What a caller keeps beside data that it read, to be told later that the data is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memo {
    shelf: u64,
    name: [u64; 2],
    nonce: u64,
    expiry: u64,
}

/// What a reader found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// A live record: its data is in the caller's buffer.
    Found {
        /// Bytes of data, from the start of the buffer.
        length: usize,
        /// Whole seconds left, rounded up; `None` for no limit.
        ttl: Option<u64>,
        /// For the next look at the same token.
        memo: Memo,
    },
    /// The data that the caller has is current.
    Unchanged {
        /// Whole seconds left, rounded up; `None` for no limit.
        ttl: Option<u64>,
    },
    /// Nothing that can be answered from here: ask the master.
    Absent,
    /// The shelf is no longer kept: ask the master, and for a new shelf.
    Ended,
}

/// A reader of a shelf.
pub struct ShelfReader<W: Words> {
    words: W,
    geometry: Geometry,
    salt: [u8; 16],
    offset: u64,
    clock: Box<dyn Clock>,
    life: Arc<dyn Life>,
    lease: Lease,
}

impl<W: Words> ShelfReader<W> {
    /// Begins to read a shelf of `bytes` bytes.
    ///
    /// # Errors
    /// [`Error::NotAShelf`], [`Error::Version`], [`Error::OtherClock`].
    pub fn begin(
        words: W,
        bytes: u64,
        clock: Box<dyn Clock>,
        life: Arc<dyn Life>,
    ) -> Result<ShelfReader<W>> {
        let geometry = Geometry::of_size(bytes).ok_or(Error::NotAShelf("its size is wrong"))?;
        check_header(&words, geometry)?;
        let mut salt = [0; 16];
        for (at, half) in salt.as_chunks_mut().0.iter_mut().enumerate() {
            *half = words.load(AT_SALT + at).to_le_bytes();
        }
        let offset = words.load(AT_OFFSET);
        Ok(ShelfReader { geometry, salt, offset, clock, life, lease: Lease::default(), words })
    }

    /// Looks for a token's record. `memo` is that of the data which the caller has, of the same token;
    /// `out` is the caller's buffer of at least [`OUT_BYTES`].
    ///
    /// [`OUT_BYTES`]: crate::OUT_BYTES
    pub fn read(&self, token: &[u8], memo: Option<&Memo>, out: &mut [u8]) -> Look {
        let now = self.clock.nanos();
        if !self.is_kept(now) {
            return Look::Ended;
        }
        let time = self.time(now);
        if let Some(ttl) = memo.and_then(|memo| self.unchanged(memo, time)) {
            return Look::Unchanged { ttl };
        }
        let found = token_bytes(token).and_then(|token| self.find(&token, time, out));
        found.unwrap_or(Look::Absent)
    }

    /// Whether the master keeps the shelf up: it has not closed it, and was seen alive within the
    /// lease.
    fn is_kept(&self, now: u64) -> bool {
        if !self.lease.holds(now, self.life.as_ref()) {
            return false;
        }
        sabotage!(StateUnchecked, return true);
        let is_open = self.words.load(AT_STATE) == OPEN;
        self.words.acquire();
        if !is_open {
            self.lease.end();
        }
        is_open
    }

    /// The store's time, as far as it is known here.
    fn time(&self, now: u64) -> u64 {
        let own = millis(now).wrapping_add(self.offset);
        sabotage!(NewestIgnored, return own);
        own.max(self.words.load(AT_NEWEST))
    }

    /// The seconds left of a record that is still on the shelf as the caller has it.
    fn unchanged(&self, memo: &Memo, time: u64) -> Option<Option<u64>> {
        if memo.shelf != self.id() {
            return None;
        }
        let mut head = [0; AT_SEALED];
        let nonce = self.geometry.slots_of(memo.name).find_map(|slot| {
            let is_whole = copy_slot(&self.words, begin(slot), &mut head);
            let [nonce, first, second, _] = head;
            (is_whole && [first, second] == memo.name).then_some(nonce)
        })?;
        if nonce == memo.nonce { seconds_left(memo.expiry, time) } else { None }
    }

    fn find(&self, token: &[u8; 16], time: u64, out: &mut [u8]) -> Option<Look> {
        let keys = TokenKeys::derive(&self.salt, token);
        let mut content: Content = [0; CONTENT];
        self.copy(keys.name, &mut content)?;
        let (length, expiry) = keys.open(&content, out)?;
        let ttl = seconds_left(expiry, time)?;
        let [nonce, ..] = content;
        let memo = Memo { shelf: self.id(), name: keys.name, nonce, expiry };
        Some(Look::Found { length, ttl, memo })
    }

    /// Copies the slot that has this name.
    fn copy(&self, name: [u64; 2], content: &mut Content) -> Option<()> {
        let [first, second] = name;
        let slot = self.geometry.slots_of(name).find(|slot| {
            let at = begin(*slot) + 2;
            self.words.load(at) == first && self.words.load(at + 1) == second
        })?;
        let is_whole = copy_slot(&self.words, begin(slot), content);
        let [_, copied_first, copied_second, ..] = *content;
        (is_whole && [copied_first, copied_second] == name).then_some(())
    }

    /// Tells this shelf from others.
    fn id(&self) -> u64 {
        self.salt.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

fn check_header(words: &impl Words, geometry: Geometry) -> Result<()> {
    let magic = words.load(AT_MAGIC);
    words.acquire();
    if magic != MAGIC {
        let [name @ .., _] = magic.to_le_bytes();
        let [known @ .., _] = MAGIC.to_le_bytes();
        return Err(if name == known {
            Error::Version
        } else {
            Error::NotAShelf("it does not begin as one")
        });
    }
    if words.load(AT_SETS) != geometry.sets() as u64 {
        return Err(Error::NotAShelf("its size is wrong"));
    }
    if words.load(AT_BOOT) == boot() { Ok(()) } else { Err(Error::OtherClock) }
}

/// Whole seconds left, rounded up, of a live record; `Some(None)` for no limit.
fn seconds_left(expiry: u64, time: u64) -> Option<Option<u64>> {
    if expiry == u64::MAX {
        return Some(None);
    }
    sabotage!(ExpiryIgnored, return Some(Some(1)));
    (time < expiry).then(|| Some((expiry - time).div_ceil(1000)))
}
