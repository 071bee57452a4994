//! A shelf of another process, read into the scratch buffer, as raw functions: they run for each read.
#![expect(unsafe_code, reason = "the derive macro costs several times as much per call")]

use std::cell::RefCell;
use std::rc::Rc;

use crudjt_shelf::{Look, ShelfClient};
use napi::{Env, JsValue, sys};

use crate::failure::Failure;
use crate::functions_unsafe::{Answer, enter, object};
use crate::scratch::{READS, TTL, TTL_EXACT};
use crate::scratch_unsafe::Scratch;
use crate::values_unsafe::Values;

/// What `read` returns instead of a length: nothing that can be answered from here.
const ABSENT: i32 = -1;
/// The shelf is no longer kept.
const ENDED: i32 = -2;

const NO_LIMIT: f64 = -1.0;

struct Shelf {
    /// `None` once closed.
    client: RefCell<Option<ShelfClient>>,
    scratch: Scratch,
}

/// Creates the functions of a shelf over a scratch buffer.
pub fn bind(env: sys::napi_env, scratch: sys::napi_value, client: ShelfClient) -> Answer {
    let make = || {
        let scratch = Scratch::pin(env, scratch)?;
        let shelf = Rc::new(Shelf { client: RefCell::new(Some(client)), scratch });
        let env = Env::from_raw(env);
        let functions = [(c"read", read as _), (c"close", close as _)];
        Ok(object(&env, &shelf, &functions)?.raw())
    };
    make().map_err(|error: napi::Error| Failure::internal(error.reason))
}

unsafe extern "C" fn read(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |shelf, values, [token]| {
        let client = shelf.client.borrow();
        let (Some(client), Some(token)) = (&*client, values.token(token)?) else {
            return values.answer(ABSENT);
        };
        values.answer(match shelf.scratch.with_data(|out| client.read(&token, None, out)) {
            Look::Found { length, ttl, .. } => {
                shelf.put_limits(ttl);
                length as i32
            }
            Look::Absent | Look::Unchanged { .. } => ABSENT,
            Look::Ended => ENDED,
        })
    })
}

unsafe extern "C" fn close(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |shelf, values, []| {
        drop(shelf.client.take());
        values.answer_nothing()
    })
}

impl Shelf {
    /// Writes what is left of the limits of a record; one with a read limit is on no shelf.
    fn put_limits(&self, ttl: Option<u64>) {
        let rounded = ttl.map_or(NO_LIMIT, |ttl| ttl as f64);
        self.scratch.put(TTL, rounded.to_ne_bytes());
        self.scratch.put(TTL_EXACT, ttl.unwrap_or(0).to_le_bytes());
        self.scratch.put(READS, NO_LIMIT.to_ne_bytes());
    }
}

fn call<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&Shelf, Values, [sys::napi_value; N]) -> Answer,
) -> sys::napi_value {
    // SAFETY: all callbacks of this file belong to functions over a `Shelf`.
    unsafe { enter(env, info, |shelf, args| body(shelf, Values(env), args)) }
}
