//! Finding the newest state of a token's record.
//!
//! The clock is read before anything is looked at: see `append` for why that order matters.

use std::cell::RefCell;
use std::ops::Range;

use zeroize::Zeroizing;

use super::Engine;
use crate::cache::CachedRecord;
use crate::cache::ReaderIndex;
use crate::call::OUT_BYTES;
use crate::crypto::keyring::Domain;
use crate::crypto::token::{TokenParts, decode};
use crate::memtable::{Memtable, RecordMeta, State};
use crate::record::Header;
use crate::{Error, Result};

crate::platform::sync::thread_local! {
    /// Where a record read from the B-tree is opened.
    static FETCHED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// Where a record is opened whose data nobody needs.
    static OLD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A token that may have a record: its parts under one of the open domains.
#[derive(Clone, Copy)]
pub(super) struct Address<'d> {
    pub(super) parts: TokenParts,
    pub(super) domain: &'d Domain,
}

/// What was found at an address.
pub(super) enum Found {
    /// No record, a tombstone, another token's record, or a damaged one.
    Absent,
    /// A record whose time has passed.
    Expired,
    /// A live record that the caller knows already, by its version; it has no read limit.
    Unchanged(RecordMeta),
    /// A live record, with its data in the caller's buffer.
    Live(Header, usize),
}

impl Engine {
    /// The addresses that the token may have: one, but for chances of ids in 2^64.
    pub(super) fn addresses<'d>(
        &'d self,
        token: &[u8],
    ) -> impl Iterator<Item = Address<'d>> + use<'d> {
        let block = decode(token);
        let candidates = self.domains.all().iter().filter_map(move |domain| {
            Some(Address { parts: domain.tokens.decrypt(block?), domain: domain.as_ref() })
        });
        candidates.filter(|address| self.was_given(address.parts.id))
    }

    fn was_given(&self, id: u64) -> bool {
        id != 0 && id < self.next_id.load(crate::platform::sync::atomic::Ordering::Acquire)
    }

    /// The newest state at an address.
    pub(super) fn find(&self, address: &Address<'_>, out: &mut [u8]) -> Result<Found> {
        self.find_at(address, None, self.time.now(), out)
    }

    /// The newest state at an address for a change, which needs no data: what this engine wrote
    /// itself and still remembers is taken from memory and not opened.
    pub(super) fn find_header(&self, address: &Address<'_>) -> Result<Found> {
        let now = self.time.now();
        if let Some((State::Live { meta: Some(meta), .. }, _)) =
            self.memtables.load().get(address.parts.id)
            && let Some(header) = meta.header()
        {
            return Ok(decide(&meta, address, None, now).unwrap_or(Found::Live(header, 0)));
        }
        OLD.with(|old| {
            let old = &mut *old.borrow_mut();
            old.resize(OUT_BYTES, 0);
            self.find_at(address, None, now, old)
        })
    }

    /// The newest state at an address as of `now`, which was read before. `index` says what data the
    /// caller has.
    pub(super) fn find_at(
        &self,
        address: &Address<'_>,
        index: Option<&ReaderIndex>,
        now: u64,
        out: &mut [u8],
    ) -> Result<Found> {
        let version = index.and_then(|index| index.version(address.parts.id));
        let memtables = self.memtables.load();
        match memtables.get(address.parts.id) {
            Some((State::Dead, _)) => Ok(Found::Absent),
            Some((State::Live { segment, location, meta }, memtable)) => {
                if let Some(found) = meta.and_then(|meta| decide(&meta, address, version, now)) {
                    return Ok(found);
                }
                let record = part(out, location.length as usize)?;
                read_journal(memtable, segment, location.offset, record)?;
                Ok(self.open_found(address, now, record))
            }
            None => {
                drop(memtables);
                match index {
                    Some(_) => self.find_for_keeper(address, version, now, out),
                    None => self.find_at_rest(address, now, out),
                }
            }
        }
    }

    /// The state in the cache or the B-tree, for a caller who keeps data: it is not cached again.
    fn find_for_keeper(
        &self,
        address: &Address<'_>,
        known: Option<u64>,
        now: u64,
        out: &mut [u8],
    ) -> Result<Found> {
        let meta = self.cache.meta(address.parts.id);
        let found = meta.and_then(|meta| decide(&meta, address, known, now));
        self.cache.count(found.is_some());
        if let Some(found) = found {
            return Ok(found);
        }
        self.fetch(address, known, now, out, |generation, id, header, _| {
            self.cache.insert_meta(generation, id, &RecordMeta::of(header));
        })
    }

    /// The state in the cache or the B-tree.
    fn find_at_rest(&self, address: &Address<'_>, now: u64, out: &mut [u8]) -> Result<Found> {
        let cached =
            self.cache.get(address.parts.id, |record| from_cache(record, address, now, out));
        if let Some(found) = cached {
            return found;
        }
        self.fetch(address, None, now, out, |generation, id, header, data| {
            let data = Zeroizing::new(Box::from(data));
            let opened = CachedRecord { header: *header, domain: address.domain.id, data };
            self.cache.insert(generation, id, opened);
        })
    }

    /// The state in the B-tree. A live record without a read limit is given to `cache`.
    fn fetch(
        &self,
        address: &Address<'_>,
        known: Option<u64>,
        now: u64,
        out: &mut [u8],
        cache: impl FnOnce(u64, u64, &Header, &[u8]),
    ) -> Result<Found> {
        let id = address.parts.id;
        let generation = self.cache.generation();
        FETCHED.with(|fetched| {
            let fetched = &mut *fetched.borrow_mut();
            if !self.tree.get(id, fetched)? {
                return Ok(Found::Absent);
            }
            let Some((header, range)) = self.unseal(address, fetched) else {
                return Ok(Found::Absent);
            };
            let Some(data) = fetched.get(range) else { return Ok(Found::Absent) };
            let found = answer(&header, address, known, now, data, out)?;
            if matches!(found, Found::Unchanged(_) | Found::Live(Header { reads: None, .. }, _)) {
                cache(generation, id, &header, data);
            }
            Ok(found)
        })
    }

    /// Opens a sealed record in place and moves its data to the front.
    fn open_found(&self, address: &Address<'_>, now: u64, record: &mut [u8]) -> Found {
        let Some((header, range)) = self.unseal(address, record) else { return Found::Absent };
        let length = range.len();
        match rejection(&header, address, now) {
            Some(found) => found,
            None => {
                record.copy_within(range, 0);
                Found::Live(header, length)
            }
        }
    }

    /// Opens a sealed record in place; one that is damaged is counted and absent.
    fn unseal(&self, address: &Address<'_>, record: &mut [u8]) -> Option<(Header, Range<usize>)> {
        let opened = Header::parse(record).and_then(|(header, head)| {
            let epoch = self.epochs.get(header.epoch)?;
            let range = epoch.open(address.parts.id, &header, head, record)?;
            Some((header, range, epoch.row.domain))
        });
        match opened {
            Some((header, range, domain)) => {
                (domain == address.domain.id).then_some((header, range))
            }
            None => {
                self.note_damage();
                None
            }
        }
    }
}

