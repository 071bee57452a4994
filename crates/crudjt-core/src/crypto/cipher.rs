//! The two ciphers, their keys, and key derivation.
//!
//! Both ciphers have 96-bit nonces. ChaCha20-Poly1305 needs no extended nonce: the derivation of
//! the epoch key mixes in the 192-bit random salt that XChaCha would mix in.

use ring::aead::{
    AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey,
};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use super::wipe_unsafe::Wiped;
use crate::record::TAG;

/// An authenticated cipher, with its number in the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cipher {
    Aes256Gcm = 1,
    ChaCha20Poly1305 = 2,
}

impl Cipher {
    /// The faster one on this processor.
    pub(crate) fn preferred() -> Cipher {
        if has_aes() { Cipher::Aes256Gcm } else { Cipher::ChaCha20Poly1305 }
    }

    pub(crate) fn from_number(number: u8) -> Option<Cipher> {
        match number {
            1 => Some(Cipher::Aes256Gcm),
            2 => Some(Cipher::ChaCha20Poly1305),
            _ => None,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Cipher::Aes256Gcm => &AES_256_GCM,
            Cipher::ChaCha20Poly1305 => &CHACHA20_POLY1305,
        }
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_aes() -> bool {
    std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq")
}

#[cfg(target_arch = "aarch64")]
fn has_aes() -> bool {
    std::arch::is_aarch64_feature_detected!("aes")
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn has_aes() -> bool {
    false
}

/// A key of one cipher.
pub(crate) struct Key(Wiped<LessSafeKey>);

impl Key {
    /// Never `None` with 32 bytes.
    pub(crate) fn new(cipher: Cipher, bytes: &[u8; 32]) -> Option<Key> {
        let key = UnboundKey::new(cipher.algorithm(), bytes).ok()?;
        Some(Key(Wiped::new(LessSafeKey::new(key))))
    }

    /// Encrypts in place and returns the tag. `None` only beyond 2^36 bytes.
    pub(crate) fn seal(
        &self,
        nonce: [u8; 12],
        associated: &[u8],
        data: &mut [u8],
    ) -> Option<[u8; TAG]> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag =
            self.0.get().seal_in_place_separate_tag(nonce, Aad::from(associated), data).ok()?;
        tag.as_ref().try_into().ok()
    }

    /// Decrypts in place; `None` if anything was changed.
    pub(crate) fn open(
        &self,
        nonce: [u8; 12],
        associated: &[u8],
        data: &mut [u8],
        tag: [u8; TAG],
    ) -> Option<()> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let key = self.0.get();
        key.open_in_place_separate_tag(nonce, Aad::from(associated), Tag::from(tag), data, 0..)
            .ok()?;
        Some(())
    }
}

struct Length32;

impl KeyType for Length32 {
    fn len(&self) -> usize {
        32
    }
}

/// HKDF-SHA-256 (RFC 5869) of 32 bytes.
pub(crate) fn derive(secret: &[u8], salt: &[u8], info: &[&[u8]]) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0u8; 32]);
    let extracted = Salt::new(HKDF_SHA256, salt).extract(secret);
    extracted.expand(info, Length32).and_then(|okm| okm.fill(key.as_mut())).ok()?;
    Some(key)
}
