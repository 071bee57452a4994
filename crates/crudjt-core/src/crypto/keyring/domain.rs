//! A domain: a root key and the keys derived from it. Each secret has its own domain for new
//! tokens.

use zeroize::Zeroizing;

use crate::crypto::Cipher;
use crate::crypto::token::TokenCipher;

/// The random id of a domain.
pub(crate) type DomainId = [u8; 16];

/// An open domain.
pub(crate) struct Domain {
    pub(crate) id: DomainId,
    pub(crate) tokens: TokenCipher,
    root: Zeroizing<[u8; 32]>,
}

impl Domain {
    /// Never `None` with a root of 32 bytes.
    pub(crate) fn new(id: DomainId, root: &[u8; 32]) -> Option<Domain> {
        let token_key = crate::crypto::derive(root, &id, &[b"crudjt 2 token key"])?;
        Some(Domain { id, tokens: TokenCipher::new(&token_key), root: Zeroizing::new(*root) })
    }

    /// The key of the epoch with this cipher and salt.
    pub(crate) fn epoch_key(&self, cipher: Cipher, salt: &[u8; 24]) -> Option<Zeroizing<[u8; 32]>> {
        crate::crypto::derive(
            self.root.as_ref(),
            salt,
            &[b"crudjt 2 epoch key", &[cipher as u8], &self.id],
        )
    }

    /// The root key, to be wrapped.
    pub(super) fn root(&self) -> &[u8; 32] {
        &self.root
    }
}
