//! `openStore`: opens the engine off the JavaScript thread. The library has already checked the
//! options; those left out have the engine's defaults.

use std::env;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crudjt_core::{DefaultPath, JournalMode, Options, Secret, default_path};
use napi::Env;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;

use crate::events::Listener;
use crate::failure::Failure;
use crate::handle::Handle;
use crate::job::Job;
use crate::store::NativeStore;
use crate::teardown;

const MS_PER_HOUR: f64 = 3_600_000.0;

/// The options of `openStore`.
#[napi(object, object_to_js = false)]
pub struct OpenOptions {
    /// The store's folder; the default is the system's or, if that cannot be written, the
    /// project's.
    pub path: Option<String>,
    /// The secrets in Base64, newest first.
    pub secret_keys: Vec<String>,
    /// Maximum size of one record's data, in bytes.
    pub max_data_size: Option<f64>,
    /// Size of the record cache, in bytes.
    pub cache_size: Option<f64>,
    /// Time between two syncs of the journal, in milliseconds.
    pub sync_interval_ms: Option<f64>,
    /// Time between two full sweeps of expired records, in hours.
    pub sweep_interval_hours: Option<f64>,
    /// How long to wait for another process to release the store, in milliseconds.
    pub lock_wait_ms: Option<f64>,
    /// Whether a secret that opens nothing in a store with records is an error.
    pub require_known_key: Option<bool>,
    /// How the journal is written.
    #[napi(ts_type = "'auto' | 'mapped' | 'plain'")]
    pub journal: Option<String>,
}

/// Opens a store. `onEvent` receives the code and the message of each event; it does not keep the
/// process alive. The store is closed cleanly when the environment of its thread ends.
#[napi(ts_return_type = "Promise<Outcome<NativeStore>>")]
pub fn open_store(
    env: Env,
    options: OpenOptions,
    #[napi(ts_arg_type = "(code: string, message: string) => void")] on_event: Listener,
) -> napi::Result<AsyncTask<Job>> {
    teardown::watch(env)?;
    let owner = thread::current().id();
    let open = move || Handle::open(options.read()?, on_event, owner);
    Ok(Job::task(open, NativeStore::new))
}

impl OpenOptions {
    fn read(self) -> Result<Options, Failure> {
        let secrets = self.secret_keys.iter().map(|text| Secret::from_base64(text));
        let DefaultPath { path, in_project } = self.place();
        let mut options = Options::new(path, secrets.collect::<Result<_, _>>()?);
        options.in_project = in_project;
        set(&mut options.max_data_size, self.max_data_size, |bytes| bytes as usize);
        set(&mut options.cache_size, self.cache_size, |bytes| bytes as usize);
        set(&mut options.sync_interval, self.sync_interval_ms, millis);
        set(&mut options.sweep_interval, self.sweep_interval_hours, |hours| {
            millis(hours * MS_PER_HOUR)
        });
        set(&mut options.lock_wait, self.lock_wait_ms, millis);
        set(&mut options.require_known_key, self.require_known_key, |known| known);
        set(&mut options.journal, self.journal()?, |mode| mode);
        Ok(options)
    }

    fn place(&self) -> DefaultPath {
        match &self.path {
            Some(path) => DefaultPath { path: path.into(), in_project: false },
            None => default_path(&env::current_dir().unwrap_or_else(|_| Path::new(".").into())),
        }
    }

    fn journal(&self) -> Result<Option<JournalMode>, Failure> {
        match self.journal.as_deref() {
            None => Ok(None),
            Some("auto") => Ok(Some(JournalMode::Auto)),
            Some("mapped") => Ok(Some(JournalMode::Mapped)),
            Some("plain") => Ok(Some(JournalMode::Plain)),
            Some(other) => Err(Failure::internal(format!("no such journal mode: {other}"))),
        }
    }
}

fn set<T, U>(field: &mut T, given: Option<U>, convert: impl FnOnce(U) -> T) {
    if let Some(given) = given {
        *field = convert(given);
    }
}

fn millis(value: f64) -> Duration {
    Duration::from_millis(value as u64)
}
