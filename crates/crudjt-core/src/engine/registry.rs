//! The engines open in this process: handles on one store share an engine, and the last handle to
//! be closed closes it.
//!
//! Invariant: an engine is shared only while its folder is its own. One that has lost its folder stays
//! with the handles that it has, and the next opening gets another engine.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::Engine;
use super::event_hub::EventHub;
use super::open::open;
use crate::event::EventHandler;
use crate::options::Options;
use crate::{Error, Result};

/// An open engine.
struct Opened {
    engine: Arc<Engine>,
    /// The number of its handles.
    handles: usize,
    events: Arc<EventHub>,
}

/// The engine of a folder, if it is open. Locked while it is opened or closed.
type Entry = Arc<Mutex<Option<Opened>>>;

/// The engines by folder.
static ENGINES: Mutex<Option<HashMap<PathBuf, Entry>>> = Mutex::new(None);

/// What a handle has of an engine.
pub(crate) struct EngineHandle {
    pub(crate) engine: Arc<Engine>,
    entry: Entry,
    /// The number of its event handler.
    listener: u64,
}

/// Opens a store for another handle. One that is open with other secrets or options is refused.
pub(crate) fn open_shared(mut options: Options) -> Result<EngineHandle> {
    loop {
        let entry = entry_of(&options.path);
        let mut opened = entry.lock();
        if opened.as_ref().is_some_and(|shared| shared.engine.check_owner().is_err()) {
            forget(&options.path, &entry);
        }
        if !is_listed(&options.path, &entry) {
            continue;
        }
        let handler = options.on_event.take();
        let handle = |engine, listener| EngineHandle { engine, entry: entry.clone(), listener };
        return match opened.as_mut() {
            Some(shared) if shared.engine.options().agrees_with(&options) => {
                shared.handles += 1;
                Ok(handle(shared.engine.clone(), shared.add_listener(handler)))
            }
            Some(_) => Err(Error::AlreadyOpen { path: options.path }),
            None => {
                let events = Arc::new(EventHub::default());
                let listener = events.add(handler);
                options.on_event = Some(events.clone().into_handler());
                let engine = open(options)?;
                *opened = Some(Opened { engine: engine.clone(), handles: 1, events });
                Ok(handle(engine, listener))
            }
        };
    }
}

impl Opened {
    /// Adds the event handler of another handle, which is told of a failure that lasts.
    fn add_listener(&self, handler: Option<EventHandler>) -> u64 {
        if let (Some(failure), Some(handler)) = (self.engine.failure(), &handler) {
            handler(failure);
        }
        self.events.add(handler)
    }
}

impl EngineHandle {
    /// Makes everything durable for a handle that is closed; the last one closes the engine.
    pub(crate) fn release(&self) -> Result<()> {
        let mut opened = self.entry.lock();
        let Some(shared) = opened.as_mut() else { return Ok(()) };
        shared.handles -= 1;
        let events = shared.events.clone();
        let released = if shared.handles == 0 {
            *opened = None;
            self.engine.close()
        } else {
            self.engine.flush()
        };
        // Not before: the handle still hears of what goes wrong.
        events.remove(self.listener);
        released
    }
}

fn entry_of(path: &Path) -> Entry {
    let mut engines = ENGINES.lock();
    let engines = engines.get_or_insert_default();
    engines.retain(|_, entry| Arc::strong_count(entry) > 1 || entry.lock().is_some());
    engines.entry(path.to_path_buf()).or_default().clone()
}

/// Whether the next opening gets this entry.
fn is_listed(path: &Path, entry: &Entry) -> bool {
    let engines = ENGINES.lock();
    let found = engines.as_ref().and_then(|engines| engines.get(path));
    found.is_some_and(|found| Arc::ptr_eq(found, entry))
}

/// Removes an entry, unless another one has its place.
fn forget(path: &Path, entry: &Entry) {
    if is_listed(path, entry) {
        ENGINES.lock().get_or_insert_default().remove(path);
    }
}
