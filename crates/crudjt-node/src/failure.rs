//! Turns everything that can go wrong below into `{code, message}`, the one shape in which
//! errors reach JavaScript.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::{Env, Status};
use napi_derive::napi;

const PANIC_CODE: &str = "ERR_CRUDJT_INTERNAL";

/// An error as a value: its stable code and the text for the user.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct Failure {
    /// One of the `ERR_CRUDJT_…` codes.
    pub code: String,
    /// The engine's text; holds no token, data or key.
    pub message: String,
}

impl From<crudjt_core::Error> for Failure {
    fn from(error: crudjt_core::Error) -> Self {
        Self { code: error.code().to_owned(), message: error.to_string() }
    }
}

impl Failure {
    /// A defect of the binding or of its caller, which no user input should be able to cause.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { code: PANIC_CODE.to_owned(), message: message.into() }
    }

    /// Throws this as an Error with a `code`; the value that is returned to Node afterwards is ignored.
    pub fn throw(self, env: Env) {
        // Only a text with a NUL or an exception already pending can fail; both leave Node with an error.
        let _ = env.throw_error(&self.message.replace('\0', " "), Some(&self.code));
    }

    /// Throws this from a function of the derive macro, which shows a pending exception as it is.
    pub fn into_thrown(self, env: Env) -> napi::Error {
        self.throw(env);
        napi::Error::from_status(Status::PendingException)
    }
}

/// Runs `work`; a panic in it becomes a failure instead of crossing the C boundary.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Failure::internal(text(&*panic))))
}

fn text(panic: &(dyn Any + Send)) -> String {
    let detail = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown");
    format!("Internal error of crudjt: {detail}")
}
