//! Creates segment files: a file gets its segment's name only once its content is durable.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::platform::sync::Mutex;

use super::header::{Begin, ENTRIES, Identity};
use super::segment::Segment;
use super::segment_files::{RESERVE, file_of, fresh_file};
use crate::crypto::keyring::StoreId;
use crate::crypto::random::random;
use crate::options::{Environment, JournalMode, Options};
use crate::platform::storage::{Mode, StorageFile, create_anew};
use crate::{Error, Result};

/// Creates the segments of one store.
#[derive(Clone)]
pub(crate) struct SegmentMaker {
    environment: Environment,
    folder: PathBuf,
    store: StoreId,
    mapped: bool,
    /// Held while a file has the temporary name.
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

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A segment with room for entries, its header durable.
    pub(crate) fn make(&self, number: u64) -> Result<Segment> {
        self.reserve();
        self.make_sized(number, self.environment.segment_bytes, self.mapped)
    }

    /// Keeps some space before a segment takes the last of it: a commit that makes space needs some. As
    /// much as there is of a sixteenth, a 32nd or a 64th of a segment; none is no failure.
    pub(crate) fn reserve(&self) {
        let path = self.folder.join(RESERVE);
        let Ok(file) = self.environment.storage.open(&path, Mode::Either) else { return };
        let usual = self.environment.segment_bytes;
        let reserved = [16, 32, 64].iter().any(|part| file.allocate(usual / part).is_ok());
        if !reserved {
            self.discard(&path);
        }
    }

    /// Gives up the reserved space; how much there was, if any.
    pub(crate) fn release_reserve(&self) -> Option<u64> {
        let path = self.folder.join(RESERVE);
        let size = self.environment.storage.open(&path, Mode::Read).ok()?.size().ok()?;
        self.environment.storage.remove(&path).ok().map(|()| size)
    }

    /// A segment of another size.
    pub(super) fn make_small(&self, number: u64, size: u64) -> Result<Segment> {
        self.make_sized(number, size, self.mapped)
    }

    /// The sizes to try where there is no space for the usual one, descending.
    pub(super) fn smaller_sizes(&self) -> impl Iterator<Item = u64> {
        let usual = self.environment.segment_bytes;
        [64, 256].map(|part| usual / part).into_iter().filter(|size| *size >= 2 * ENTRIES)
    }

    /// The unused segment of a new store, without room for entries.
    pub(crate) fn first(&self) -> Result<Segment> {
        self.make_sized(0, ENTRIES, self.mapped)
    }

    /// An empty segment, begun and durable: what a closed store leaves, from which the next opening
    /// can tell that the B-tree did not fall back.
    pub(crate) fn empty_segment(&self, number: u64, begin: Begin) -> Result<Segment> {
        // Not mapped: a closed engine keeps it, and Windows cannot remove a mapped file.
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
        let segment = Segment::create(identity, path.clone(), file, mapped);
        segment.inspect_err(|_| self.discard(&path))
    }

    fn make_file(&self, path: &Path, identity: Identity) -> io::Result<Arc<dyn StorageFile>> {
        let made = self.place_file(path, |file| {
            file.allocate(identity.size)?;
            file.write_at(0, &identity.to_bytes())
        });
        made.inspect_err(|_| self.discard(path))
    }

    /// The next attempt has another number: this file must not stay behind.
    pub(crate) fn discard(&self, path: &Path) {
        let _ = self.environment.storage.remove(path);
    }

    /// Creates a file that gets its name after its content is durable; makes the name durable too.
    fn place_file(
        &self,
        path: &Path,
        fill: impl FnOnce(&dyn StorageFile) -> io::Result<()>,
    ) -> io::Result<Arc<dyn StorageFile>> {
        let storage = self.environment.storage.as_ref();
        let _placing = self.placing.lock();
        let fresh = fresh_file(&self.folder);
        let file = create_anew(storage, &fresh)?;
        let filled = fill(file.as_ref()).and_then(|()| file.sync());
        if let Err(error) = filled {
            // Returns the space to a full disk; the next attempt starts over either way.
            let _ = storage.remove(&fresh);
            return Err(error);
        }
        storage.rename(&fresh, path)?;
        sabotage!(FolderUnsynced, return Ok(file));
        storage.sync_folder(&self.folder)?;
        Ok(file)
    }

    /// Fails once the folder of the segments no longer belongs to this process.
    pub(super) fn check_owner(&self) -> Result<()> {
        let owned = self.environment.storage.check_owner();
        owned.map_err(|error| Error::storage(&self.folder, "sync its journal", error))
    }

    /// Copies what was appended to a segment before `end` to a fresh file in its place: after a
    /// failed sync, the system may drop what it could not write and report it as written. Nobody
    /// may append meanwhile.
    pub(super) fn rewrite(&self, segment: &Segment, end: u64) -> Result<()> {
        let copied = self
            .place_file(&segment.path, |file| file.write_at(0, &segment.read_file(end)?))
            .map_err(|error| Error::storage(&segment.path, "rewrite its journal", error))?;
        segment.replace_file(copied);
        Ok(())
    }
}
