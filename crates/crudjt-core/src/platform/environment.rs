//! Everything that tests replace: the clock, the disk, sizes, and the background threads.

use std::sync::Arc;

use super::clock::{Clock, SystemClock};
use super::storage::{Disk, Storage};

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
    /// Whether a background thread keeps a spare segment ready; otherwise waiting for room makes one.
    pub spare_thread: bool,
}

impl Default for Environment {
    fn default() -> Environment {
        Environment {
            clock: Arc::new(SystemClock::new()),
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
