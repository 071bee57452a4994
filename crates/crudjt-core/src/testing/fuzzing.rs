//! The private parsers, for tests with hostile bytes: each function parses its input and serializes
//! the result again; the test decides whether that is right. Not part of the API.

use std::path::Path;

use crate::bytes::append_checksum;
use crate::crypto::EpochRow;
use crate::crypto::keyring::{Domain, KEYRING_FILES, Keyring};
use crate::crypto::token::decode;
use crate::record::Header;
use crate::{journal, tree};

pub use crate::journal::fuzzing::{entry_again, segment_again};

/// The bytes of a token's text, and the text of these bytes; `None` if the text is no token.
pub fn token_again(text: &[u8]) -> Option<([u8; 16], [u8; crate::TOKEN_LENGTH])> {
    let block = decode(text)?;
    let tokens = Domain::new([1; 16], &[2; 32])?.tokens;
    Some((block, *tokens.token(tokens.decrypt(block)).as_bytes()))
}

/// The length of a record's header, and the header again.
pub fn header_again(record: &[u8]) -> Option<(usize, Vec<u8>)> {
    let (header, length) = Header::parse(record)?;
    let mut out = Vec::new();
    header.write(&mut out);
    Some((length, out))
}

/// An epoch's row again, and how many bytes follow it.
pub fn epoch_again(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (row, rest) = EpochRow::parse(bytes)?;
    let mut out = Vec::new();
    row.write(&mut out);
    Some((out, rest.len()))
}

/// A keyring again, after appending its checksum to `bytes`; `None` if it is rejected.
pub fn keyring_again(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut sealed = bytes.to_vec();
    append_checksum(&mut sealed);
    Keyring::parse(Path::new("keyring"), &sealed).ok().map(|keyring| keyring.to_bytes())
}

/// Recomputes all checksums of a store's file, as an attacker with write access can. Seals need the
/// key and stay as they are.
pub fn make_checksums_fit(name: &str, bytes: &mut Vec<u8>) {
    if KEYRING_FILES.contains(&name) {
        bytes.truncate(bytes.len().saturating_sub(8));
        append_checksum(bytes);
    } else if journal::is_segment(name) {
        journal::fuzzing::make_checksums_fit(bytes);
    } else if name == tree::TREE_FILE {
        tree::make_checksums_fit(bytes);
    }
}
