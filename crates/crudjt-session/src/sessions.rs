//! The sessions of one master.

use std::sync::Arc;

use crudjt_core::clock::{Clock, SystemClock};

use crate::ended::Ended;
use crate::reply_log::Wake;
use crate::requests::ID_BYTES;
use crate::served::Served;
use crate::session::Session;
use crate::shared::Shared;

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

/// The sessions of one master, on all its connections; its clones are the same.
#[derive(Clone)]
pub struct Sessions(Arc<Shared>);

impl Sessions {
    /// Serves a store.
    pub fn new(served: Arc<dyn Served>, settings: Settings) -> Sessions {
        let Settings { max_data_size, master, clock } = settings;
        Sessions(Arc::new(Shared::new(served, max_data_size, master, clock)))
    }

    /// Begins a session on a new connection. `wake` is called, on any thread, when there is something
    /// to do for [`Session::late`] or [`Session::work`]; it must neither block nor call them itself.
    ///
    /// # Errors
    /// [`Ended::TooMany`].
    pub fn open(&self, wake: Wake) -> Result<Session, Ended> {
        self.0.enter()?;
        Ok(Session::new(Arc::clone(&self.0), wake))
    }

    /// Starts no further operation. Blocks until those that were started are answered: then
    /// [`Session::late`] and [`Session::goodbye`] write the last messages.
    pub fn halt(&self) {
        self.0.halt();
    }

    /// Tells how many bytes of records are cached outside of the store: statistics include them.
    pub fn set_cached_elsewhere(&self, bytes: u64) {
        self.0.slow.set_cached_elsewhere(bytes);
    }

    /// The bytes of replies that are retained for all clients.
    pub fn retained_bytes(&self) -> usize {
        self.0.clients.retained_bytes()
    }
}