fn read_journal(memtable: &Memtable, segment: u32, offset: u32, record: &mut [u8]) -> Result<()> {
    match memtable.segments.get(segment as usize) {
        Some(segment) => segment.read(offset, record),
        None => Ok(()),
    }
}

/// What the metadata alone decides.
fn decide(meta: &RecordMeta, address: &Address<'_>, known: Option<u64>, now: u64) -> Option<Found> {
    if meta.salt != address.parts.salt {
        return Some(Found::Absent);
    }
    if meta.expiry <= now {
        return Some(Found::Expired);
    }
    (meta.whole && known == Some(meta.version)).then_some(Found::Unchanged(*meta))
}

fn from_cache(
    record: &CachedRecord,
    address: &Address<'_>,
    now: u64,
    out: &mut [u8],
) -> Result<Found> {
    if record.domain != address.domain.id {
        return Ok(Found::Absent);
    }
    answer(&record.header, address, None, now, &record.data, out)
}

/// What an opened record answers: its data, at the front of `out`, only if it is the token's, alive
/// and not known.
fn answer(
    header: &Header,
    address: &Address<'_>,
    known: Option<u64>,
    now: u64,
    data: &[u8],
    out: &mut [u8],
) -> Result<Found> {
    let meta = RecordMeta::of(header);
    if let Some(found) =
        rejection(header, address, now).or_else(|| decide(&meta, address, known, now))
    {
        return Ok(found);
    }
    part(out, data.len())?.copy_from_slice(data);
    Ok(Found::Live(*header, data.len()))
}

/// The front of the caller's buffer, which must have room.
fn part(out: &mut [u8], length: usize) -> Result<&mut [u8]> {
    let limit = out.len();
    out.get_mut(..length).ok_or(Error::TooLarge { size: length, limit })
}

/// What keeps an opened record from being the answer.
fn rejection(header: &Header, address: &Address<'_>, now: u64) -> Option<Found> {
    if header.salt != address.parts.salt {
        return Some(Found::Absent);
    }
    header.expired(now).then_some(Found::Expired)
}
