//! What all sessions of a master share.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crudjt_core::Store;
use crudjt_core::clock::{Clock, SystemClock};
use parking_lot::{RwLock, RwLockReadGuard};
use twox_hash::XxHash3_64;

use crate::clients::Clients;
use crate::ended::Ended;
use crate::operations::Operations;
use crate::reply_log::Wake;
use crate::requests::ID_BYTES;
use crate::session::Session;
use crate::slow::Slow;

/// The most sessions at a time.
pub const MAX_SESSIONS: usize = 1024;

/// What has the store that a master serves.
pub trait Served: Send + Sync + 'static {
    /// The store.
    fn store(&self) -> &Store;
}

impl Served for Store {
    fn store(&self) -> &Store {
        self
    }
}

/// How a master serves its store.
pub struct Settings {
    /// The most bytes of a token's data, by their most compact encoding.
    pub max_data_size: usize,
    /// Random bytes that identify this instance of the master, from its start to its end.
    pub master: [u8; ID_BYTES],
    /// What tells how long a client has been gone.
    pub clock: Arc<dyn Clock>,
}

impl Settings {
    /// Those of a master with the system's clock.
    pub fn new(max_data_size: usize, master: [u8; ID_BYTES]) -> Settings {
        Settings { max_data_size, master, clock: Arc::new(SystemClock) }
    }
}

/// The sessions of one master, on all its connections. Shared by clones of the `Arc` within.
#[derive(Clone)]
pub struct Sessions(Arc<Shared>);

/// What the sessions share.
pub(crate) struct Shared {
    pub(crate) clients: Clients,
    pub(crate) operations: Operations,
    pub(crate) slow: Slow,
    pub(crate) master: [u8; ID_BYTES],
    pub(crate) max_data_size: usize,
    is_halted: RwLock<bool>,
    open: AtomicUsize,
    seed: u64,
}

impl Sessions {
    /// Serves a store.
    pub fn new(served: Arc<dyn Served>, settings: Settings) -> Sessions {
        Sessions(Arc::new(Shared {
            clients: Clients::new(settings.clock),
            slow: Slow::new(&served),
            operations: Operations::new(served, settings.max_data_size),
            master: settings.master,
            max_data_size: settings.max_data_size,
            is_halted: RwLock::new(false),
            open: AtomicUsize::new(0),
            seed: RandomState::new().hash_one(0),
        }))
    }

    /// Begins a session on a new connection. `wake` is called, on any thread and holding no lock,
    /// when there is something to do for [`Session::late`] or [`Session::work`].
    ///
    /// # Errors
    /// [`Ended::TooMany`].
    pub fn open(&self, wake: Wake) -> Result<Session, Ended> {
        if self.0.open.fetch_add(1, Ordering::Relaxed) >= MAX_SESSIONS {
            self.0.open.fetch_sub(1, Ordering::Relaxed);
            return Err(Ended::TooMany);
        }
        Ok(Session::new(Arc::clone(&self.0), wake))
    }

    /// Starts no further operation. Blocks until those that were started are answered: then
    /// [`Session::late`] and [`Session::goodbye`] write the last messages.
    pub fn halt(&self) {
        *self.0.is_halted.write() = true;
        self.0.slow.wait_until_idle();
    }

    /// Tells how many bytes of records are cached outside of the store: statistics include them.
    pub fn set_cached_elsewhere(&self, bytes: u64) {
        self.0.slow.cached_elsewhere.store(bytes, Ordering::Relaxed);
    }

    /// The bytes of replies that are retained for all clients.
    pub fn retained_bytes(&self) -> usize {
        self.0.clients.retained_bytes()
    }
}

impl Shared {
    /// Lets operations be started while the guard lives; `None` once the master is halted.
    pub(crate) fn admit(&self) -> Option<RwLockReadGuard<'_, bool>> {
        Some(self.is_halted.read()).filter(|is_halted| !**is_halted)
    }

    /// Tells an operation from another one with its number. Not predictable from outside.
    pub(crate) fn hash(&self, operation: &[u8]) -> u64 {
        XxHash3_64::oneshot_with_seed(self.seed, operation)
    }

    /// A session has ended.
    pub(crate) fn leave(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}
