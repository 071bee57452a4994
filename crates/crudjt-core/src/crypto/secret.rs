//! The secret that a store is opened with: Base64 of 32, 48 or 64 bytes, wiped when dropped.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{Error, Result};

/// A key with fewer distinct bytes looks typed rather than random: 32 random bytes have fewer than
/// 16 distinct ones with a probability of 10^-15.
const MIN_DISTINCT_BYTES: usize = 16;

/// Why an empty secret is invalid.
pub(crate) const BLANK: &str = "is blank: give the Base64 of 32, 48 or 64 random bytes";

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// A secret key. Its bytes are wiped when it is dropped, and it is never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Decodes Base64 in the standard or the URL-safe alphabet, with or without padding; surrounding
    /// white space is ignored.
    ///
    /// # Errors
    /// [`Error::SecretKey`] if blank, not Base64, of the wrong length, or all zero.
    pub fn from_base64(text: &str) -> Result<Secret> {
        let text = text.trim();
        if text.is_empty() {
            return Err(invalid(BLANK));
        }
        let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
        let bytes = GeneralPurpose::new(alphabet, LENIENT)
            .decode(text)
            .map(Zeroizing::new)
            .map_err(|_| invalid("must be a valid Base64 string"))?;
        if !matches!(bytes.len(), 32 | 48 | 64) {
            let got = bytes.len();
            return Err(invalid(format!("must be exactly 32, 48, or 64 bytes. Got {got} bytes")));
        }
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(invalid("is all zero bytes: use random bytes"));
        }
        Ok(Secret(bytes))
    }

    /// The key's bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the key looks typed rather than random.
    pub(crate) fn looks_weak(&self) -> bool {
        let mut seen = [false; 256];
        for byte in self.0.iter() {
            if let Some(flag) = seen.get_mut(usize::from(*byte)) {
                *flag = true;
            }
        }
        seen.iter().filter(|seen| **seen).count() < MIN_DISTINCT_BYTES
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

fn invalid(reason: impl Into<String>) -> Error {
    Error::SecretKey(reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(text: &str) -> String {
        Secret::from_base64(text).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_error_says_what_is_wrong() {
        assert!(text_of("  ").starts_with("is blank"));
        assert_eq!(text_of("not base64!"), "must be a valid Base64 string");
        assert_eq!(text_of("AAECAw=="), "must be exactly 32, 48, or 64 bytes. Got 4 bytes");
        assert!(text_of(&"A".repeat(43)).contains("all zero"));
    }

    #[test]
    fn both_alphabets_with_and_without_padding_give_the_same_key() {
        let bytes: Vec<u8> = (0..32u8).map(|byte| byte.wrapping_mul(7).wrapping_add(190)).collect();
        let standard = base64::engine::general_purpose::STANDARD.encode(&bytes);
        let safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&bytes);
        assert_ne!(standard.trim_end_matches('='), safe);
        for text in [format!(" {standard}\n"), standard.trim_end_matches('=').to_owned(), safe] {
            assert!(Secret::from_base64(&text).is_ok_and(|secret| secret.bytes() == bytes));
        }
    }

    #[test]
    fn a_typed_key_looks_weak_and_a_random_one_does_not() {
        let weak = Secret::from_base64(&"YWFh".repeat(16));
        assert!(weak.is_ok_and(|secret| secret.looks_weak()));
        let random = Secret(Zeroizing::new(
            crate::crypto::random::random::<32>().map(Vec::from).unwrap_or_default(),
        ));
        assert!(!random.looks_weak());
    }
}
