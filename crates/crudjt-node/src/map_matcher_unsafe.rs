//! The matcher of map shapes for JavaScript's decoder: raw functions over a scratch buffer.
#![expect(unsafe_code, reason = "the derive macro costs several times as much per call")]

use std::cell::RefCell;
use std::rc::Rc;

use crudjt_core::MapMatcher;
use napi::bindgen_prelude::{ArrayBuffer, Unknown};
use napi::{Env, JsValue, sys};
use napi_derive::napi;

use crate::functions_unsafe::{Answer, enter, object};
use crate::scratch_unsafe::Scratch;
use crate::values_unsafe::Values;

/// Returned if a map matches no template.
const NO_MATCH: i32 = -1;

/// What the functions of one decoder share.
struct Matcher {
    scratch: Scratch,
    templates: RefCell<MapMatcher>,
}

/// Creates the functions of a decoder over `scratch`, which must be `SCRATCH_BYTES` long and must
/// never be transferred to another thread.
#[napi(ts_return_type = "Outline")]
pub fn bind_outline<'env>(
    env: &'env Env,
    scratch: ArrayBuffer<'env>,
) -> napi::Result<Unknown<'env>> {
    let scratch = Scratch::pin(env.raw(), scratch.raw())?;
    let matcher = Rc::new(Matcher { scratch, templates: RefCell::default() });
    let functions = [
        (c"outline", find_leaves as _),
        (c"place", place as _),
        (c"learn", learn as _),
        (c"forgetTexts", forget_texts as _),
    ];
    object(env, &matcher, &functions)
}

unsafe extern "C" fn find_leaves(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    call(env, info, |matcher, values, [length]| {
        let map = matcher.scratch.data(values.number(length)? as usize)?;
        let mut templates = matcher.templates.borrow_mut();
        let found = matcher.scratch.with_leaves(|leaves| templates.find_leaves(map, leaves));
        values.answer(found.map_or(NO_MATCH, |way| (2 * MapMatcher::bucket(map) + way) as i32))
    })
}

unsafe extern "C" fn place(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |matcher, values, [length]| {
        let map = matcher.scratch.data(values.number(length)? as usize)?;
        values.answer(MapMatcher::bucket(map) as i32)
    })
}

unsafe extern "C" fn learn(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |matcher, values, [index, bytes, lengths]| {
        let index = values.number(index)? as usize;
        let (bytes, lengths) = (values.bytes(bytes)?, values.bytes(lengths)?);
        matcher.templates.borrow_mut().learn(index / 2, index % 2, bytes, lengths);
        values.answer_nothing()
    })
}

unsafe extern "C" fn forget_texts(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    call(env, info, |matcher, values, []| {
        matcher.templates.borrow_mut().forget_texts();
        values.answer_nothing()
    })
}

fn call<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&Matcher, Values, [sys::napi_value; N]) -> Answer,
) -> sys::napi_value {
    // SAFETY: all callbacks of this file belong to functions over a `Matcher`.
    unsafe { enter(env, info, |matcher, args| body(matcher, Values(env), args)) }
}
