//! Finds the newest state of a token's record.
//!
//! The clock is read before anything is looked at, since `append` reads it under the memtable's
//! lock: so if any reader saw a token expired, no later writer takes it for live.

use std::cell::RefCell;
use std::ops::Range;

use zeroize::Zeroizing;

use super::Engine;
use crate::cache::{CachedRecord, ReaderIndex};
use crate::call::OUT_BYTES;
use crate::crypto::keyring::Domain;
use crate::crypto::token::{TokenParts, decode};
use crate::memtable::{Memtable, State};
use crate::platform::sync::atomic::Ordering;
use crate::record::{Header, RecordMeta};
use crate::{Error, Result};

crate::platform::sync::thread_local! {
    /// The buffer in which a record from the B-tree is decrypted.
    static FETCHED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// The buffer for a record whose data is not needed.
    static DISCARDED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Where a token's record may be: the token's parts, decrypted under one of the open domains.
#[derive(Clone, Copy)]
pub(super) struct Address<'d> {
    pub(super) parts: TokenParts,
    pub(super) domain: &'d Domain,
}

/// The result of a lookup.
pub(super) enum Found {
    /// No record, a tombstone, another token's record, or a damaged one.
    Absent,
    /// A record that has expired.
    Expired,
    /// A live record without a read limit, of the version that the caller has cached.
    Unchanged(RecordMeta),
    /// A live record, with the length of its data in the caller's buffer.
    Live(Header, usize),
}

impl Engine {
    /// The addresses that the token may have: one, up to a chance of issued ids in 2^64.
    pub(super) fn addresses<'d>(
        &'d self,
        token: &[u8],
    ) -> impl Iterator<Item = Address<'d>> + use<'d> {
        let block = decode(token);
        let candidates = self.domains.all().iter().filter_map(move |domain| {
            Some(Address { parts: domain.tokens.decrypt(block?), domain: domain.as_ref() })
        });
        candidates.filter(|address| self.is_issued(address.parts.id))
    }

    fn is_issued(&self, id: u64) -> bool {
        id != 0 && id < self.next_id.load(Ordering::Acquire)
    }

    /// The newest state at an address.
    pub(super) fn find(&self, address: &Address<'_>, out: &mut [u8]) -> Result<Found> {
        self.find_at(address, None, self.time.now(), out)
    }

    /// The newest state at an address for a change, which needs no data: a record with its metadata
    /// in a memtable is not decrypted.
    pub(super) fn find_header(&self, address: &Address<'_>) -> Result<Found> {
        let now = self.time.now();
        if let Some((State::Live { meta: Some(meta), .. }, _)) =
            self.memtables.load().get(address.parts.id)
            && let Some(header) = meta.header()
        {
            return Ok(decide(&meta, address, None, now).unwrap_or(Found::Live(header, 0)));
        }
        DISCARDED.with(|out| {
            let out = &mut *out.borrow_mut();
            out.resize(OUT_BYTES, 0);
            self.find_at(address, None, now, out)
        })
    }

    /// The newest state at an address as of `now`, which was read before. `index` tells which data
    /// the caller has cached.
    pub(super) fn find_at(
        &self,
        address: &Address<'_>,
        index: Option<&ReaderIndex>,
        now: u64,
        out: &mut [u8],
    ) -> Result<Found> {
        let cached = index.and_then(|index| index.version(address.parts.id));
        let memtables = self.memtables.load();
        match memtables.get(address.parts.id) {
            Some((State::Tombstone, _)) => Ok(Found::Absent),
            Some((State::Live { segment, location, meta }, memtable)) => {
                if let Some(found) = meta.and_then(|meta| decide(&meta, address, cached, now)) {
                    return Ok(found);
                }
                let record = front(out, location.length as usize)?;
                read_journal(memtable, segment, location.offset, record)?;
                Ok(self.open_found(address, now, record))
            }
            None => {
                drop(memtables);
                match index {
                    Some(_) => self.find_for_index(address, cached, now, out),
                    None => self.find_at_rest(address, now, out),
                }
            }
        }
    }

    /// The state in the limits table or the B-tree, for a caller with a cache of its own: the data
    /// is not cached here too.
    fn find_for_index(
        &self,
        address: &Address<'_>,
        cached: Option<u64>,
        now: u64,
        out: &mut [u8],
    ) -> Result<Found> {
        // A caller that has nothing cached needs the data, which only the B-tree has.
        let meta = cached.and_then(|_| self.cache.meta(address.parts.id));
        let found = meta.and_then(|meta| decide(&meta, address, cached, now));
        self.cache.count(found.is_some());
        if let Some(found) = found {
            return Ok(found);
        }
        self.fetch(address, cached, now, out, |generation, id, header, _| {
            if cached == Some(header.version) {
                self.cache.insert_meta(generation, id, &RecordMeta::of(header));
            }
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

    /// The state in the B-tree. Passes a live record without a read limit to `cache`.
    fn fetch(
        &self,
        address: &Address<'_>,
        cached: Option<u64>,
        now: u64,
        out: &mut [u8],
        cache: impl FnOnce(u64, u64, &Header, &[u8]),
    ) -> Result<Found> {
        let id = address.parts.id;
        let generation = self.cache.generation();
        FETCHED.with(|fetched| {
            let fetched = &mut *fetched.borrow_mut();
            let found = self.tree.get(id, fetched);
            if !found.inspect_err(|error| self.note_unreadable(id, error))? {
                return Ok(Found::Absent);
            }
            let Some((header, range)) = self.unseal(address, fetched) else {
                return Ok(Found::Absent);
            };
            let Some(data) = fetched.get(range) else { return Ok(Found::Absent) };
            let found = answer(&header, address, cached, now, data, out)?;
            if matches!(found, Found::Unchanged(_) | Found::Live(Header { reads: None, .. }, _)) {
                cache(generation, id, &header, data);
            }
            Ok(found)
        })
    }

    /// Decrypts a record in place and moves its data to the front.
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

    /// Decrypts a record in place; a damaged one is counted and absent.
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
                self.note_damage(address.parts.id);
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

/// The result, if the metadata alone decides it.
fn decide(
    meta: &RecordMeta,
    address: &Address<'_>,
    cached: Option<u64>,
    now: u64,
) -> Option<Found> {
    if meta.salt != address.parts.salt {
        return Some(Found::Absent);
    }
    if meta.expiry <= now {
        return Some(Found::Expired);
    }
    (meta.whole && cached == Some(meta.version)).then_some(Found::Unchanged(*meta))
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

/// The result for a decrypted record: its data, copied to the front of `out`, only if it is the
/// token's, alive, and not cached by the caller.
fn answer(
    header: &Header,
    address: &Address<'_>,
    cached: Option<u64>,
    now: u64,
    data: &[u8],
    out: &mut [u8],
) -> Result<Found> {
    let meta = RecordMeta::of(header);
    if let Some(found) =
        rejection(header, address, now).or_else(|| decide(&meta, address, cached, now))
    {
        return Ok(found);
    }
    front(out, data.len())?.copy_from_slice(data);
    Ok(Found::Live(*header, data.len()))
}

/// The front of the caller's buffer; an error if that is too small.
fn front(out: &mut [u8], length: usize) -> Result<&mut [u8]> {
    let limit = out.len();
    out.get_mut(..length).ok_or(Error::TooLarge { size: length, limit })
}

/// The result for a decrypted record that is not the token's or has expired.
fn rejection(header: &Header, address: &Address<'_>, now: u64) -> Option<Found> {
    if header.salt != address.parts.salt {
        return Some(Found::Absent);
    }
    header.expired(now).then_some(Found::Expired)
}
