//! What all sessions of a master share.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crudjt_core::MacKey;
use parking_lot::{RwLock, RwLockReadGuard};
use twox_hash::XxHash3_64;

use crate::clients::Clients;
use crate::ended::Ended;
use crate::limits::MAX_SESSIONS;
use crate::operations::Operations;
use crate::requests::ID_BYTES;
use crate::served::Served;
use crate::settings::Settings;
use crate::slow::Slow;

pub(crate) struct Shared {
    pub(crate) clients: Clients,
    pub(crate) operations: Operations,
    pub(crate) slow: Slow,
    pub(crate) master: [u8; ID_BYTES],
    pub(crate) max_data_size: usize,
    /// What clients must prove that they have.
    pub(crate) access_key: Option<MacKey>,
    is_halted: RwLock<bool>,
    open: AtomicUsize,
    seed: u64,
}

impl Shared {
    pub(crate) fn new(served: Arc<dyn Served>, settings: Settings) -> Shared {
        let Settings { max_data_size, master, access_key, clock } = settings;
        Shared {
            clients: Clients::new(clock),
            slow: Slow::new(&served),
            operations: Operations::new(served, max_data_size),
            master,
            max_data_size,
            access_key,
            is_halted: RwLock::new(false),
            open: AtomicUsize::new(0),
            seed: RandomState::new().hash_one(0),
        }
    }

    /// Counts a session, until `leave`.
    pub(crate) fn enter(&self) -> Result<(), Ended> {
        if self.open.fetch_add(1, Ordering::Relaxed) < MAX_SESSIONS {
            return Ok(());
        }
        self.leave();
        Err(Ended::TooMany)
    }

    pub(crate) fn leave(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Lets operations be started while the guard lives; `None` once the master is halted.
    pub(crate) fn admit(&self) -> Option<RwLockReadGuard<'_, bool>> {
        Some(self.is_halted.read()).filter(|is_halted| !**is_halted)
    }

    /// Admits nothing more, and blocks until everything that was started is answered.
    pub(crate) fn halt(&self) {
        *self.is_halted.write() = true;
        self.slow.wait_until_idle();
    }

    /// Tells an operation from another one with its number. Not predictable from outside.
    pub(crate) fn hash(&self, operation: &[u8]) -> u64 {
        XxHash3_64::oneshot_with_seed(self.seed, operation)
    }
}
