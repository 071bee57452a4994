//! The private parsers for the tests that give them hostile bytes: each function parses, writes what
//! it understood again, and leaves the judgement to the test. Not an interface.

use std::path::Path;

use crate::bytes::append_checksum;
use crate::crypto::EpochRow;
use crate::crypto::keyring::{Domain, KEYRING_FILES, Keyring};
use crate::crypto::token::decode;
use crate::record::Header;
use crate::{journal, tree};

pub use crate::journal::fuzzing::{entry_again, segment_again};

/// The bytes that a text stands for, and the text of the token that these bytes are; `None` if the
/// text is no token.
pub fn token_again(text: &[u8]) -> Option<([u8; 16], [u8; crate::TOKEN_LENGTH])> {
    let block = decode(text)?;
    let tokens = Domain::new([1; 16], &[2; 32])?.tokens;
    Some((block, *tokens.token(tokens.decrypt(block)).as_bytes()))
}

/// How long a record's header is, and the same header again.
pub fn header_again(record: &[u8]) -> Option<(usize, Vec<u8>)> {
    let (header, length) = Header::parse(record)?;
    let mut out = Vec::new();
    header.write(&mut out);
    Some((length, out))
}

/// An epoch's row again, and how many bytes stand behind it.
pub fn epoch_again(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (row, rest) = EpochRow::parse(bytes)?;
    let mut out = Vec::new();
    row.write(&mut out);
    Some((out, rest.len()))
}

/// A keyring again, whose checksum is appended to `bytes` first; `None` if it is refused.
pub fn keyring_again(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut sealed = bytes.to_vec();
    append_checksum(&mut sealed);
    Keyring::parse(Path::new("keyring"), &sealed).ok().map(|keyring| keyring.to_bytes())
}

/// Makes all checksums of a store's file fit what it holds, as whoever can write the files can;
/// seals need the key and stay as they are.
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
