//! The hot calls: raw Node-API functions over a scratch buffer.
//!
//! Invariants:
//! - The functions of one binding share a [`Bound`] by reference count; each owns one count,
//!   which its finalizer gives back. So a function keeps engine and buffer even without the others.
//! - `Bound` keeps a strong reference to the scratch ArrayBuffer, and the library never transfers
//!   that buffer, so its memory neither moves nor goes away while a function exists.
//! - Everything here runs on the JavaScript thread of the environment that made the binding, and
//!   JavaScript does not run during a call, so nobody else touches the buffer meanwhile.
//! - No panic crosses the C boundary.
#![expect(unsafe_code, reason = "the derive macro costs several times as much per call")]

use std::ffi::{CStr, c_void};
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::slice;
use std::sync::Arc;

use crudjt_core::msgpack::{self, Malformed};
use crudjt_core::{Change, Error, Limits, Meta, OUT_BYTES, Reading};
use napi::bindgen_prelude::{ArrayBuffer, FromNapiValue, Unknown};
use napi::{Env, JsValue, Status, sys};

use crate::failure::{Failure, guarded};
use crate::handle::Handle;
use crate::scratch::{DATA_OFFSET, READS, READS_EXACT, SCRATCH_BYTES, TTL, TTL_EXACT, VERSION};

const ABSENT: i32 = -1;
const UNCHANGED: i32 = -2;
const BUSY: i32 = -3;

const MALFORMED: i32 = -1;
const NOT_MAP: i32 = -2;
const TOO_DEEP: i32 = -3;

const NO_LIMIT: f64 = -1.0;
const EXACT_LIMIT: f64 = -2.0;

const TOKEN_CHARS: usize = 22;
/// Room for one character too many, to tell a longer string, and for the terminator.
const TOKEN_UNITS: usize = TOKEN_CHARS + 2;

/// What the functions of one binding share.
struct Bound {
    handle: Arc<Handle>,
    scratch: NonNull<u8>,
    env: sys::napi_env,
    pin: sys::napi_ref,
}

impl Drop for Bound {
    fn drop(&mut self) {
        // SAFETY: `pin` was made in `env` and is deleted once; finalizers run on the thread of
        // `env` and before Node frees it. A failure leaves the reference to the end of `env`.
        unsafe { sys::napi_delete_reference(self.env, self.pin) };
    }
}

/// Makes the object of hot functions over `scratch`. Fails if the buffer is too short.
pub fn bind<'env>(
    env: &'env Env,
    scratch: &ArrayBuffer<'env>,
    handle: &Arc<Handle>,
) -> napi::Result<Unknown<'env>> {
    let bound = Rc::new(pin(env.raw(), scratch.raw(), Arc::clone(handle))?);
    let mut hot = ptr::null_mut();
    // SAFETY: `env` is the environment of the current call; `hot` takes one handle.
    check(unsafe { sys::napi_create_object(env.raw(), &raw mut hot) })?;
    attach(&bound, hot, c"create", create)?;
    attach(&bound, hot, c"read", read)?;
    attach(&bound, hot, c"update", update)?;
    attach(&bound, hot, c"remove", remove)?;
    attach(&bound, hot, c"measure", measure)?;
    // SAFETY: `hot` is a live handle of `env`.
    unsafe { Unknown::from_napi_value(env.raw(), hot) }
}

fn pin(env: sys::napi_env, buffer: sys::napi_value, handle: Arc<Handle>) -> napi::Result<Bound> {
    let (mut start, mut length, mut pin) = (ptr::null_mut(), 0, ptr::null_mut());
    // SAFETY: `buffer` is a live handle of `env`; both results are written before they are read.
    check(unsafe { sys::napi_get_arraybuffer_info(env, buffer, &raw mut start, &raw mut length) })?;
    let scratch = NonNull::new(start.cast::<u8>())
        .filter(|_| length >= SCRATCH_BYTES as usize)
        .ok_or_else(|| napi::Error::new(Status::InvalidArg, "the scratch buffer is too short"))?;
    // SAFETY: as above; the reference is deleted by `Bound`.
    check(unsafe { sys::napi_create_reference(env, buffer, 1, &raw mut pin) })?;
    Ok(Bound { handle, scratch, env, pin })
}

