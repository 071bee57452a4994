//! Raw Node-API functions that share a Rust value.
//!
//! Invariants: each function of an object owns one reference count of the shared value, which its
//! finalizer releases, so a function keeps the value alive without the others. No panic crosses the
//! C boundary.
#![expect(unsafe_code, reason = "the derive macro costs several times as much per call")]

use std::ffi::{CStr, c_void};
use std::ptr;
use std::rc::Rc;

use napi::bindgen_prelude::{FromNapiValue, Unknown};
use napi::{Env, sys};

use crate::failure::{Failure, guarded};

/// The result of a function.
pub type Answer = Result<sys::napi_value, Failure>;

/// The C signature of a function.
pub type Callback = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// Creates an object of functions that share a `T`. Every callback must [`enter`] with the same
/// `T`.
pub fn object<'env, T>(
    env: &'env Env,
    shared: &Rc<T>,
    functions: &[(&CStr, Callback)],
) -> napi::Result<Unknown<'env>> {
    let raw = env.raw();
    let mut object = ptr::null_mut();
    // SAFETY: `raw` is the environment of the current call; `object` takes one handle.
    check(unsafe { sys::napi_create_object(raw, &raw mut object) })?;
    for (name, callback) in functions {
        let function = function(raw, shared, name, *callback)?;
        // SAFETY: `object` and `function` are live handles of `raw`, `name` is terminated.
        check(unsafe { sys::napi_set_named_property(raw, object, name.as_ptr(), function) })?;
    }
    // SAFETY: `object` is a live handle of `raw`.
    unsafe { Unknown::from_napi_value(raw, object) }
}

fn function<T>(
    env: sys::napi_env,
    shared: &Rc<T>,
    name: &CStr,
    callback: Callback,
) -> napi::Result<sys::napi_value> {
    let share = Rc::into_raw(Rc::clone(shared)).cast_mut().cast::<c_void>();
    let made = finalized::<T>(env, name, callback, share);
    if made.is_err() {
        // SAFETY: no finalizer was registered, so this is the only owner of the count.
        drop(unsafe { Rc::from_raw(share.cast::<T>()) });
    }
    made
}

/// Creates a function that owns one reference count, with the finalizer that releases it.
fn finalized<T>(
    env: sys::napi_env,
    name: &CStr,
    callback: Callback,
    share: *mut c_void,
) -> napi::Result<sys::napi_value> {
    let mut function = ptr::null_mut();
    // SAFETY: `name` is terminated (-1: Node counts); `share` lives until the function's finalizer
    // has run.
    check(unsafe {
        sys::napi_create_function(env, name.as_ptr(), -1, Some(callback), share, &raw mut function)
    })?;
    let (hint, result) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: `function` is the live handle just created; `release` fits the type of `share`.
    check(unsafe {
        sys::napi_add_finalizer(env, function, share, Some(release::<T>), hint, result)
    })?;
    Ok(function)
}

unsafe extern "C" fn release<T>(_: sys::napi_env, share: *mut c_void, _: *mut c_void) {
    // SAFETY: Node calls this once per function, with the count that the function owns.
    drop(unsafe { Rc::from_raw(share.cast::<T>()) });
}

/// Runs the body of a function with the shared value and the arguments. An error or a panic becomes
/// a pending exception.
///
/// # Safety
/// `info` belongs to a function created over a `T`.
pub unsafe fn enter<T, const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&T, [sys::napi_value; N]) -> Answer,
) -> sys::napi_value {
    let run = || {
        // SAFETY: the caller's promise.
        let (shared, args) = unsafe { arguments::<T, N>(env, info) }?;
        body(shared, args)
    };
    guarded(run).unwrap_or_else(|failure| {
        failure.throw(Env::from_raw(env));
        ptr::null_mut()
    })
}

/// # Safety
/// `info` belongs to the current call of a function created over a `T`.
#[inline(always)]
unsafe fn arguments<'a, T, const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Result<(&'a T, [sys::napi_value; N]), Failure> {
    let (mut count, mut args, mut share) = (N, [ptr::null_mut(); N], ptr::null_mut());
    // SAFETY: Node writes exactly N arguments, padded with undefined, and the pointer that the
    // function was created with.
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
    // SAFETY: the function being called owns a count of its `T`, and Node keeps the function alive
    // until the call returns.
    Ok((unsafe { &*share.cast::<T>() }, args))
}

/// Fails if an argument has the wrong type. Inlined: it runs for every argument.
#[inline(always)]
pub fn accept(status: sys::napi_status) -> Result<(), Failure> {
    if status == sys::Status::napi_ok { Ok(()) } else { Err(wrong_type(status)) }
}

#[cold]
fn wrong_type(status: sys::napi_status) -> Failure {
    let status = napi::Status::from(status);
    Failure::internal(format!("an argument has the wrong type ({status})"))
}

/// Fails if the call of Node-API failed.
pub fn check(status: sys::napi_status) -> napi::Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(napi::Error::from_status(status.into()))
    }
}
