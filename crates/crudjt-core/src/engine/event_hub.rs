//! Passes the engine's events to the handlers of all handles.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::event::{Event, EventHandler};

/// The handlers, by number.
#[derive(Default)]
pub(super) struct EventHub(Mutex<Handlers>);

#[derive(Default)]
struct Handlers {
    all: Vec<(u64, EventHandler)>,
    added: u64,
}

impl EventHub {
    /// Adds the handler of a handle, which may have none; gives its number.
    pub(super) fn add(&self, handler: Option<EventHandler>) -> u64 {
        let mut handlers = self.0.lock();
        handlers.added += 1;
        let number = handlers.added;
        handlers.all.extend(handler.map(|handler| (number, handler)));
        number
    }

    pub(super) fn remove(&self, number: u64) {
        self.0.lock().all.retain(|(one, _)| *one != number);
    }

    /// The handler that an engine is opened with.
    pub(super) fn into_handler(self: Arc<EventHub>) -> EventHandler {
        Arc::new(move |event: Event| {
            // A handler may close its handle, which takes the lock.
            let handlers: Vec<EventHandler> =
                self.0.lock().all.iter().map(|(_, handler)| handler.clone()).collect();
            handlers.iter().for_each(|handler| handler(event.clone()));
        })
    }
}
