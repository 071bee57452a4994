//! The sessions of one master.

use std::sync::Arc;

use crudjt_core::Store;

use crate::ended::Ended;
use crate::reply_log::Wake;
use crate::served::Served;
use crate::session::Session;
use crate::settings::Settings;
use crate::shared::Shared;

/// The sessions of one master, on all its connections; its clones are the same.
#[derive(Clone)]
pub struct Sessions(Arc<Shared>);

impl Sessions {
    /// Serves a store.
    pub fn new(served: Arc<dyn Served>, settings: Settings) -> Sessions {
        Sessions(Arc::new(Shared::new(served, settings)))
    }

    /// Begins a session on a new connection, whose client must prove the access key if there is one:
    /// a transport ends it if [`Session::is_admitted`] is not true within [`crate::PROOF_TIME`].
    /// `wake` is called, on any thread, when there is something to do for [`Session::late`] or
    /// [`Session::work`]; it must neither block nor call them itself.
    ///
    /// # Errors
    /// [`Ended::TooMany`].
    pub fn open(&self, wake: Wake) -> Result<Session, Ended> {
        let must_prove = self.0.access_key.is_some();
        Session::new(Arc::clone(&self.0), wake, must_prove)
    }

    /// The same for a client that has shown the access key to the transport.
    ///
    /// # Errors
    /// [`Ended::TooMany`].
    pub fn open_admitted(&self, wake: Wake) -> Result<Session, Ended> {
        Session::new(Arc::clone(&self.0), wake, false)
    }

    /// The store that is served.
    pub fn store(&self) -> &Store {
        self.0.operations.store()
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
