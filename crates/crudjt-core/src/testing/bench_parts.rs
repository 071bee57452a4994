//! Parts of the engine for its benchmarks, which see only what is public. Not an interface.

use std::path::Path;
use std::sync::Arc;

use crate::crypto::keyring::Domain;
use crate::crypto::token::{Token, TokenParts, decode};
use crate::crypto::{Cipher, Epoch, EpochRow, Epochs};
use crate::journal::{AppendCursor, Begin, Entry, Segment, SegmentMaker};
use crate::record::{Header, Salt};
use crate::{Error, JournalMode, Options, Result};

fn domain() -> Domain {
    match Domain::new([1; 16], &[2; 32]) {
        Some(domain) => domain,
        None => unreachable!("32 bytes make a key"),
    }
}

/// Making and opening tokens.
pub struct Tokens(Domain);

impl Tokens {
    /// With a fixed key.
    #[expect(clippy::new_without_default, reason = "a benchmark's fixture")]
    pub fn new() -> Tokens {
        Tokens(domain())
    }

    /// The token of an id.
    pub fn make(&self, id: u64) -> Token {
        self.0.tokens.token(TokenParts { id, salt: Salt([3; 8]) })
    }

    /// The id of a token.
    pub fn open(&self, token: &Token) -> Option<u64> {
        decode(token.as_bytes()).map(|block| self.0.tokens.decrypt(block).id)
    }
}

/// Sealing and opening records.
pub struct Sealing {
    epoch: Arc<Epoch>,
    sealed: Vec<u8>,
    scratch: Vec<u8>,
}

impl Sealing {
    /// With a fixed key of one of the ciphers.
    pub fn new(chacha: bool) -> Sealing {
        let cipher = if chacha { Cipher::ChaCha20Poly1305 } else { Cipher::Aes256Gcm };
        let row = EpochRow { number: 1, domain: [1; 16], cipher, salt: [4; 24] };
        let Some(epoch) = Epochs::default().add(&domain(), row) else {
            unreachable!("32 bytes make a key")
        };
        Sealing { epoch, sealed: Vec::new(), scratch: Vec::new() }
    }

    /// Seals a record.
    pub fn seal(&mut self, data: &[u8]) -> usize {
        let nonce = self.epoch.next_nonce(u64::MAX).unwrap_or_default();
        let header = Header {
            epoch: 1,
            nonce,
            version: 1,
            salt: Salt([5; 8]),
            expiry: Some(1 << 40),
            reads: None,
        };
        self.sealed.clear();
        self.epoch.seal(9, &header, data, &mut self.sealed);
        self.sealed.len()
    }

    /// Opens a copy of the record sealed last.
    pub fn open(&mut self) -> bool {
        self.scratch.clear();
        self.scratch.extend_from_slice(&self.sealed);
        let parsed = Header::parse(&self.scratch);
        parsed.is_some_and(|(header, head)| {
            self.epoch.open(9, &header, head, &mut self.scratch).is_some()
        })
    }
}

/// Appending to a journal that begins again whenever a segment is full.
pub struct Appending {
    segment: Arc<Segment>,
    cursor: AppendCursor,
    entry: Entry,
}

impl Appending {
    /// In a folder of its own.
    pub fn new(folder: &Path, journal: JournalMode) -> Result<Appending> {
        let options = Options { journal, ..Options::new(folder, Vec::new()) };
        let segment = Arc::new(SegmentMaker::new(&options, [0; 16]).make(1)?);
        let cursor = AppendCursor::begin(segment.clone(), Begin { sequence: 1, chain: 0 })?;
        Ok(Appending { segment, cursor, entry: Entry::new() })
    }

    /// Appends a record.
    pub fn append(&mut self, record: &[u8]) -> Result<()> {
        let write = |out: &mut Vec<u8>| {
            out.extend_from_slice(record);
            Some(())
        };
        self.entry.put(7, write).ok_or(Error::Randomness)?;
        if !self.cursor.has_room(self.entry.size()) {
            self.cursor = AppendCursor::begin(self.segment.clone(), self.cursor.next)?;
        }
        self.cursor.append(&mut self.entry).map(|_| ())
    }
}
