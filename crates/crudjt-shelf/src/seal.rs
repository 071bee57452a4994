//! Names, keys, and sealing.
//!
//! The key is derived from the token and the shelf's salt, so it is new on every shelf; the nonce is
//! the number of the copy on its shelf. So no nonce repeats under one key.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};
use ring::digest::{Context, SHA256};
use zeroize::Zeroizing;

use crate::layout::{
    AT_LENGTH, AT_NAME, AT_NONCE, AT_SEALED, CONTENT, EXPIRY, MAX_COPY_SIZE, OUT_BYTES, TAG,
};

const LABEL: [u8; 16] = *b"crudjt shelf 1\0\0";

/// What stands in a slot after its sequence.
pub(crate) type Content = [u64; CONTENT];

/// What a token's copies are found by and sealed with.
pub(crate) struct TokenKeys {
    pub(crate) name: [u64; 2],
    key: Zeroizing<[u8; 16]>,
}

impl TokenKeys {
    pub(crate) fn derive(salt: &[u8; 16], token: &[u8; 16]) -> TokenKeys {
        let mut context = Context::new(&SHA256);
        [&LABEL, salt, token].into_iter().for_each(|part| context.update(part));
        let digest = context.finish();
        let (name, key) = digest.as_ref().split_at(16);
        TokenKeys {
            name: halves(name),
            key: Zeroizing::new(key.first_chunk().copied().unwrap_or_default()),
        }
    }

    /// Never `None`: the key has the right length.
    fn cipher(&self) -> Option<LessSafeKey> {
        Some(LessSafeKey::new(UnboundKey::new(&AES_128_GCM, self.key.as_ref()).ok()?))
    }

    /// The content of a slot with this data; `None` if it is too long.
    pub(crate) fn seal(&self, nonce: u64, expiry: u64, data: &[u8]) -> Option<Content> {
        let mut sealed = [0u8; OUT_BYTES];
        let (body, rest) = sealed.split_at_mut_checked(data.len() + EXPIRY)?;
        let (copied, end) = body.split_at_mut_checked(data.len())?;
        copied.copy_from_slice(data);
        end.copy_from_slice(&expiry.to_le_bytes());
        let associated = self.associated(data.len());
        let tag = self.cipher()?.seal_in_place_separate_tag(
            nonce_bytes(nonce),
            Aad::from(associated),
            body,
        );
        rest.get_mut(..TAG)?.copy_from_slice(tag.ok()?.as_ref());
        let mut content = [0; CONTENT];
        for (word, bytes) in content.iter_mut().skip(AT_SEALED).zip(sealed.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        for (at, word) in [(AT_NONCE, nonce), (AT_LENGTH, data.len() as u64)] {
            *content.get_mut(at)? = word;
        }
        content.get_mut(AT_NAME..AT_LENGTH)?.copy_from_slice(&self.name);
        Some(content)
    }

    /// Opens the content of a slot into the front of `out`; returns the length of the data and the
    /// expiry. `None` if it is not what the master sealed for this token.
    pub(crate) fn open(&self, content: &Content, out: &mut [u8]) -> Option<(usize, u64)> {
        let length = usize::try_from(*content.get(AT_LENGTH)?).ok()?;
        if length > MAX_COPY_SIZE {
            return None;
        }
        let sealed = out.get_mut(..OUT_BYTES)?;
        let words = length.div_ceil(8) + (EXPIRY + TAG) / 8;
        let taken = content.iter().skip(AT_SEALED).take(words);
        for (bytes, word) in sealed.as_chunks_mut().0.iter_mut().zip(taken) {
            *bytes = word.to_le_bytes();
        }
        let (body, rest) = sealed.split_at_mut_checked(length + EXPIRY)?;
        let tag = Tag::from(*rest.first_chunk::<TAG>()?);
        let nonce = nonce_bytes(*content.get(AT_NONCE)?);
        let associated = Aad::from(self.associated(length));
        self.cipher()?.open_in_place_separate_tag(nonce, associated, tag, body, 0..).ok()?;
        Some((length, u64::from_le_bytes(*body.last_chunk::<EXPIRY>()?)))
    }

    /// The rest of the slot's header: the nonce is authenticated as such.
    fn associated(&self, length: usize) -> [u8; 24] {
        let [first, second] = self.name;
        let mut bytes = [0; 24];
        let words = [first, second, length as u64].map(u64::to_le_bytes);
        bytes.as_chunks_mut().0.iter_mut().zip(words).for_each(|(to, from)| *to = from);
        bytes
    }
}

/// 16 bytes as two words.
fn halves(bytes: &[u8]) -> [u64; 2] {
    let mut words = [0; 2];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

fn nonce_bytes(nonce: u64) -> Nonce {
    let mut bytes = [0; 12];
    if let Some(low) = bytes.last_chunk_mut::<8>() {
        *low = nonce.to_be_bytes();
    }
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_sealed_is_opened_by_its_token_on_its_shelf_alone(
            salt: [u8; 16], token: [u8; 16], nonce: u64, expiry: u64,
            data in proptest::collection::vec(any::<u8>(), 0..=MAX_COPY_SIZE),
            other: [u8; 16],
        ) {
            let keys = TokenKeys::derive(&salt, &token);
            let content = keys.seal(nonce, expiry, &data).unwrap_or([0; CONTENT]);
            let mut out = [0; OUT_BYTES];
            prop_assert_eq!(keys.open(&content, &mut out), Some((data.len(), expiry)));
            prop_assert_eq!(&out[..data.len()], &data[..]);
            if other != token {
                prop_assert_eq!(TokenKeys::derive(&salt, &other).open(&content, &mut out), None);
            }
            if other != salt {
                prop_assert_eq!(TokenKeys::derive(&other, &token).open(&content, &mut out), None);
            }
        }

        #[test]
        fn changed_content_is_not_opened(
            token: [u8; 16], data in proptest::collection::vec(any::<u8>(), 0..=MAX_COPY_SIZE),
            at in 0..CONTENT, flip in 1..=u64::MAX,
        ) {
            let keys = TokenKeys::derive(&[1; 16], &token);
            let mut content = keys.seal(9, 10, &data).unwrap_or([0; CONTENT]);
            let used = AT_SEALED + (data.len() + EXPIRY + TAG).div_ceil(8);
            content[at] ^= flip;
            let opened = keys.open(&content, &mut [0; OUT_BYTES]);
            // The name is compared before a copy is opened; what is after the tag means nothing.
            let means_something = at < used && !(AT_NAME..AT_LENGTH).contains(&at);
            let in_padding = at + 1 == used && data.len() % 8 != 0;
            prop_assert!(in_padding || opened.is_none() == means_something);
        }

        #[test]
        fn any_content_is_opened_or_refused(content in proptest::collection::vec(any::<u64>(), CONTENT), size in 0..600usize) {
            let mut words = [0; CONTENT];
            words.copy_from_slice(&content);
            words[AT_LENGTH] %= 1000;
            let keys = TokenKeys::derive(&[1; 16], &[2; 16]);
            prop_assert_eq!(keys.open(&words, &mut vec![0; size]), None);
        }
    }

    #[test]
    fn data_that_is_too_long_is_not_sealed() {
        let keys = TokenKeys::derive(&[1; 16], &[2; 16]);
        assert!(keys.seal(1, 1, &[0; MAX_COPY_SIZE]).is_some());
        assert!(keys.seal(1, 1, &[0; MAX_COPY_SIZE + 1]).is_none());
    }
}
