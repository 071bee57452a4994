//! The JavaScript class of an open store: binds the hot path, and runs everything that may block,
//! as a promise or, for the `…Sync` calls of the library, on the JavaScript thread.

use std::cell::RefCell;
use std::convert::identity;
use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{ArrayBuffer, AsyncTask, ToNapiValue, Unknown};
use napi_derive::napi;

use crate::failure::{Failure, guarded};
use crate::handle::Handle;
use crate::hot_path_unsafe::{self, SharedPath};
use crate::job::Job;
use crate::stats::Stats;

/// An open store. It does not keep the process alive.
#[napi]
pub struct NativeStore {
    /// `None` once released.
    handle: RefCell<Option<Arc<Handle>>>,
    /// What the functions of the hot path share.
    hot: RefCell<Option<SharedPath>>,
    path: String,
}

impl NativeStore {
    /// The JavaScript object of an open store.
    pub fn new(handle: Arc<Handle>) -> Self {
        let path = handle.engine().path().to_string_lossy().into_owned();
        Self { handle: RefCell::new(Some(handle)), hot: RefCell::default(), path }
    }

    /// What the object shares with jobs and sessions.
    pub fn handle(&self) -> Result<Arc<Handle>, Failure> {
        self.handle.borrow().clone().ok_or_else(|| crudjt_core::Error::Closed.into())
    }

    /// A job on the store, which may block.
    pub fn job<T: Send + 'static, V>(
        &self,
        work: impl FnOnce(&Arc<Handle>) -> Result<T, Failure> + Send + 'static,
        present: fn(T) -> V,
    ) -> AsyncTask<Job>
    where
        V: ToNapiValue + 'static,
    {
        let handle = self.handle();
        Job::task(move || work(&handle?), present)
    }

    fn now<T>(
        &self,
        env: Env,
        work: impl FnOnce(&Arc<Handle>) -> Result<T, Failure>,
    ) -> napi::Result<T> {
        guarded(|| work(&self.handle()?)).map_err(|failure| failure.into_thrown(env))
    }
}

#[napi]
impl NativeStore {
    /// The store's folder.
    #[napi(getter)]
    pub fn path(&self) -> String {
        self.path.clone()
    }

    /// Creates the functions of the hot path over `scratch`, which must be `SCRATCH_BYTES` long and
    /// must never be transferred to another thread. The functions keep the buffer and the store
    /// alive, and index up to `knownTokens` tokens whose data the caller caches, 48 bytes each.
    #[napi(ts_return_type = "Hot")]
    pub fn bind<'env>(
        &self,
        env: &'env Env,
        scratch: ArrayBuffer<'env>,
        known_tokens: u32,
    ) -> napi::Result<Unknown<'env>> {
        let handle = self.handle().map_err(|failure| failure.into_thrown(*env))?;
        let (path, functions) = hot_path_unsafe::bind(env, &scratch, known_tokens, &handle)?;
        self.hot.replace(Some(path));
        Ok(functions)
    }

    /// Refuses all calls but `close` from now on.
    #[napi]
    pub fn refuse(&self) {
        if let Some(handle) = &*self.handle.borrow() {
            handle.engine().refuse_calls();
        }
    }

    /// Frees the memory of a closed store, which JavaScript may keep for long.
    #[napi]
    pub fn release(&self) {
        if let Some(hot) = self.hot.take() {
            drop(hot.take());
        }
        drop(self.handle.take());
    }

    /// Resolves when a call that returned -3 may be retried.
    #[napi(ts_return_type = "Promise<Outcome<void>>")]
    pub fn wait_for_room(&self) -> AsyncTask<Job> {
        self.job(wait_for_room, identity)
    }

    /// Returns when a call that returned -3 may be retried.
    #[napi]
    pub fn wait_for_room_sync(&self, env: Env) -> napi::Result<()> {
        self.now(env, wait_for_room)
    }

    /// Resolves when everything acknowledged before is on disk.
    #[napi(ts_return_type = "Promise<Outcome<void>>")]
    pub fn flush(&self) -> AsyncTask<Job> {
        self.job(flush, identity)
    }

    /// Returns when everything acknowledged before is on disk.
    #[napi]
    pub fn flush_sync(&self, env: Env) -> napi::Result<()> {
        self.now(env, flush)
    }

    /// Moves the contents of the journal into the tree.
    #[napi(ts_return_type = "Promise<Outcome<void>>")]
    pub fn checkpoint(&self) -> AsyncTask<Job> {
        self.job(|handle| Ok(handle.engine().checkpoint()?), identity)
    }

    /// Removes all expired records and resolves to their number.
    #[napi(ts_return_type = "Promise<Outcome<number>>")]
    pub fn sweep(&self) -> AsyncTask<Job> {
        self.job(|handle| Ok(handle.engine().sweep()?), |count| count as f64)
    }

    /// Counters and sizes.
    #[napi(ts_return_type = "Promise<Outcome<Stats>>")]
    pub fn stats(&self) -> AsyncTask<Job> {
        self.job(|handle| Ok(handle.engine().stats()?), Stats::from)
    }

    /// Flushes everything to disk and releases the store. Idempotent.
    #[napi(ts_return_type = "Promise<Outcome<void>>")]
    pub fn close(&self) -> AsyncTask<Job> {
        let handle = self.handle.borrow().clone();
        Job::task(move || handle.map_or(Ok(()), |handle| handle.close()), identity)
    }

    /// As `close`, but blocks until done.
    #[napi]
    pub fn close_sync(&self, env: Env) -> napi::Result<()> {
        self.now(env, Handle::close)
    }
}

fn wait_for_room(handle: &Arc<Handle>) -> Result<(), Failure> {
    Ok(handle.engine().wait_for_room()?)
}

fn flush(handle: &Arc<Handle>) -> Result<(), Failure> {
    Ok(handle.engine().flush()?)
}
