//! Matches MessagePack maps in the scratch buffer with templates and lists their values, for
//! JavaScript's decoder: raw Node-API functions.
#![expect(unsafe_code, reason = "the derive macro costs several times as much per call")]

use std::cell::RefCell;
use std::rc::Rc;

use crudjt_core::Outliner;
use napi::bindgen_prelude::{ArrayBuffer, Unknown};
use napi::{Env, JsValue, sys};
use napi_derive::napi;

use crate::functions_unsafe::{Answer, enter, object};
use crate::scratch_unsafe::Scratch;
use crate::values_unsafe::Values;

/// Instead of the index of a template: the map matches none.
const UNKNOWN: i32 = -1;

/// The state that the functions of one decoder share.
struct Outline {
    scratch: Scratch,
    outliner: RefCell<Outliner>,
}

/// Makes the functions of a decoder over `scratch`, which must be `SCRATCH_BYTES` long and must
/// never be transferred to another thread.
#[napi(ts_return_type = "Outline")]
pub fn bind_outline<'env>(
    env: &'env Env,
    scratch: ArrayBuffer<'env>,
) -> napi::Result<Unknown<'env>> {
    let scratch = Scratch::pin(env.raw(), scratch.raw())?;
    let outline = Rc::new(Outline { scratch, outliner: RefCell::default() });
    let functions = [
        (c"outline", outline_data as _),
        (c"place", place as _),
        (c"learn", learn as _),
        (c"forgetTexts", forget_texts as _),
    ];
    object(env, &outline, &functions)
}

unsafe extern "C" fn outline_data(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    call(env, info, |outline, values, [length]| {
        let map = outline.scratch.data(values.number(length)? as usize)?;
        let mut outliner = outline.outliner.borrow_mut();
        let found = outline.scratch.with_leaves(|leaves| outliner.outline(map, leaves));
        values.answer(found.map_or(UNKNOWN, |way| (2 * Outliner::bucket(map) + way) as i32))
    })
}

unsafe extern "C" fn place(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |outline, values, [length]| {
        let map = outline.scratch.data(values.number(length)? as usize)?;
        values.answer(Outliner::bucket(map) as i32)
    })
}

unsafe extern "C" fn learn(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |outline, values, [index, bytes, lengths]| {
        let index = values.number(index)? as usize;
        let (bytes, lengths) = (values.bytes(bytes)?, values.bytes(lengths)?);
        outline.outliner.borrow_mut().learn(index / 2, index % 2, bytes, lengths);
        values.answer_nothing()
    })
}

unsafe extern "C" fn forget_texts(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    call(env, info, |outline, values, []| {
        outline.outliner.borrow_mut().forget_texts();
        values.answer_nothing()
    })
}

fn call<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&Outline, Values, [sys::napi_value; N]) -> Answer,
) -> sys::napi_value {
    // SAFETY: all callbacks of this file are made into functions over an `Outline`.
    unsafe { enter(env, info, |outline, args| body(outline, Values(env), args)) }
}
