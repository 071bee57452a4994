//! A slot: one domain's root key wrapped under one secret.

use zeroize::Zeroizing;

use super::{Domain, DomainId, StoreId};
use crate::bytes::ByteReader;
use crate::crypto::random::random;
use crate::crypto::secret::Secret;
use crate::crypto::{Cipher, Key, derive};
use crate::{Error, Result};

/// Why a secret has a slot for a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The domain was created for this secret: its new tokens belong there.
    Own = 1,
    /// The secret replaced the one that the domain was created for.
    Carried = 2,
}

/// One domain's root key wrapped under one secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) role: Role,
    pub(super) domain: DomainId,
    /// Creation time, in milliseconds since 1970.
    pub(super) created: u64,
    cipher: Cipher,
    salt: [u8; 32],
    nonce: [u8; 12],
    wrapped: [u8; 32],
    tag: [u8; 16],
}

impl Slot {
    pub(super) const BYTES: usize = 16 + 1 + 1 + 32 + 12 + 32 + 16 + 8;

    pub(super) fn wrap(
        store: StoreId,
        domain: &Domain,
        secret: &Secret,
        role: Role,
        created: u64,
    ) -> Result<Slot> {
        let mut wrapped = *domain.root();
        let mut slot = Slot {
            role,
            domain: domain.id,
            created,
            cipher: Cipher::preferred(),
            salt: random()?,
            nonce: random()?,
            wrapped: [0; 32],
            tag: [0; 16],
        };
        let key = slot.key(store, secret).ok_or(Error::Randomness)?;
        slot.tag =
            key.seal(slot.nonce, &slot.associated(store), &mut wrapped).ok_or(Error::Randomness)?;
        slot.wrapped = wrapped;
        Ok(slot)
    }

    pub(super) fn unwrap(&self, store: StoreId, secret: &Secret) -> Option<Domain> {
        let mut root = Zeroizing::new(self.wrapped);
        self.key(store, secret)?.open(
            self.nonce,
            &self.associated(store),
            root.as_mut(),
            self.tag,
        )?;
        Domain::new(self.domain, &root)
    }

    fn key(&self, store: StoreId, secret: &Secret) -> Option<Key> {
        let bytes = derive(
            secret.bytes(),
            &self.salt,
            &[b"crudjt 2 key slot", &store, &[self.cipher as u8]],
        )?;
        Key::new(self.cipher, &bytes)
    }

    fn associated(&self, store: StoreId) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(42);
        bytes.extend_from_slice(&store);
        bytes.extend_from_slice(&self.domain);
        bytes.extend_from_slice(&[self.role as u8, self.cipher as u8]);
        bytes.extend_from_slice(&self.created.to_le_bytes());
        bytes
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.domain);
        out.extend_from_slice(&[self.role as u8, self.cipher as u8]);
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&self.nonce);
        out.extend_from_slice(&self.wrapped);
        out.extend_from_slice(&self.tag);
        out.extend_from_slice(&self.created.to_le_bytes());
    }

    pub(super) fn parse(reader: &mut ByteReader<'_>) -> Option<Slot> {
        Some(Slot {
            domain: reader.array()?,
            role: match reader.u8()? {
                1 => Role::Own,
                2 => Role::Carried,
                _ => return None,
            },
            cipher: Cipher::from_number(reader.u8()?)?,
            salt: reader.array()?,
            nonce: reader.array()?,
            wrapped: reader.array()?,
            tag: reader.array()?,
            created: reader.u64()?,
        })
    }
}
