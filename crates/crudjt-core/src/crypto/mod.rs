//! Sealing records: authenticated encryption under epoch keys.
//!
//! A nonce never repeats under one key, also after a crash, a lost tail or a restored backup: each
//! opening of the store draws a fresh epoch (random salt, so a fresh key) for each domain that it
//! writes to, and counts nonces up from zero below it. Keys are wiped when dropped.

mod cipher;
mod epoch;
pub(crate) mod keyring;
pub(crate) mod random;
pub(crate) mod secret;
pub(crate) mod token;
#[expect(unsafe_code, reason = "ring's keys can only be wiped as plain memory")]
mod wipe_unsafe;

pub(crate) use cipher::{Cipher, Key, derive};
pub(crate) use epoch::{Epoch, EpochRow, Epochs};
