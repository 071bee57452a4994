//! One segment file, written through a mapping or with plain writes.
//!
//! Invariant: bytes once appended are never written again while the segment lives, so a reader
//! that knows their place needs no lock.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::platform::sync::Mutex;

use super::header::{
    BEGIN_AT, Begin, ENTRIES, Identity, SYNC_MARKS_AT, SyncMark, file_of, fresh_file,
};
use crate::crypto::keyring::StoreId;
use crate::crypto::random::random;
use crate::options::{Environment, JournalMode, Options};
use crate::platform::storage::{ClosedStorage, Mapping, Mode, StorageFile};
use crate::{Error, Result};

/// Bytes of a new segment whose memory is taken at once.
pub(super) const PREFAULTED_FIRST: u64 = 512 << 10;

/// Where bytes stand in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordLocation {
    pub(crate) offset: u32,
    pub(crate) length: u32,
}

impl RecordLocation {
    pub(super) fn range(self) -> Range<usize> {
        self.offset as usize..self.offset as usize + self.length as usize
    }
}

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
    /// Where its bytes are since a sync of it failed.
    rewritten: OnceLock<Arc<dyn StorageFile>>,
}

impl Segment {
    /// A recovered segment, only to be read.
    pub(super) fn recovered(
        identity: Identity,
        path: PathBuf,
        file: Arc<dyn StorageFile>,
    ) -> Segment {
        Segment::new(identity, path, file, Body::Plain)
    }

    fn new(identity: Identity, path: PathBuf, file: Arc<dyn StorageFile>, body: Body) -> Segment {
        Segment { identity, path, file, body, rewritten: OnceLock::new() }
    }

    /// What stands in its place when nobody appends any more: holds no file.
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

    /// Returns when everything before `end` is on the medium.
    pub(super) fn sync(&self, end: u64) -> Result<()> {
        let synced = match &self.body {
            Body::Mapped(mapping) => mapping.sync(0..end),
            Body::Plain => self.file.sync(),
        };
        synced.map_err(|error| Error::storage(&self.path, "sync its journal", error))
    }

    /// Takes the memory for a range now, where nothing was appended and nobody appends meanwhile; only
    /// for speed.
    pub(crate) fn prepare(&self, range: Range<u64>) {
        if let Body::Mapped(mapping) = &self.body {
            mapping.prepare(range);
        }
    }

    /// Cuts off what stands behind `end` and makes the rest durable. What stands from `from` on is
    /// written again: after a sync that failed before, the system may take it for written.
    pub(super) fn settle(&self, from: u64, end: u64) -> Result<()> {
        let settled = self
            .file
            .set_size(end)
            .and_then(|()| self.write_again(from, end))
            .and_then(|()| self.file.sync());
        settled.map_err(|error| Error::storage(&self.path, "settle its journal", error))
    }

    fn write_again(&self, from: u64, end: u64) -> io::Result<()> {
        sabotage!(RecoveredTrusted, return Ok(()));
        let mut bytes = vec![0; end.saturating_sub(from) as usize];
        self.file.read_at(from, &mut bytes)?;
        self.file.write_at(from, &bytes)
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

/// Makes segments.
#[derive(Clone)]
pub(crate) struct SegmentMaker {
    environment: Environment,
    folder: PathBuf,
    store: StoreId,
    mapped: bool,
    placing: Arc<Mutex<()>>,
}

impl SegmentMaker {
    pub(crate) fn new(options: &Options, store: StoreId) -> SegmentMaker {
        let mapped = match options.journal {
            JournalMode::Mapped => true,
            JournalMode::Plain => false,
            JournalMode::Auto => options.environment.storage.maps_well(&options.path),
        };
        let (environment, folder) = (options.environment.clone(), options.path.clone());
        SegmentMaker { environment, folder, store, mapped, placing: Arc::default() }
    }

    /// A new segment with room for entries, its header durable.
    pub(crate) fn make(&self, number: u64) -> Result<Segment> {
        self.make_sized(number, self.environment.segment_bytes, self.mapped)
    }

    /// A segment without room for entries, not begun yet: what a new store has.
    pub(crate) fn first(&self) -> Result<Segment> {
        self.make_sized(0, ENTRIES, self.mapped)
    }

    /// A segment without room for entries, begun and durable: what a closed store leaves, so that
    /// the next opening can tell that the B-tree did not fall back.
    pub(crate) fn empty_segment(&self, number: u64, begin: Begin) -> Result<Segment> {
        // Not mapped: a closed engine keeps it, and Windows can't remove what is mapped.
        let segment = self.make_sized(number, ENTRIES, false)?;
        segment.write_begin(begin)?;
        segment.sync(ENTRIES)?;
        Ok(segment)
    }

    fn make_sized(&self, number: u64, size: u64, mapped: bool) -> Result<Segment> {
        let identity = Identity { store: self.store, number, id: random()?, size };
        let path = file_of(&self.folder, number);
        let file = self
            .make_file(&path, identity)
            .map_err(|error| Error::storage(&path, "extend its journal", error))?;
        assemble(identity, path, file, mapped)
    }

    fn make_file(&self, path: &Path, identity: Identity) -> io::Result<Arc<dyn StorageFile>> {
        let made = self.place_file(path, |file| {
            file.allocate(identity.size)?;
            file.write_at(0, &identity.to_bytes())
        });
        // The next attempt has another number: this one is not to stay behind.
        made.inspect_err(|_| drop(self.environment.storage.remove(path)))
    }

    /// Makes a file that has its content before it has its name, both durable.
    fn place_file(
        &self,
        path: &Path,
        fill: impl FnOnce(&dyn StorageFile) -> io::Result<()>,
    ) -> io::Result<Arc<dyn StorageFile>> {
        let storage = self.environment.storage.as_ref();
        let _one_at_a_time = self.placing.lock();
        let fresh = fresh_file(&self.folder);
        let file = storage.open(&fresh, Mode::Either)?;
        let filled = file.set_size(0).and_then(|()| fill(file.as_ref())).and_then(|()| file.sync());
        if let Err(error) = filled {
            // A full disk gets back what was taken; the next attempt starts anew either way.
            let _ = storage.remove(&fresh);
            return Err(error);
        }
        storage.rename(&fresh, path)?;
        sabotage!(FolderUnsynced, return Ok(file));
        storage.sync_folder(&self.folder)?;
        Ok(file)
    }

    /// Copies what was appended to a segment before `end` into a fresh file in its place: after a
    /// failed sync the system may take for written what it could not write. Nobody may append.
    pub(super) fn rewrite(&self, segment: &Segment, end: u64) -> Result<()> {
        let file = self.place_file(&segment.path, |file| {
            // Not through the mapping, which could not tell that reading failed.
            let mut bytes = vec![0; end as usize];
            segment.file.read_at(0, &mut bytes)?;
            file.write_at(0, &bytes)
        });
        let file =
            file.map_err(|error| Error::storage(&segment.path, "rewrite its journal", error))?;
        // Set once: there is no sync after one that failed.
        let _ = segment.rewritten.set(file);
        Ok(())
    }
}

fn assemble(
    identity: Identity,
    path: PathBuf,
    file: Arc<dyn StorageFile>,
    mapped: bool,
) -> Result<Segment> {
    let body = if mapped {
        let mapping = file.map(identity.size);
        let mapping = mapping.map_err(|error| Error::storage(&path, "map its journal", error))?;
        mapping.populate(0..PREFAULTED_FIRST.min(identity.size));
        Body::Mapped(mapping)
    } else {
        Body::Plain
    };
    Ok(Segment::new(identity, path, file, body))
}
