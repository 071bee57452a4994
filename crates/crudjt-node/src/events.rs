//! Reports of the engine's background work, delivered on the JavaScript thread without keeping
//! the process alive.

use std::sync::{Mutex, PoisonError};

use crudjt_core::Event;
use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Status, bindgen_prelude::Unknown};

type Report = FnArgs<(String, String)>;

/// A JavaScript function that takes `(code, message)`; weak, so it holds no event loop open.
pub type Listener = ThreadsafeFunction<Report, Unknown<'static>, Report, Status, false, true>;

/// Where one store's events go. Closed when the store closes: the listener usually refers to the
/// store's JavaScript object, and a root kept longer would keep both for ever.
pub struct EventSink(Mutex<Option<Listener>>);

impl EventSink {
    /// Delivers to `listener` until closed.
    pub fn new(listener: Listener) -> Self {
        Self(Mutex::new(Some(listener)))
    }

    /// Queues an event for the JavaScript thread; dropped when closed or when the environment ends.
    pub fn send(&self, event: &Event) {
        let listener = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listener) = listener.as_ref() {
            let report = (event.code().to_owned(), event.to_string()).into();
            let _ = listener.call(report, ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    /// Lets go of the listener.
    pub fn close(&self) {
        let listener = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(listener);
    }
}
