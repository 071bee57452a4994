//! A connection to a local socket whose calls block, as raw functions: they run for each call.
#![expect(unsafe_code, reason = "the derive macro costs several times as much per call")]

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use crudjt_local::{Caller, NoMessage};
use crudjt_shelf::ShelfClient;
use napi::bindgen_prelude::Unknown;
use napi::{Env, sys};
use napi_derive::napi;

use crate::functions_unsafe::{Answer, enter, object};
use crate::shelf_unsafe;
use crate::values_unsafe::Values;

/// What `receive` returns instead of a length.
const LOST: i32 = -1;
const TIMED_OUT: i32 = -2;

/// `None` once closed.
type Connection = RefCell<Option<Caller>>;

/// Connects to a local socket; null if nobody listens there, or somebody who is not trusted.
#[napi(ts_return_type = "NativeCaller | null")]
pub fn connect_caller(
    env: &Env,
    path: String,
    timeout_ms: u32,
) -> napi::Result<Option<Unknown<'_>>> {
    let timeout = Duration::from_millis(timeout_ms.max(1).into());
    let Ok(caller) = Caller::connect(Path::new(&path), timeout) else { return Ok(None) };
    let connection: Rc<Connection> = Rc::new(RefCell::new(Some(caller)));
    let functions = [
        (c"send", send as _),
        (c"receive", receive as _),
        (c"shelf", shelf as _),
        (c"close", close as _),
    ];
    object(env, &connection, &functions).map(Some)
}

unsafe extern "C" fn send(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |connection, values, [message]| {
        let message = values.bytes(message)?;
        let sent = connection
            .borrow_mut()
            .as_mut()
            .map_or(Err(NoMessage::Lost), |caller| caller.send(message));
        values.answer(sent.map_or_else(status, |()| 0))
    })
}

unsafe extern "C" fn receive(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |connection, values, [target]| {
        let mut connection = connection.borrow_mut();
        let received = connection.as_mut().map_or(Err(NoMessage::Lost), Caller::receive);
        match received {
            Ok(message) => {
                values.write(target, message)?;
                values.answer(message.len() as i32)
            }
            Err(none) => values.answer(status(none)),
        }
    })
}

unsafe extern "C" fn shelf(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |connection, values, [request, scratch]| {
        let Some(mut caller) = connection.take() else { return values.answer_nothing() };
        if caller.send(values.bytes(request)?).is_err() {
            return values.answer_nothing();
        }
        let Ok(client) = ShelfClient::receive(caller.into_stream()) else {
            return values.answer_nothing();
        };
        shelf_unsafe::bind(env, scratch, client)
    })
}

unsafe extern "C" fn close(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |connection, values, []| {
        drop(connection.take());
        values.answer_nothing()
    })
}

fn status(none: NoMessage) -> i32 {
    match none {
        NoMessage::Lost => LOST,
        NoMessage::TimedOut => TIMED_OUT,
    }
}

fn call<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&Connection, Values, [sys::napi_value; N]) -> Answer,
) -> sys::napi_value {
    // SAFETY: all callbacks of this file belong to functions over a `Connection`.
    unsafe { enter(env, info, |connection, args| body(connection, Values(env), args)) }
}
