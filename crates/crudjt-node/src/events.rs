//! Delivers the engine's events on the JavaScript thread without keeping the process alive.

use std::sync::{Mutex, PoisonError};

use crudjt_core::Event;
use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Status, bindgen_prelude::Unknown};

type Report = FnArgs<(String, String)>;

/// A JavaScript function that takes `(code, message)`; a weak reference, so it keeps no event loop
/// alive.
pub type Listener = ThreadsafeFunction<Report, Unknown<'static>, Report, Status, false, true>;

/// The listener of one store. Dropped when the store closes: it usually refers to the store's
/// JavaScript object, and a root that stays would leak both.
pub struct EventSink(Mutex<Option<Listener>>);

impl EventSink {
    /// A sink that delivers to `listener` until it is closed.
    pub fn new(listener: Listener) -> Self {
        Self(Mutex::new(Some(listener)))
    }

    /// Queues an event for the JavaScript thread; discarded after a close or the environment's end.
    pub fn send(&self, event: &Event) {
        let listener = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listener) = listener.as_ref() {
            let report = (event.code().to_owned(), event.to_string()).into();
            let _ = listener.call(report, ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    /// Drops the listener.
    pub fn close(&self) {
        let listener = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(listener);
    }
}
