//! Epochs: the keys that records are sealed with, one at a time per domain.
//!
//! An epoch's row (domain, cipher, salt) travels with what it seals: in the journal before the
//! first record that needs it, in the B-tree no later than that record.

use crate::platform::sync::atomic::{AtomicU64, Ordering};
use std::collections::HashMap;
use std::sync::Arc;

use crate::platform::sync::{CachePadded, RwLock};

use super::{Cipher, Key};
use crate::bytes::ByteReader;
use crate::crypto::keyring::{Domain, DomainId};
use crate::crypto::random::random;
use crate::record::{Header, TAG};
use crate::{Error, Result};

const SALT: usize = 24;

/// What is stored of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EpochRow {
    pub(crate) number: u32,
    pub(crate) domain: DomainId,
    pub(crate) cipher: Cipher,
    pub(crate) salt: [u8; SALT],
}

impl EpochRow {
    /// The row's bytes: number, domain, cipher, salt.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.domain);
        out.push(self.cipher as u8);
        out.extend_from_slice(&self.salt);
    }

    /// The row's bytes alone.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// Takes a row apart; also gives what stands behind it.
    pub(crate) fn parse(bytes: &[u8]) -> Option<(EpochRow, &[u8])> {
        let mut reader = ByteReader(bytes);
        let row = EpochRow {
            number: reader.u32()?,
            domain: reader.array()?,
            cipher: Cipher::from_number(reader.u8()?)?,
            salt: reader.array()?,
        };
        Some((row, reader.0))
    }
}

/// An epoch with its key.
pub(crate) struct Epoch {
    pub(crate) row: EpochRow,
    key: Key,
    seals: CachePadded<AtomicU64>,
}

impl Epoch {
    fn new(domain: &Domain, row: EpochRow) -> Option<Epoch> {
        let bytes = domain.epoch_key(row.cipher, &row.salt)?;
        Some(Epoch {
            row,
            key: Key::new(row.cipher, &bytes)?,
            seals: CachePadded(AtomicU64::new(0)),
        })
    }

    /// The next nonce, below `limit`; `None` when the epoch is used up.
    pub(crate) fn next_nonce(&self, limit: u64) -> Option<u64> {
        Some(self.seals.fetch_add(1, Ordering::Relaxed)).filter(|nonce| *nonce < limit)
    }

    /// Appends the sealed record of `data` to `out`.
    pub(crate) fn seal(
        &self,
        id: u64,
        header: &Header,
        data: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let start = out.len();
        header.write(out);
        let body = out.len();
        out.extend_from_slice(data);
        let (head, body) = out.split_at_mut_checked(body)?;
        let associated = Associated::new(id, &self.row, head.get(start..)?)?;
        let tag = self.key.seal(nonce_bytes(header.nonce), associated.bytes(), body)?;
        out.extend_from_slice(&tag);
        Some(())
    }

    /// Opens a sealed record in place: its data then stands at the range given back.
    pub(crate) fn open(
        &self,
        id: u64,
        header: &Header,
        head: usize,
        record: &mut [u8],
    ) -> Option<std::ops::Range<usize>> {
        let (head_bytes, rest) = record.split_at_mut_checked(head)?;
        let (body, tag) = rest.split_last_chunk_mut::<TAG>()?;
        let associated = Associated::new(id, &self.row, head_bytes)?;
        self.key.open(nonce_bytes(header.nonce), associated.bytes(), body, *tag)?;
        Some(head..head + body.len())
    }
}

fn nonce_bytes(counter: u64) -> [u8; 12] {
    let mut nonce = [0u8; 12];
    if let Some(low) = nonce.last_chunk_mut::<8>() {
        *low = counter.to_be_bytes();
    }
    nonce
}

/// What is authenticated besides the data: id, domain, epoch salt, cipher and the header's bytes.
struct Associated {
    bytes: [u8; Associated::MAX],
    length: usize,
}

impl Associated {
    const FIXED: usize = 8 + 16 + SALT + 1;
    const MAX: usize = Associated::FIXED + crate::record::HEADER_MAX;