fn attach(
    bound: &Rc<Bound>,
    hot: sys::napi_value,
    name: &CStr,
    callback: unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value,
) -> napi::Result<()> {
    let env = bound.env;
    let share = Rc::into_raw(Rc::clone(bound)).cast_mut().cast::<c_void>();
    let mut function = ptr::null_mut();
    // SAFETY: `name` is terminated (-1: Node counts); `share` outlives the function, whose
    // finalizer takes it back. When either call fails, the count is taken back here.
    let made = check(unsafe {
        sys::napi_create_function(env, name.as_ptr(), -1, Some(callback), share, &raw mut function)
    })
    .and_then(|()| {
        // SAFETY: `function` is the live handle just made.
        check(unsafe {
            sys::napi_add_finalizer(
                env,
                function,
                share,
                Some(release),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        })
    });
    if made.is_err() {
        // SAFETY: no finalizer was registered, so this is the only owner of the count.
        drop(unsafe { Rc::from_raw(share.cast::<Bound>()) });
    }
    made?;
    // SAFETY: `hot` and `function` are live handles of `env`, `name` is terminated.
    check(unsafe { sys::napi_set_named_property(env, hot, name.as_ptr(), function) })
}

unsafe extern "C" fn release(_: sys::napi_env, share: *mut c_void, _: *mut c_void) {
    // SAFETY: Node calls this once per function with the count that `attach` gave it.
    drop(unsafe { Rc::from_raw(share.cast::<Bound>()) });
}

unsafe extern "C" fn create(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    enter(env, info, |call: &Call<3>| {
        let [length, ttl, reads] = call.args;
        let limits = call.limits(ttl, reads)?;
        let data = call.data(length)?;
        match call.bound.handle.engine().create(data, limits) {
            Ok(token) => call.token(token.as_bytes()),
            Err(error) => call.unless_busy(error),
        }
    })
}

unsafe extern "C" fn read(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    enter(env, info, |call: &Call<2>| {
        let [token, known] = call.args;
        let mut units = [0; TOKEN_CHARS];
        let token = call.token_bytes(token, &mut units)?;
        let known = call.number(known)? as u64;
        // SAFETY: the buffer is `DATA_OFFSET + OUT_BYTES` long, and this is its only user now.
        let out =
            unsafe { slice::from_raw_parts_mut(call.bound.at(DATA_OFFSET as usize), OUT_BYTES) };
        match call.bound.handle.engine().read(token, (known != 0).then_some(known), out) {
            Ok(Reading::Absent) => call.answer(ABSENT),
            Ok(Reading::Unchanged(meta)) => call.metadata(&meta).answer(UNCHANGED),
            Ok(Reading::Found(meta, length)) => call.metadata(&meta).answer(length as i32),
            Err(error) => call.unless_busy(error),
        }
    })
}

unsafe extern "C" fn update(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    enter(env, info, |call: &Call<5>| {
        let [token, length, ttl, reads, keep] = call.args;
        let mut units = [0; TOKEN_CHARS];
        let token = call.token_bytes(token, &mut units)?;
        let limits = call.limits(ttl, reads)?;
        let change =
            if call.boolean(keep)? { Change::Keep(limits) } else { Change::Replace(limits) };
        match call.bound.handle.engine().update(token, call.data(length)?, change) {
            Ok(alive) => call.answer(i32::from(alive)),
            Err(error) => call.unless_busy(error),
        }
    })
}

unsafe extern "C" fn remove(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    enter(env, info, |call: &Call<1>| {
        let [token] = call.args;
        let mut units = [0; TOKEN_CHARS];
        match call.bound.handle.engine().delete(call.token_bytes(token, &mut units)?) {
            Ok(alive) => call.answer(i32::from(alive)),
            Err(error) => call.unless_busy(error),
        }
    })
}

unsafe extern "C" fn measure(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    enter(env, info, |call: &Call<1>| {
        let [length] = call.args;
        call.answer(match msgpack::measure(call.data(length)?) {
            Ok(size) => size as i32,
            Err(Malformed::Syntax) => MALFORMED,
            Err(Malformed::NotMap) => NOT_MAP,
            Err(Malformed::TooDeep) => TOO_DEEP,
        })
    })
}

/// One call from JavaScript with its `N` arguments.
struct Call<'a, const N: usize> {
    env: sys::napi_env,
    bound: &'a Bound,
    args: [sys::napi_value; N],
}

/// Runs the body of a hot call. An error or a panic becomes a pending exception.
fn enter<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&Call<N>) -> Result<sys::napi_value, Failure>,
) -> sys::napi_value {
    guarded(|| body(&Call::take(env, info)?)).unwrap_or_else(|failure| {
        failure.throw(Env::from_raw(env));
        ptr::null_mut()
    })
}

impl<'a, const N: usize> Call<'a, N> {
    fn take(env: sys::napi_env, info: sys::napi_callback_info) -> Result<Self, Failure> {
        let mut count = N;
        let mut args = [ptr::null_mut(); N];
        let mut share = ptr::null_mut();
        // SAFETY: `info` belongs to the current call; Node writes exactly N arguments, filling up
        // with undefined, and the pointer that `attach` gave to the function.
        accept(unsafe {
            sys::napi_get_cb_info(
                env,
                info,
                &raw mut count,
                args.as_mut_ptr(),
                ptr::null_mut(),
                &raw mut share,
            )
        })?;
        // SAFETY: the function being called owns a count of this `Bound`, and Node keeps the
        // function until the call returns.
        let bound = unsafe { &*share.cast::<Bound>() };
        Ok(Self { env, bound, args })
    }

    fn number(&self, value: sys::napi_value) -> Result<f64, Failure> {
        let mut number = 0.0;
        // SAFETY: `value` is an argument of this call.
        accept(unsafe { sys::napi_get_value_double(self.env, value, &raw mut number) })?;
        Ok(number)
    }

