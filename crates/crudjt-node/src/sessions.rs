//! The sessions of a master, for a transport in JavaScript: it hands over the messages that it
//! receives and sends those that come back.

use std::cell::RefCell;
use std::convert::identity;
use std::sync::Arc;

use crudjt_core::Store;
use crudjt_session::{Ended, Progress, Retransmissions, Served, Session, Sessions, Settings};
use napi::bindgen_prelude::{AsyncTask, BufferSlice, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};
use napi_derive::napi;

use crate::failure::{Failure, guarded};
use crate::handle::Handle;
use crate::job::Job;
use crate::store::NativeStore;

/// A JavaScript function without arguments; keeps no event loop alive.
type Wake = ThreadsafeFunction<(), Unknown<'static>, (), Status, false, true>;

/// What stays allocated for messages to clients.
const OUT_CAPACITY: usize = 64 << 10;

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

/// The master's side of one connection. An exception means that the connection is to be closed, with
/// that error.
#[napi]
pub struct NativeSession {
    /// `None` once closed.
    session: RefCell<Option<Session>>,
    out: RefCell<Vec<u8>>,
    /// The state after the last `work`.
    state: RefCell<Progress>,
}

#[napi]
impl NativeStore {
    /// Serves the store to clients. `instance` are 16 random bytes that identify this start of the
    /// master.
    #[napi]
    pub fn serve(
        &self,
        env: Env,
        max_data_size: u32,
        instance: &[u8],
    ) -> napi::Result<NativeSessions> {
        let served = || {
            let instance = instance.try_into().map_err(|_| Failure::internal("not 16 bytes"))?;
            let settings = Settings::new(max_data_size as usize, instance);
            let sessions = RefCell::new(Some(Sessions::new(self.handle()?, settings)));
            Ok(NativeSessions { sessions })
        };
        served().map_err(|failure: Failure| failure.into_thrown(env))
    }
}

#[napi]
impl NativeSessions {
    /// Begins a session. `wake` is called when `late` and `work` are to be called.
    #[napi]
    pub fn open(
        &self,
        env: Env,
        #[napi(ts_arg_type = "() => void")] wake: Wake,
    ) -> napi::Result<NativeSession> {
        let wake = move || _ = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        let open = || Ok(self.sessions()?.open(Arc::new(wake))?);
        let session = open().map_err(|failure: Failure| failure.into_thrown(env))?;
        Ok(NativeSession {
            session: RefCell::new(Some(session)),
            out: RefCell::default(),
            state: RefCell::new(Progress::Idle),
        })
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

    /// Says how many bytes of records JavaScript caches: statistics include them.
    #[napi]
    pub fn set_cached(&self, bytes: f64) {
        if let Some(sessions) = &*self.sessions.borrow() {
            sessions.set_cached_elsewhere(bytes as u64);
        }
    }

    /// Frees what the sessions share; each of them is closed by itself.
    #[napi]
    pub fn close(&self) {
        drop(self.sessions.take());
    }

    fn sessions(&self) -> Result<Sessions, Failure> {
        self.sessions.borrow().clone().ok_or_else(|| crudjt_core::Error::Closed.into())
    }
}

#[napi]
impl NativeSession {
    /// Queues a message for `work`. Returns whether to read on; if not, until `state` is 0.
    #[napi]
    pub fn receive(&self, env: Env, message: &[u8]) -> napi::Result<bool> {
        self.with(env, true, |session, _| session.receive(message))
    }

    /// Runs up to `most` operations, sets `state`, and returns a message to send, if any.
    #[napi(ts_return_type = "Buffer | null")]
    pub fn work<'env>(&self, env: &'env Env, most: u32) -> napi::Result<Option<BufferSlice<'env>>> {
        let state =
            self.with(*env, Progress::Idle, |session, out| session.work(most as usize, out))?;
        self.state.replace(state);
        self.message(env)
    }

    /// After `work`: 0 all is done, 1 there is more to do, 2 the same once `wake` has been called.
    #[napi(getter)]
    pub fn state(&self) -> u32 {
        match *self.state.borrow() {
            Progress::Idle => 0,
            Progress::More => 1,
            Progress::Waiting => 2,
        }
    }

    /// Returns a message of the replies that have become available since, if any.
    #[napi(ts_return_type = "Buffer | null")]
    pub fn late<'env>(&self, env: &'env Env) -> napi::Result<Option<BufferSlice<'env>>> {
        self.with(*env, (), Session::late)?;
        self.message(env)
    }

    /// Returns the last message of a master that stops in order, if any.
    #[napi(ts_return_type = "Buffer | null")]
    pub fn goodbye<'env>(&self, env: &'env Env) -> napi::Result<Option<BufferSlice<'env>>> {
        self.with(*env, (), |session, out| {
            session.goodbye(out);
            Ok(())
        })?;
        self.message(env)
    }

    /// Ends the session: the client may come back on another connection.
    #[napi]
    pub fn close(&self) {
        drop(self.session.take());
    }

    /// Calls an open session; `closed` is the result of a closed one.
    fn with<T>(
        &self,
        env: Env,
        closed: T,
        call: impl FnOnce(&mut Session, &mut Vec<u8>) -> Result<T, Ended>,
    ) -> napi::Result<T> {
        let (mut session, mut out) = (self.session.borrow_mut(), self.out.borrow_mut());
        out.clear();
        let Some(session) = session.as_mut() else { return Ok(closed) };
        guarded(|| Ok(call(session, &mut out)?)).map_err(|failure| failure.into_thrown(env))
    }

    fn message<'env>(&self, env: &'env Env) -> napi::Result<Option<BufferSlice<'env>>> {
        let mut out = self.out.borrow_mut();
        let message = (!out.is_empty()).then(|| BufferSlice::copy_from(env, &*out)).transpose();
        out.clear();
        out.shrink_to(OUT_CAPACITY);
        message
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
