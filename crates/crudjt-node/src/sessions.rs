//! The sessions of a master, for a transport in JavaScript: it hands over the messages that it
//! receives and sends those that come back.

use std::cell::RefCell;
use std::convert::identity;
use std::sync::Arc;

use crudjt_core::{MacKey, Store};
use crudjt_session::{Ended, MAX_REPLIES, PROOF_TIME, Retransmissions, Served, Sessions, Settings};
use napi::bindgen_prelude::{AsyncTask, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};
use napi_derive::napi;

use crate::failure::Failure;
use crate::handle::Handle;
use crate::job::Job;
use crate::session_unsafe;
use crate::store::NativeStore;

/// The longest message that a session writes, in bytes.
#[napi]
pub const MAX_REPLIES_BYTES: u32 = MAX_REPLIES as u32;

/// How long a client may take to prove the access key, in milliseconds.
#[napi]
pub const PROOF_TIME_MS: u32 = PROOF_TIME.as_millis() as u32;

/// A JavaScript function without arguments; keeps no event loop alive.
type Wake = ThreadsafeFunction<(), Unknown<'static>, (), Status, false, true>;

impl Served for Handle {
    fn store(&self) -> &Store {
        self.engine()
    }
}

impl From<Ended> for Failure {
    fn from(ended: Ended) -> Self {
        Self { code: ended.code().to_owned(), message: ended.to_string(), owner: None }
    }
}

/// The sessions of one master, on all its connections.
#[napi]
pub struct NativeSessions {
    /// `None` once closed.
    sessions: RefCell<Option<Sessions>>,
}

#[napi]
impl NativeStore {
    /// Serves the store to clients. `instance` are 16 random bytes that identify this start of the
    /// master; `access_key` is what clients must prove, unless it is empty.
    #[napi]
    pub fn serve(
        &self,
        env: Env,
        max_data_size: u32,
        instance: &[u8],
        access_key: &[u8],
    ) -> napi::Result<NativeSessions> {
        let serve = || {
            let instance = instance.try_into().map_err(|_| Failure::internal("not 16 bytes"))?;
            let access_key = (!access_key.is_empty()).then(|| MacKey::new(access_key));
            let settings =
                Settings { access_key, ..Settings::new(max_data_size as usize, instance) };
            let sessions = RefCell::new(Some(Sessions::new(self.handle()?, settings)));
            Ok(NativeSessions { sessions })
        };
        serve().map_err(|failure: Failure| failure.into_thrown(env))
    }
}

#[napi]
impl NativeSessions {
    /// Begins a session. `wake` is called when `late` and `work` are to be called; `is_admitted` tells
    /// that the client has shown the access key.
    #[napi(ts_return_type = "NativeSession")]
    pub fn open<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "() => void")] wake: Wake,
        is_admitted: bool,
    ) -> napi::Result<Unknown<'env>> {
        let wake = move || _ = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        let open = || {
            let (sessions, wake) = (self.sessions()?, Arc::new(wake));
            let session =
                if is_admitted { sessions.open_admitted(wake) } else { sessions.open(wake) };
            Ok(session?)
        };
        let session = open().map_err(|failure: Failure| failure.into_thrown(*env))?;
        session_unsafe::bind(env, session)
    }

    /// Starts no further operation. Resolves when those that were started have been answered, by
    /// `late`.
    #[napi(ts_return_type = "Promise<Outcome<void>>")]
    pub fn halt(&self) -> AsyncTask<Job> {
        let sessions = self.sessions();
        let halt = move || {
            sessions?.halt();
            Ok(())
        };
        Job::task(halt, identity)
    }

    /// Tells how many bytes of records JavaScript caches, for statistics.
    #[napi]
    pub fn set_cached_bytes(&self, bytes: f64) {
        if let Ok(sessions) = self.sessions() {
            sessions.set_cached_elsewhere(bytes as u64);
        }
    }

    /// Frees what the sessions share; each of them is closed by itself.
    #[napi]
    pub fn close(&self) {
        drop(self.sessions.take());
    }
}

impl NativeSessions {
    /// What transports share.
    pub fn sessions(&self) -> Result<Sessions, Failure> {
        self.sessions.borrow().clone().ok_or_else(|| crudjt_core::Error::Closed.into())
    }
}

/// How many operations came again in this process, for tests.
#[napi(object, object_from_js = false)]
pub struct RetransmissionCounts {
    /// The reply was sent again.
    pub answered: f64,
    /// The operation was still pending.
    pub pending: f64,
    /// The reply was gone.
    pub evicted: f64,
    /// Streams with at least one.
    pub streams: f64,
}

/// Counts retransmissions since the process began, for tests.
#[napi]
pub fn retransmissions() -> RetransmissionCounts {
    let Retransmissions { answered, pending, evicted, streams } = Retransmissions::so_far();
    let [answered, pending, evicted, streams] =
        [answered, pending, evicted, streams].map(|count| count as f64);
    RetransmissionCounts { answered, pending, evicted, streams }
}