    fn new(id: u64, row: &EpochRow, header: &[u8]) -> Option<Associated> {
        let mut bytes = [0u8; Associated::MAX];
        let length = Associated::FIXED + header.len();
        let (id_part, rest) = bytes.split_first_chunk_mut::<8>()?;
        *id_part = id.to_le_bytes();
        let (domain, rest) = rest.split_first_chunk_mut::<16>()?;
        *domain = row.domain;
        let (salt, rest) = rest.split_first_chunk_mut::<SALT>()?;
        *salt = row.salt;
        let (cipher, rest) = rest.split_first_mut()?;
        *cipher = row.cipher as u8;
        rest.get_mut(..header.len())?.copy_from_slice(header);
        Some(Associated { bytes, length })
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }
}

/// The store's epochs by number: with their keys those of the open domains, taken the others.
#[derive(Default)]
pub(crate) struct Epochs(RwLock<HashMap<u32, Option<Arc<Epoch>>>>);

impl Epochs {
    pub(crate) fn get(&self, number: u32) -> Option<Arc<Epoch>> {
        self.0.read().get(&number).cloned().flatten()
    }

    /// Notes the number of an epoch whose domain is not open.
    pub(crate) fn reserve(&self, number: u32) {
        self.0.write().insert(number, None);
    }

    /// Adds a stored epoch of an open domain.
    pub(crate) fn add(&self, domain: &Domain, row: EpochRow) -> Option<Arc<Epoch>> {
        let epoch = Arc::new(Epoch::new(domain, row)?);
        self.publish(&epoch);
        Some(epoch)
    }

    /// Adds a drawn epoch.
    pub(crate) fn publish(&self, epoch: &Arc<Epoch>) {
        self.0.write().insert(epoch.row.number, Some(epoch.clone()));
    }

    /// Draws a new epoch with a number that no other one has; to be published once it is declared.
    pub(crate) fn draw(&self, domain: &Domain) -> Result<Arc<Epoch>> {
        loop {
            let salt: [u8; SALT] = random()?;
            let number = u32::from_le_bytes(random()?);
            if number != 0 && !self.0.read().contains_key(&number) {
                let row = EpochRow { number, domain: domain.id, cipher: Cipher::preferred(), salt };
                return Epoch::new(domain, row).map(Arc::new).ok_or(Error::Randomness);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Salt;
    use proptest::prelude::*;

    fn epoch(cipher: Cipher) -> Epoch {
        let domain = Domain::new([3; 16], &[9; 32]).expect("a domain");
        let row = EpochRow { number: 5, domain: domain.id, cipher, salt: [4; SALT] };
        Epoch::new(&domain, row).expect("an epoch")
    }

    fn header(version: u64, nonce: u64) -> Header {
        Header {
            epoch: 5,
            nonce,
            version,
            salt: Salt([1; 8]),
            expiry: Some(1 << 40),
            reads: Some(3),
        }
    }

    #[test]
    fn an_epoch_row_round_trips() {
        for cipher in [Cipher::Aes256Gcm, Cipher::ChaCha20Poly1305] {
            let row = epoch(cipher).row;
            let mut bytes = Vec::new();
            row.write(&mut bytes);
            bytes.push(77);
            assert_eq!(EpochRow::parse(&bytes), Some((row, [77].as_slice())));
        }
    }

    #[test]
    fn nonces_count_up_and_end_at_the_limit() {
        let epoch = epoch(Cipher::Aes256Gcm);
        assert_eq!([0; 4].map(|_| epoch.next_nonce(3)), [Some(0), Some(1), Some(2), None]);
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_and_nothing_that_was_changed_does(
            data in proptest::collection::vec(any::<u8>(), 0..300), at: prop::sample::Index, flip in 1..=255u8, chacha: bool
        ) {
            let epoch = epoch(if chacha { Cipher::ChaCha20Poly1305 } else { Cipher::Aes256Gcm });
            let mut sealed = Vec::new();
            epoch.seal(42, &header(1, 0), &data, &mut sealed).expect("sealed");
            let (parsed, head) = Header::parse(&sealed).expect("a header");
            let mut good = sealed.clone();
            let range = epoch.open(42, &parsed, head, &mut good).expect("opened");
            prop_assert_eq!(&good[range], &data[..]);
            prop_assert!(epoch.open(43, &parsed, head, &mut sealed.clone()).is_none());
            let at = at.index(sealed.len());
            sealed[at] ^= flip;
            let opened = Header::parse(&sealed).and_then(|(parsed, head)| epoch.open(42, &parsed, head, &mut sealed));
            prop_assert!(opened.is_none());
        }
    }
}
