//! One segment file, written through a memory mapping or with plain writes.
//!
//! Invariant: bytes once appended are never changed while the segment lives, so a reader that knows
//! their location needs no lock.

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::Begin;
use super::header::{BEGIN_AT, Identity, SYNC_MARKS_AT, SyncMark};
use super::segment_files::FoundSegment;
use crate::platform::storage::{ClosedStorage, Mapping, StorageFile};
use crate::{Error, Result};

/// Bytes of a new segment that are prefaulted at once.
pub(super) const PREFAULTED_FIRST: u64 = 512 << 10;

enum Body {
    Mapped(Box<dyn Mapping>),
    Plain,
}

/// An open segment.
pub(crate) struct Segment {
    pub(crate) identity: Identity,
    pub(crate) path: PathBuf,
    file: Arc<dyn StorageFile>,
    body: Body,
    /// The copy that has its bytes since a sync of it failed.
    rewritten: OnceLock<Arc<dyn StorageFile>>,
}

impl Segment {
    /// A new segment in this file.
    pub(super) fn create(
        identity: Identity,
        path: PathBuf,
        file: Arc<dyn StorageFile>,
        mapped: bool,
    ) -> Result<Segment> {
        if !mapped {
            return Ok(Segment::new(identity, path, file, Body::Plain));
        }
        let mapping = file.map(identity.size);
        let mapping = mapping.map_err(|error| Error::storage(&path, "map its journal", error))?;
        mapping.populate(0..PREFAULTED_FIRST.min(identity.size));
        Ok(Segment::new(identity, path, file, Body::Mapped(mapping)))
    }

    /// A recovered segment, which is only read.
    pub(super) fn recovered(found: FoundSegment) -> Segment {
        Segment::new(found.identity, found.path, found.file, Body::Plain)
    }

    fn new(identity: Identity, path: PathBuf, file: Arc<dyn StorageFile>, body: Body) -> Segment {
        Segment { identity, path, file, body, rewritten: OnceLock::new() }
    }

    /// A stand-in for it once the store is closed, which holds no file.
    pub(crate) fn closed(&self) -> Segment {
        Segment::new(self.identity, self.path.clone(), Arc::new(ClosedStorage), Body::Plain)
    }

    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let written = match &self.body {
            Body::Mapped(mapping) if mapping.write(offset, bytes) => Ok(()),
            Body::Mapped(_) => Err(io::ErrorKind::WriteZero.into()),
            Body::Plain => self.file.write_at(offset, bytes),
        };
        written.map_err(|error| Error::storage(&self.path, "append to its journal", error))
    }

    /// Fills `out` with appended bytes.
    pub(crate) fn read(&self, offset: u32, out: &mut [u8]) -> Result<()> {
        let offset = u64::from(offset);
        let read = match (&self.body, self.rewritten.get()) {
            (_, Some(file)) => file.read_at(offset, out),
            (Body::Mapped(mapping), None) if mapping.read(offset, out) => Ok(()),
            (Body::Mapped(_), None) => Err(io::ErrorKind::UnexpectedEof.into()),
            (Body::Plain, None) => self.file.read_at(offset, out),
        };
        read.map_err(|error| Error::storage(&self.path, "read its journal", error))
    }

    /// Makes everything before `end` durable.
    pub(super) fn sync(&self, end: u64) -> Result<()> {
        let synced = match &self.body {
            Body::Mapped(mapping) => mapping.sync(0..end),
            Body::Plain => self.file.sync(),
        };
        synced.map_err(|error| Error::storage(&self.path, "sync its journal", error))
    }

    /// Prefaults a range in which nothing was appended and nobody appends meanwhile; only for
    /// speed.
    pub(crate) fn prefault(&self, range: Range<u64>) {
        if let Body::Mapped(mapping) = &self.body {
            mapping.prepare(range);
        }
    }

    /// Truncates a recovered segment to `end` and makes it durable. Bytes from `from` on are
    /// rewritten: after an earlier failed sync, the system may consider them written already.
    pub(super) fn truncate_and_sync(&self, from: u64, end: u64) -> Result<()> {
        let synced = self
            .file
            .set_size(end)
            .and_then(|()| self.rewrite_in_place(from, end))
            .and_then(|()| self.file.sync());
        synced.map_err(|error| Error::storage(&self.path, "sync its recovered journal", error))
    }

    fn rewrite_in_place(&self, from: u64, end: u64) -> io::Result<()> {
        sabotage!(RecoveredTrusted, return Ok(()));
        let mut bytes = vec![0; end.saturating_sub(from) as usize];
        self.file.read_at(from, &mut bytes)?;
        self.file.write_at(from, &bytes)
    }

    /// The bytes before `end`, not through the mapping, which cannot report a failed read.
    pub(super) fn read_file(&self, end: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; end as usize];
        self.file.read_at(0, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads from this copy from now on.
    pub(super) fn replace_file(&self, file: Arc<dyn StorageFile>) {
        // Set once: no sync follows one that failed.
        let _ = self.rewritten.set(file);
    }

    pub(super) fn write_begin(&self, begin: Begin) -> Result<()> {
        self.write(BEGIN_AT, &self.identity.begin_bytes(begin))
    }

    pub(super) fn write_sync_mark(&self, first_copy: bool, mark: SyncMark) -> Result<()> {
        let [first, second] = SYNC_MARKS_AT;
        let offset = if first_copy { first } else { second };
        self.write(offset, &self.identity.sync_mark_bytes(offset, mark))
    }
}
