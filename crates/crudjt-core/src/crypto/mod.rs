//! Keys, tokens, and sealing: authenticated encryption of records under epoch keys.
//!
//! A nonce never repeats under one key, even after a crash, a lost journal tail or a restored
//! backup: each open of the store draws a new epoch (a random salt, so a new key) for each domain
//! that it writes to, and counts nonces up from zero. Keys are wiped when dropped.

mod cipher;
mod epoch;
pub(crate) mod keyring;
pub(crate) mod mac;
pub(crate) mod random;
pub(crate) mod secret;
pub(crate) mod token;
#[expect(unsafe_code, reason = "ring's keys can only be wiped as plain memory")]
mod wipe_unsafe;

pub(crate) use cipher::{Cipher, Key, derive};
pub(crate) use epoch::{Epoch, EpochRow, Epochs};
