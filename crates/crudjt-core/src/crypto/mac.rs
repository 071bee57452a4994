//! Message authentication: HMAC-SHA-256 (RFC 2104), by which two sides show each other that they have
//! the same key.

use ring::hmac::{HMAC_SHA256, Key, sign, verify};

use super::wipe_unsafe::Wiped;

/// The length of a message's authentication code.
pub const MAC_BYTES: usize = 32;

/// A key of any length. It is wiped when it is dropped, and never printed.
pub struct MacKey(Wiped<Key>);

impl MacKey {
    /// The key of these bytes.
    pub fn new(bytes: &[u8]) -> MacKey {
        MacKey(Wiped::new(Key::new(HMAC_SHA256, bytes)))
    }

    /// The authentication code of a message.
    pub fn sign(&self, message: &[u8]) -> [u8; MAC_BYTES] {
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(sign(self.0.get(), message).as_ref());
        mac
    }

    /// Whether `mac` is the authentication code of a message; takes the same time whichever bytes of
    /// it are wrong.
    pub fn verifies(&self, message: &[u8], mac: &[u8]) -> bool {
        verify(self.0.get(), message, mac).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_that_of_rfc_4231_and_no_other_is_taken_for_it() {
        let key = MacKey::new(b"Jefe");
        let message = b"what do ya want for nothing?";
        let mac = key.sign(message);
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(key.verifies(message, &mac));
        assert!(!key.verifies(b"", &mac) && !MacKey::new(b"jefe").verifies(message, &mac));
        for at in 0..MAC_BYTES {
            let mut other = mac;
            if let Some(byte) = other.get_mut(at) {
                *byte ^= 1;
            }
            assert!(!key.verifies(message, &other));
        }
        for length in 0..MAC_BYTES {
            assert!(!key.verifies(message, mac.get(..length).unwrap_or_default()));
        }
    }
}
