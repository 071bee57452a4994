//! Ends the local sockets and closes the stores that are still open when a Node environment (a worker thread or the program)
//! ends in any way but a kill.
//!
//! A store is on the list from open to close, whether or not JavaScript still refers to it: closing
//! blocks on the disk, which a garbage collector must not do.

use std::cell::Cell;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use napi::Env;
use napi::bindgen_prelude::{FnArgs, Function, JsObjectValue, Object, Unknown};

use crate::exit_unsafe::at_exit;
use crate::failure::guarded;
use crate::handle::Handle;

struct OpenStore {
    owner: ThreadId,
    handle: Arc<Handle>,
}

static OPEN: Mutex<Vec<OpenStore>> = Mutex::new(Vec::new());

/// Ends what serves a store, in order; blocks for seconds at most.
pub type End = Arc<dyn Fn() + Send + Sync>;

/// What serves stores on threads of its own, until it is ended, by the thread of its environment.
static SERVING: Mutex<Vec<(ThreadId, End)>> = Mutex::new(Vec::new());

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// Registers the hooks for the end of an environment when it opens its first store. Must run on the
/// thread of `env`; each environment has its own.
pub fn watch(env: Env) -> napi::Result<()> {
    if WATCHED.replace(true) {
        return Ok(());
    }
    env.add_env_cleanup_hook((), |()| close_mine())?;
    if cfg!(windows) {
        on_exit_event(&env)
    } else {
        at_exit(close_all);
        Ok(())
    }
}

/// Adds a store to the list of the environment of the thread `owner`.
pub fn add(owner: ThreadId, handle: &Arc<Handle>) {
    open().push(OpenStore { owner, handle: Arc::clone(handle) });
}

/// Removes a closed store from the list.
pub fn remove(handle: &Arc<Handle>) {
    open().retain(|store| !Arc::ptr_eq(&store.handle, handle));
}

/// Adds what is to be ended before the stores of the environment of the thread `owner` are closed.
#[cfg(unix)]
pub fn add_end(owner: ThreadId, end: &End) {
    serving().push((owner, Arc::clone(end)));
}

/// Removes what has ended.
#[cfg(unix)]
pub fn remove_end(end: &End) {
    serving().retain(|(_, known)| !Arc::ptr_eq(known, end));
}

fn serving() -> MutexGuard<'static, Vec<(ThreadId, End)>> {
    SERVING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open() -> MutexGuard<'static, Vec<OpenStore>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn close_mine() {
    WATCHED.set(false);
    let me = std::thread::current().id();
    let ends: Vec<_> = serving().extract_if(.., |(owner, _)| *owner == me).collect();
    end(ends);
    let mine: Vec<OpenStore> = open().extract_if(.., |store| store.owner == me).collect();
    close(mine);
}

extern "C" fn close_all() {
    let ends = mem::take(&mut *serving());
    end(ends);
    let all = mem::take(&mut *open());
    close(all);
}

fn end(ends: Vec<(ThreadId, End)>) {
    for (_, end) in ends {
        // A panic was reported when it happened; the stores are closed all the same.
        _ = guarded(|| {
            end();
            Ok(())
        });
    }
}

fn close(stores: Vec<OpenStore>) {
    for OpenStore { handle, .. } in stores {
        if let Err(failure) = guarded(|| handle.close()) {
            // JavaScript is gone: only standard error still reaches the user.
            eprintln!("crudjt: a store could not be closed cleanly: {}", failure.message);
        }
    }
}

/// The arguments of `process.on`.
type Subscription<'a> = FnArgs<(&'a str, Function<'a, (), ()>)>;

/// Windows stops all other threads before `atexit` callbacks run, so the `exit` event of Node is
/// used there; code that runs after it finds the stores closed.
fn on_exit_event(env: &Env) -> napi::Result<()> {
    let process: Object = env.get_global()?.get_named_property("process")?;
    let on: Function<Subscription, Unknown> = process.get_named_property("on")?;
    let listener = env.create_function_from_closure("closeStores", |_| {
        close_mine();
        Ok(())
    })?;
    on.apply(process, ("exit", listener).into())?;
    Ok(())
}