    fn boolean(&self, value: sys::napi_value) -> Result<bool, Failure> {
        let mut boolean = false;
        // SAFETY: `value` is an argument of this call.
        accept(unsafe { sys::napi_get_value_bool(self.env, value, &raw mut boolean) })?;
        Ok(boolean)
    }

    /// The characters of a token; nothing for any string that is not 22 ASCII characters.
    fn token_bytes<'b>(
        &self,
        value: sys::napi_value,
        bytes: &'b mut [u8; TOKEN_CHARS],
    ) -> Result<&'b [u8], Failure> {
        let (mut units, mut length) = ([0_u16; TOKEN_UNITS], 0);
        // UTF-16, because a copy as latin1 would cut a wide character down to one of the alphabet.
        // SAFETY: `value` is an argument of this call; Node writes at most TOKEN_UNITS units.
        accept(unsafe {
            sys::napi_get_value_string_utf16(
                self.env,
                value,
                units.as_mut_ptr(),
                TOKEN_UNITS,
                &raw mut length,
            )
        })?;
        let mut wide = 0;
        for (byte, unit) in bytes.iter_mut().zip(units) {
            wide |= unit;
            *byte = unit as u8;
        }
        Ok(if length == TOKEN_CHARS && wide < 0x80 { bytes } else { &[] })
    }

    fn data(&self, length: sys::napi_value) -> Result<&[u8], Failure> {
        let length = self.number(length)? as usize;
        if length > OUT_BYTES {
            return Err(Failure::internal("data is longer than the scratch buffer"));
        }
        // SAFETY: the buffer is `DATA_OFFSET + OUT_BYTES` long and nobody writes during the call.
        Ok(unsafe { slice::from_raw_parts(self.bound.at(DATA_OFFSET as usize), length) })
    }

    fn limits(&self, ttl: sys::napi_value, reads: sys::napi_value) -> Result<Limits, Failure> {
        Ok(Limits {
            ttl: self.limit(self.number(ttl)?, TTL_EXACT),
            reads: self.limit(self.number(reads)?, READS_EXACT),
        })
    }

    fn limit(&self, value: f64, exact: usize) -> Option<u64> {
        if value == NO_LIMIT {
            None
        } else if value == EXACT_LIMIT {
            Some(u64::from_le_bytes(self.bound.header(exact)))
        } else {
            Some(value as u64)
        }
    }

    fn metadata(&self, meta: &Meta) -> &Self {
        self.bound.put(VERSION, (meta.version as f64).to_ne_bytes());
        self.put_limit(meta.ttl, TTL, TTL_EXACT);
        self.put_limit(meta.reads, READS, READS_EXACT);
        self
    }

    fn put_limit(&self, limit: Option<u64>, rounded: usize, exact: usize) {
        self.bound.put(rounded, limit.map_or(NO_LIMIT, |limit| limit as f64).to_ne_bytes());
        self.bound.put(exact, limit.unwrap_or(0).to_le_bytes());
    }

    fn answer(&self, number: i32) -> Result<sys::napi_value, Failure> {
        let mut value = ptr::null_mut();
        // SAFETY: `env` is the environment of this call.
        accept(unsafe { sys::napi_create_int32(self.env, number, &raw mut value) })?;
        Ok(value)
    }

    fn token(&self, token: &[u8; TOKEN_CHARS]) -> Result<sys::napi_value, Failure> {
        let mut value = ptr::null_mut();
        // SAFETY: `env` is the environment of this call; Node copies the 22 bytes.
        accept(unsafe {
            sys::napi_create_string_latin1(
                self.env,
                token.as_ptr().cast(),
                TOKEN_CHARS as isize,
                &raw mut value,
            )
        })?;
        Ok(value)
    }

    fn unless_busy(&self, error: Error) -> Result<sys::napi_value, Failure> {
        match error {
            Error::Busy => self.answer(BUSY),
            error => Err(error.into()),
        }
    }
}

impl Bound {
    fn at(&self, offset: usize) -> *mut u8 {
        // SAFETY: all offsets are constants of the layout, within the checked length.
        unsafe { self.scratch.as_ptr().add(offset) }
    }

    fn header(&self, offset: usize) -> [u8; 8] {
        // SAFETY: the header is 64 bytes long, an array of bytes needs no alignment.
        unsafe { self.at(offset).cast::<[u8; 8]>().read() }
    }

    fn put(&self, offset: usize, value: [u8; 8]) {
        // SAFETY: as for `header`; the caller of the function reads it only afterwards.
        unsafe { self.at(offset).cast::<[u8; 8]>().write(value) };
    }
}

fn accept(status: sys::napi_status) -> Result<(), Failure> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Failure::internal(format!("an argument has the wrong type ({})", Status::from(status))))
    }
}

fn check(status: sys::napi_status) -> napi::Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(napi::Error::from_status(status.into()))
    }
}
