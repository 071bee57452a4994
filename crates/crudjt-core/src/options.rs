//! The settings that a store is opened with, and their defaults.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::Result;
use crate::crypto::secret::Secret;
use crate::event::{Event, EventHandler};
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::owned_storage::OwnedStorage;
use crate::platform::owner_lock::{self, Ownership};
use crate::platform::storage::{Disk, Folder, Storage};

/// How the journal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JournalMode {
    /// Mapped on file systems known to support it (ext4, XFS, tmpfs, APFS, NTFS), plain elsewhere.
    #[default]
    Auto,
    /// Through a memory mapping: about four times faster.
    Mapped,
    /// With one `write` per operation.
    Plain,
}

/// The settings that a store is opened with.
#[derive(Clone)]
pub struct Options {
    /// The store's folder; created if missing, with its parents.
    pub path: PathBuf,
    /// Whether the folder is the project's own because the system's default folder is not usable;
    /// an event then reports where the store is. Default false.
    pub in_project: bool,
    /// The secrets, newest first; at least one.
    pub secrets: Vec<Secret>,
    /// Maximum size of one record's data, in bytes. Default 256.
    pub max_data_size: usize,
    /// Bytes for caching records and B-tree pages. Default 32 MiB.
    pub cache_size: usize,
    /// Maximum time that an acknowledged operation may stay unsynced. Default 500 ms.
    pub sync_interval: Duration,
    /// Time between full sweeps of expired records. Default 24 hours.
    pub sweep_interval: Duration,
    /// How long to wait for another process to release the store. Default 0.
    pub lock_wait: Duration,
    /// Whether a secret that opens no domain of a store with records is an error. Default false.
    pub require_known_key: bool,
    /// Whether opening checks, before redb gets the B-tree's file, that each page has one owner. Reads
    /// the whole file: for files from an untrusted source, whose checksums may be forged. Default
    /// false.
    pub check_pages: bool,
    /// How the journal is written.
    pub journal: JournalMode,
    /// Receives the events that the engine reports outside any call.
    pub on_event: Option<EventHandler>,
    /// Everything that tests replace.
    #[doc(hidden)]
    pub environment: Environment,
}

impl Options {
    /// The defaults for a store in `path`, opened with `secrets`, newest first.
    pub fn new(path: impl Into<PathBuf>, secrets: Vec<Secret>) -> Options {
        Options {
            path: path.into(),
            in_project: false,
            secrets,
            max_data_size: 256,
            cache_size: 32 << 20,
            sync_interval: Duration::from_millis(500),
            sweep_interval: Duration::from_secs(24 * 3600),
            lock_wait: Duration::ZERO,
            require_known_key: false,
            check_pages: false,
            journal: JournalMode::Auto,
            on_event: None,
            environment: Environment::default(),
        }
    }

    /// The store's folder in its storage.
    pub(crate) fn folder(&self) -> Folder<'_> {
        Folder { storage: self.environment.storage.as_ref(), path: &self.path }
    }

    /// Takes the folder over, and from now on reaches its files only while it is owned. Locks the file
    /// `written` too if there is one.
    pub(crate) fn own(&mut self, written: &'static str, wait: Duration) -> Result<Arc<Ownership>> {
        let clock = self.environment.clock.as_ref();
        let ownership = Arc::new(owner_lock::own(self.folder(), written, clock, wait)?);
        let storage = self.environment.storage.clone();
        self.environment.storage = Arc::new(OwnedStorage::new(storage, ownership.clone()));
        Ok(ownership)
    }

    /// Whether an engine opened with these options can be shared by a handle asking for `other`.
    pub(crate) fn agrees_with(&self, other: &Options) -> bool {
        let settings = |options: &Options| {
            (
                options.max_data_size,
                options.cache_size,
                options.sync_interval,
                options.sweep_interval,
                options.require_known_key,
                options.journal,
            )
        };
        settings(self) == settings(other) && self.secrets == other.secrets
    }

    /// Passes an event to the handler, if there is one.
    pub(crate) fn tell(&self, event: Event) {
        if let Some(handler) = &self.on_event {
            handler(event);
        }
    }
}

/// Everything that tests replace: the clock, the disk, sizes, and the background threads.
#[doc(hidden)]
#[derive(Clone)]
pub struct Environment {
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// The file system.
    pub storage: Arc<dyn Storage>,
    /// Bytes of a journal segment, and so of a memtable.
    pub segment_bytes: u64,
    /// Age in milliseconds at which a memtable is checkpointed even if it is not full.
    pub memtable_age: u64,
    /// Number of frozen memtables at which writers have to wait.
    pub frozen_limit: usize,
    /// Maximum number of seals under one epoch key.
    pub epoch_seals: u64,
    /// Whether background threads sync and checkpoint; otherwise only explicit calls do.
    pub timers: bool,
    /// Whether a background thread keeps a spare segment ready; otherwise waiting for room makes
    /// one.
    pub spare_thread: bool,
}

impl Default for Environment {
    fn default() -> Environment {
        Environment {
            clock: Arc::new(SystemClock),
            storage: Arc::new(Disk),
            segment_bytes: 16 << 20,
            memtable_age: 30_000,
            frozen_limit: 2,
            epoch_seals: 1 << 36,
            timers: true,
            spare_thread: true,
        }
    }
}
