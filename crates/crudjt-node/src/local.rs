//! The local socket of a master.

use std::convert::identity;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use crudjt_local::{Listener, Patience};
use crudjt_shelf::put_up;
use napi::Env;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;

use crate::failure::Failure;
use crate::job::Job;
use crate::sessions::NativeSessions;
use crate::teardown;

/// A local socket, on which threads of their own serve clients.
#[napi]
pub struct NativeLocalListener {
    listener: Arc<Listener>,
    end: teardown::End,
}

#[napi]
impl NativeSessions {
    /// Creates a Unix socket at a path that does not exist, and serves those who connect, with a shelf
    /// of that many bytes unless it is 0 or the system has none. It is closed with the environment, but
    /// its file is the caller's to remove.
    #[napi]
    pub fn listen_local(
        &self,
        env: Env,
        path: String,
        shelf_size: u32,
    ) -> napi::Result<NativeLocalListener> {
        let listen = || {
            let sessions = self.sessions()?;
            let shelf = match shelf_size {
                0 => None,
                bytes => put_up(sessions.store(), bytes as usize).ok(),
            };
            let (place, patience) = (Path::new(&path), Patience::default());
            let listener = Listener::bind(place, sessions.clone(), patience, shelf)
                .map_err(|error| not_listening(&error))?;
            let listener = Arc::new(listener);
            let ended = Arc::clone(&listener);
            let end: teardown::End = Arc::new(move || {
                ended.stop();
                sessions.halt();
                ended.close();
            });
            teardown::add_end(thread::current().id(), &end);
            Ok(NativeLocalListener { listener, end })
        };
        listen().map_err(|failure: Failure| failure.into_thrown(env))
    }
}

#[napi]
impl NativeLocalListener {
    /// Accepts no more connections; those that are open go on.
    #[napi]
    pub fn stop(&self) {
        self.listener.stop();
    }

    /// Sends all clients their last replies and a goodbye, once the sessions were halted. Resolves when
    /// all connections have ended.
    #[napi(ts_return_type = "Promise<Outcome<void>>")]
    pub fn close(&self) -> AsyncTask<Job> {
        let (listener, end) = (Arc::clone(&self.listener), Arc::clone(&self.end));
        let close = move || {
            listener.close();
            teardown::remove_end(&end);
            Ok(())
        };
        Job::task(close, identity)
    }
}

fn not_listening(error: &std::io::Error) -> Failure {
    Failure {
        code: "ERR_CRUDJT_LISTEN".to_owned(),
        message: format!("the local socket can't be created: {error}"),
        owner: None,
    }
}
