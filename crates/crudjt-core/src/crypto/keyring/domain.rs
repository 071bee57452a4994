//! A domain: a root key and what is derived from it. Each secret makes its tokens in its own one.

use zeroize::Zeroizing;

use crate::crypto::Cipher;
use crate::crypto::token::TokenCipher;

/// A domain's random name.
pub(crate) type DomainId = [u8; 16];

/// An open domain.
pub(crate) struct Domain {
    pub(crate) id: DomainId,
    pub(crate) tokens: TokenCipher,
    root: Zeroizing<[u8; 32]>,
}

impl Domain {
    /// `None` never happens with a root of 32 bytes.
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
