//! One session as raw functions: they run for each message.
#![expect(unsafe_code, reason = "the derive macro costs several times as much per call")]

use std::cell::RefCell;
use std::rc::Rc;

use crudjt_session::{Ended, Progress, Session};
use napi::bindgen_prelude::Unknown;
use napi::{Env, sys};

use crate::failure::Failure;
use crate::functions_unsafe::{Answer, enter, object};
use crate::values_unsafe::Values;

/// What stays allocated for messages to the client.
const OUT_CAPACITY: usize = 64 << 10;

/// What the functions of one session share.
struct Connection {
    /// `None` once closed: then the functions keep nothing in memory.
    session: RefCell<Option<Session>>,
    out: RefCell<Vec<u8>>,
}

/// Creates the functions of a session.
pub fn bind(env: &Env, session: Session) -> napi::Result<Unknown<'_>> {
    let session = RefCell::new(Some(session));
    let connection = Rc::new(Connection { session, out: RefCell::default() });
    let functions = [
        (c"receive", receive as _),
        (c"work", work as _),
        (c"late", late as _),
        (c"goodbye", goodbye as _),
        (c"isAdmitted", is_admitted as _),
        (c"close", close as _),
    ];
    object(env, &connection, &functions)
}

unsafe extern "C" fn receive(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |connection, values, [message]| {
        let message = values.bytes(message)?;
        let reads_on = match &mut *connection.session.borrow_mut() {
            Some(session) => session.receive(message)?,
            None => true,
        };
        values.answer(i32::from(reads_on))
    })
}

unsafe extern "C" fn work(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |connection, values, [most, target]| {
        let most = values.number(most)? as usize;
        let mut progress = Progress::Idle;
        let length = connection.write(values, target, |session, out| {
            progress = session.work(most, out)?;
            Ok(())
        })?;
        let state = match progress {
            Progress::Idle => 0,
            Progress::More => 1,
            Progress::Waiting => 2,
        };
        values.answer(length << 2 | state)
    })
}

unsafe extern "C" fn late(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |connection, values, [target]| {
        values.answer(connection.write(values, target, Session::late)?)
    })
}

unsafe extern "C" fn goodbye(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |connection, values, [target]| {
        let length = connection.write(values, target, |session, out| {
            session.goodbye(out);
            Ok(())
        })?;
        values.answer(length)
    })
}

unsafe extern "C" fn is_admitted(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    call(env, info, |connection, values, []| {
        let is_admitted = connection.session.borrow().as_ref().is_some_and(Session::is_admitted);
        values.answer(i32::from(is_admitted))
    })
}

unsafe extern "C" fn close(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |connection, values, []| {
        drop(connection.session.take());
        drop(connection.out.take());
        values.answer_nothing()
    })
}

fn call<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&Connection, Values, [sys::napi_value; N]) -> Answer,
) -> sys::napi_value {
    // SAFETY: all callbacks of this file belong to functions over a `Connection`.
    unsafe { enter(env, info, |connection, args| body(connection, Values(env), args)) }
}

impl Connection {
    /// Copies the message that an open session writes into the buffer `target`; returns its length,
    /// 0 if there is none.
    fn write(
        &self,
        values: Values,
        target: sys::napi_value,
        write: impl FnOnce(&mut Session, &mut Vec<u8>) -> Result<(), Ended>,
    ) -> Result<i32, Failure> {
        let (mut session, mut out) = (self.session.borrow_mut(), self.out.borrow_mut());
        let Some(session) = session.as_mut() else { return Ok(0) };
        write(session, &mut out)?;
        values.write(target, &out)?;
        let length = out.len();
        out.clear();
        out.shrink_to(OUT_CAPACITY);
        Ok(length as i32)
    }
}
