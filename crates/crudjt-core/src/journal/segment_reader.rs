//! Reads a segment's entries no further than needed: most of a segment may never have been used.

use std::io;
use std::sync::Arc;

use super::Begin;
use super::entry::{ENTRY_HEADER, Parsed, parse, payload_length};
use crate::platform::storage::StorageFile;

const READ_AHEAD: usize = 1 << 18;

/// The front of a segment's file.
pub(super) struct SegmentReader {
    file: Arc<dyn StorageFile>,
    segment: [u8; 16],
    size: u64,
    bytes: Vec<u8>,
}

impl SegmentReader {
    /// Reads up to `size` bytes of the segment with this id.
    pub(super) fn new(file: Arc<dyn StorageFile>, segment: [u8; 16], size: u64) -> SegmentReader {
        SegmentReader { file, segment, size, bytes: Vec::new() }
    }

    /// The entry at `offset`; `None` unless it chains to `next`.
    pub(super) fn entry(&mut self, offset: usize, next: Begin) -> io::Result<Option<Parsed>> {
        self.load(offset + ENTRY_HEADER)?;
        if let Some(length) = payload_length(&self.bytes, offset) {
            self.load(offset + ENTRY_HEADER + length)?;
        }
        Ok(parse(&self.bytes, offset, &self.segment, next.chain, next.sequence))
    }

    /// The bytes read so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads all of it.
    pub(super) fn load_all(&mut self) -> io::Result<&[u8]> {
        self.load(self.size as usize)?;
        Ok(&self.bytes)
    }

    fn load(&mut self, wanted: usize) -> io::Result<()> {
        let loaded = self.bytes.len();
        if wanted > loaded && (loaded as u64) < self.size {
            let end = wanted.next_multiple_of(READ_AHEAD).min(self.size as usize);
            self.bytes.resize(end, 0);
            self.file.read_at(loaded as u64, self.bytes.get_mut(loaded..).unwrap_or_default())?;
        }
        Ok(())
    }
}
