//! Tokens: one AES-256 block over `id ‖ salt`, written as 22 characters of URL-safe Base64.
//!
//! Without the key the 128 bits are indistinguishable from random. The id is the record's key in
//! the B-tree; the salt is stored with the record and compared in constant time. Decoding is
//! strict: each 16 bytes have exactly one text.

use aes::Aes256;
use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::record::Salt;

/// Length of a token, in characters.
pub const TOKEN_LENGTH: usize = 22;

/// A token as its 22 characters. A credential: it is never printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    text: [u8; TOKEN_LENGTH],
    id: u64,
}

impl Token {
    /// The characters, from `A–Z a–z 0–9 - _`.
    pub fn as_bytes(&self) -> &[u8; TOKEN_LENGTH] {
        &self.text
    }

    /// The id of its record.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The characters as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }
}

/// A decrypted token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TokenParts {
    pub(crate) id: u64,
    pub(crate) salt: Salt,
}

/// Encrypts and decrypts the tokens of one domain.
pub(crate) struct TokenCipher(Aes256);

impl TokenCipher {
    pub(crate) fn new(key: &[u8; 32]) -> TokenCipher {
        TokenCipher(Aes256::new(key.into()))
    }

    pub(crate) fn token(&self, parts: TokenParts) -> Token {
        let mut block = [0u8; 16];
        let (id, salt) = block.split_at_mut(8);
        id.copy_from_slice(&parts.id.to_be_bytes());
        salt.copy_from_slice(&parts.salt.0);
        let mut block = block.into();
        self.0.encrypt_block(&mut block);
        let mut text = [0u8; TOKEN_LENGTH];
        // 16 bytes are always 22 characters.
        let _ = URL_SAFE_NO_PAD.encode_slice(block, &mut text);
        Token { text, id: parts.id }
    }

    pub(crate) fn decrypt(&self, block: [u8; 16]) -> TokenParts {
        let mut block = block.into();
        self.0.decrypt_block(&mut block);
        let bytes: [u8; 16] = block.into();
        let [a, b, c, d, e, f, g, h, salt @ ..] = bytes;
        TokenParts { id: u64::from_be_bytes([a, b, c, d, e, f, g, h]), salt: Salt(salt) }
    }
}

/// The 16 bytes of a token's text; `None` for anything but the one text of some token.
pub fn decode(text: &[u8]) -> Option<[u8; 16]> {
    let text: &[u8; TOKEN_LENGTH] = text.try_into().ok()?;
    // The decoder needs space for a complete last group.
    let mut bytes = [0u8; 18];
    let count = URL_SAFE_NO_PAD.decode_slice_unchecked(text, &mut bytes).ok()?;
    (count == 16).then(|| bytes.first_chunk().copied())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn salts_are_equal_if_their_bytes_are(salt: [u8; 8], at in 0..8usize, flip: u8) {
            let mut other = salt;
            if let Some(byte) = other.get_mut(at) {
                *byte ^= flip;
            }
            prop_assert_eq!(Salt(salt) == Salt(other), salt == other);
        }

        #[test]
        fn a_token_gives_back_its_id_and_salt(key: [u8; 32], id: u64, salt: [u8; 8]) {
            let cipher = TokenCipher::new(&key);
            let parts = TokenParts { id, salt: Salt(salt) };
            let token = cipher.token(parts);
            prop_assert_eq!(decode(token.as_bytes()).map(|block| cipher.decrypt(block)), Some(parts));
        }

        #[test]
        fn no_text_but_a_tokens_own_stands_for_its_bytes(key: [u8; 32], id: u64, at in 0..22usize, with: u8) {
            let cipher = TokenCipher::new(&key);
            let token = cipher.token(TokenParts { id, salt: Salt([7; 8]) });
            let mut alias = *token.as_bytes();
            if let Some(byte) = alias.get_mut(at) {
                *byte = with;
            }
            let same = decode(&alias) == decode(token.as_bytes());
            prop_assert_eq!(same, alias == *token.as_bytes());
        }

        #[test]
        fn anything_else_is_not_a_token(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_';
            if text.len() != TOKEN_LENGTH || !text.iter().all(plain) {
                prop_assert!(decode(&text).is_none());
            }
        }
    }
}
