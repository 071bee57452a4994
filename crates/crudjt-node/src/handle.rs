//! An open store, shared by its JavaScript object, by the functions of its hot path, by running
//! jobs and by the list of stores to close when the environment ends.

use std::sync::Arc;
use std::thread::ThreadId;

use crudjt_core::{Options, Store};

use crate::events::{EventSink, Listener};
use crate::failure::Failure;
use crate::teardown;

/// An engine and the sink of its events.
pub struct Handle {
    engine: Store,
    events: Arc<EventSink>,
}

impl Handle {
    /// Opens a store that is closed with the environment of the thread `owner`; blocks.
    pub fn open(
        mut options: Options,
        listener: Listener,
        owner: ThreadId,
    ) -> Result<Arc<Self>, Failure> {
        let events = Arc::new(EventSink::new(listener));
        let sink = Arc::clone(&events);
        options.on_event = Some(Arc::new(move |event| sink.send(&event)));
        let handle = Arc::new(Self { engine: Store::open(options)?, events });
        teardown::add(owner, &handle);
        Ok(handle)
    }

    /// The engine; its calls fail after the store is closed.
    pub fn engine(&self) -> &Store {
        &self.engine
    }

    /// Flushes everything to disk and releases the store; blocks, and is idempotent.
    pub fn close(self: &Arc<Self>) -> Result<(), Failure> {
        let closed = self.engine.close();
        self.events.close();
        teardown::remove(self);
        Ok(closed?)
    }
}
