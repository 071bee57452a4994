//! Converts every error and panic to `{code, message}`, the one form in which JavaScript gets them.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::{Env, Status};
use napi_derive::napi;

const PANIC_CODE: &str = "ERR_CRUDJT_INTERNAL";

/// An error as a value: its stable code and its message.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct Failure {
    /// One of the `ERR_CRUDJT_…` codes.
    pub code: String,
    /// The engine's message; contains no token, data or key.
    pub message: String,
    /// Of a locked store: the process that has it open, if that is known.
    pub owner: Option<Owner>,
}

/// A process that has a store open.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct Owner {
    /// Its host's name.
    pub host: String,
    /// Its process id.
    pub pid: u32,
}

impl From<crudjt_core::Error> for Failure {
    fn from(error: crudjt_core::Error) -> Self {
        let owner = match &error {
            crudjt_core::Error::Locked { owner, .. } if owner.pid != 0 => {
                Some(Owner { host: owner.host.clone(), pid: owner.pid })
            }
            _ => None,
        };
        Self { code: error.code().to_owned(), message: error.to_string(), owner }
    }
}

impl Failure {
    /// A bug in the binding or in its caller, which no user input can cause.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { code: PANIC_CODE.to_owned(), message: message.into(), owner: None }
    }

    /// Throws this as an Error with a `code`. Node ignores the value returned afterwards.
    pub fn throw(self, env: Env) {
        // Fails only if an exception is already pending, which Node then throws.
        let _ = env.throw_error(&self.message.replace('\0', " "), Some(&self.code));
    }

    /// Throws this from a function of the derive macro, which passes on a pending exception.
    pub fn into_thrown(self, env: Env) -> napi::Error {
        self.throw(env);
        napi::Error::from_status(Status::PendingException)
    }
}

/// Runs `work` and converts a panic to a failure, so that it does not cross the C boundary.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Failure::internal(message(&*panic))))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let detail = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown");
    format!("Internal error of crudjt: {detail}")
}
