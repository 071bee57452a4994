//! The hot path of a store: raw functions over a scratch buffer, whose layout is in `scratch.rs`.
#![expect(unsafe_code, reason = "the derive macro costs several times as much per call")]

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crudjt_core::msgpack::{self, Malformed};
use crudjt_core::{CacheState, Change, Error, Limits, Meta, ReaderIndex, Reading, TOKEN_LENGTH};
use napi::bindgen_prelude::{ArrayBuffer, Unknown};
use napi::{Env, JsValue, sys};

use crate::external_memory::ExternalMemory;
use crate::failure::Failure;
use crate::functions_unsafe::{Answer, enter, object};
use crate::handle::Handle;
use crate::scratch::{READS, READS_EXACT, SLOT, TTL, TTL_EXACT, VERSION};
use crate::scratch_unsafe::Scratch;
use crate::values_unsafe::Values;

const ABSENT: i32 = -1;
const UNCHANGED: i32 = -2;
const BUSY: i32 = -3;
/// Minus a slot: the record cached there is unchanged and has no limits.
const UNCHANGED_SLOT: i32 = -16;

const MALFORMED: i32 = -1;
const NOT_MAP: i32 = -2;
const TOO_DEEP: i32 = -3;

const NO_LIMIT: f64 = -1.0;
const EXACT_LIMIT: f64 = -2.0;

/// Instead of a slot: not cached and never read before.
const FIRST_READ: u64 = u64::MAX;
/// Instead of a slot: read before, but not cached.
const SEEN: u64 = u64::MAX - 1;
/// Instead of a slot: not cached, and not to be cached.
const OCCUPIED: u64 = u64::MAX - 2;

type TokenText = [u8; TOKEN_LENGTH];

/// What the functions of one store share.
pub struct HotPath {
    handle: Arc<Handle>,
    scratch: Scratch,
    /// Which records JavaScript has cached.
    index: ReaderIndex,
    /// What the garbage collector was told that the functions keep in memory.
    _told: ExternalMemory,
}

/// The functions of a store until it is closed: then they keep nothing of it in memory, however long
/// JavaScript keeps them.
pub type SharedPath = Rc<RefCell<Option<HotPath>>>;

impl Drop for HotPath {
    fn drop(&mut self) {
        self.handle.engine().unwatch(&self.index);
    }
}

/// Creates the functions over `scratch`, with an index of up to `known_tokens` tokens. Fails if the
/// buffer is too short.
pub fn bind<'env>(
    env: &'env Env,
    scratch: &ArrayBuffer<'env>,
    known_tokens: u32,
    handle: &Arc<Handle>,
) -> napi::Result<(SharedPath, Unknown<'env>)> {
    let scratch = Scratch::pin(env.raw(), scratch.raw())?;
    let mut index = ReaderIndex::new(known_tokens as usize);
    handle.engine().watch(&mut index);
    let told = ExternalMemory::tell(env, index.bytes())?;
    let path = HotPath { handle: Arc::clone(handle), scratch, index, _told: told };
    let path = Rc::new(RefCell::new(Some(path)));
    let functions = object(
        env,
        &path,
        &[
            (c"create", create),
            (c"read", read),
            (c"fetch", fetch),
            (c"update", update),
            (c"remove", remove),
            (c"keep", keep),
            (c"forgetBelow", forget_below),
            (c"measure", measure),
        ],
    )?;
    Ok((path, functions))
}

unsafe extern "C" fn create(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |path, values, [at, length, ttl, reads, slot]| {
        let limits = path.limits(values, ttl, reads)?;
        let data = path.packed(values, at, length)?;
        let slot = values.number(slot)?;
        let engine = path.handle.engine();
        let made = if slot >= 0.0 {
            engine.create_kept(data, limits, &path.index, slot as u64)
        } else {
            engine.create(data, limits)
        };
        match made {
            Ok(token) => values.answer_token(token.as_bytes()),
            Err(error) => unless_busy(values, error),
        }
    })
}

unsafe extern "C" fn read(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |path, values, [token]| {
        let token = values.token(token)?;
        match path.fetch(&token, Some(&path.index)) {
            Ok(Reading::Unchanged(meta, slot)) => values.answer(path.write_unchanged(&meta, slot)),
            Ok(Reading::Found(meta, length)) => {
                path.write_meta(&meta, path.see(&meta));
                values.answer(length as i32)
            }
            Ok(Reading::Absent) => values.answer(ABSENT),
            Err(error) => unless_busy(values, error),
        }
    })
}

unsafe extern "C" fn fetch(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |path, values, [token]| match path.fetch(&values.token(token)?, None) {
        Ok(Reading::Found(meta, length)) => {
            path.write_meta(&meta, CacheState::Unknown);
            values.answer(length as i32)
        }
        Ok(Reading::Absent | Reading::Unchanged(..)) => values.answer(ABSENT),
        Err(error) => unless_busy(values, error),
    })
}

unsafe extern "C" fn update(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |path, values, [token, at, length, ttl, reads, keep]| {
        let token = values.token(token)?;
        let limits = path.limits(values, ttl, reads)?;
        let data = path.packed(values, at, length)?;
        let change =
            if values.boolean(keep)? { Change::Keep(limits) } else { Change::Replace(limits) };
        match path.handle.engine().update(text(&token), data, change) {
            Ok(alive) => values.answer(i32::from(alive)),
            Err(error) => unless_busy(values, error),
        }
    })
}

unsafe extern "C" fn remove(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |path, values, [token]| {
        match path.handle.engine().delete(text(&values.token(token)?)) {
            Ok(alive) => values.answer(i32::from(alive)),
            Err(error) => unless_busy(values, error),
        }
    })
}

unsafe extern "C" fn keep(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |path, values, [slot]| {
        path.index.keep(values.number(slot)? as u64);
        values.answer_nothing()
    })
}

unsafe extern "C" fn forget_below(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    call(env, info, |path, values, [slot]| {
        path.index.forget_below(values.number(slot)? as u64);
        values.answer_nothing()
    })
}

unsafe extern "C" fn measure(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |path, values, [length]| {
        let data = path.scratch.data(values.number(length)? as usize)?;
        values.answer(match msgpack::measure(data) {
            Ok(size) => size as i32,
            Err(Malformed::Syntax) => MALFORMED,
            Err(Malformed::NotMap) => NOT_MAP,
            Err(Malformed::TooDeep) => TOO_DEEP,
        })
    })
}

fn call<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&HotPath, Values, [sys::napi_value; N]) -> Answer,
) -> sys::napi_value {
    // SAFETY: all callbacks of this file belong to functions over the inside of a `SharedPath`.
    unsafe {
        enter(env, info, |path: &RefCell<Option<HotPath>>, args| match &*path.borrow() {
            Some(path) => body(path, Values(env), args),
            None => Err(Error::Closed.into()),
        })
    }
}

/// The token as the engine gets it: empty if it cannot be one.
fn text(token: &Option<TokenText>) -> &[u8] {
    token.as_ref().map_or(&[], |token| token.as_slice())
}

fn unless_busy(values: Values, error: Error) -> Answer {
    match error {
        Error::Busy => values.answer(BUSY),
        error => Err(error.into()),
    }
}

impl HotPath {
    fn limits(
        &self,
        values: Values,
        ttl: sys::napi_value,
        reads: sys::napi_value,
    ) -> Result<Limits, Failure> {
        Ok(Limits {
            ttl: self.limit(values.number(ttl)?, TTL_EXACT),
            reads: self.limit(values.number(reads)?, READS_EXACT),
        })
    }

    fn packed(
        &self,
        values: Values,
        at: sys::napi_value,
        length: sys::napi_value,
    ) -> Result<&[u8], Failure> {
        self.scratch.packed(values.number(at)? as usize, values.number(length)? as usize)
    }

    fn limit(&self, value: f64, exact: usize) -> Option<u64> {
        if value == NO_LIMIT {
            None
        } else if value == EXACT_LIMIT {
            Some(u64::from_le_bytes(self.scratch.header(exact)))
        } else {
            Some(value as u64)
        }
    }

    fn fetch(
        &self,
        token: &Option<TokenText>,
        index: Option<&ReaderIndex>,
    ) -> crudjt_core::Result<Reading> {
        self.scratch.with_data(|out| self.handle.engine().read(text(token), index, out))
    }

    /// The state of a record that was read. One with a read limit must not be cached.
    fn see(&self, meta: &Meta) -> CacheState {
        if meta.reads.is_some() { CacheState::Occupied } else { self.index.see(meta.id) }
    }

    /// The result for a reader that has the data cached; limits, if any, are in the header.
    fn write_unchanged(&self, meta: &Meta, slot: u64) -> i32 {
        let short = i32::try_from(slot).ok().and_then(|slot| UNCHANGED_SLOT.checked_sub(slot));
        if let (None, Some(answer)) = (meta.ttl, short) {
            return answer;
        }
        self.write_meta(meta, CacheState::Cached { version: meta.version, slot });
        UNCHANGED
    }

    /// Writes the metadata of a record to the header.
    fn write_meta(&self, meta: &Meta, state: CacheState) {
        let slot = match state {
            CacheState::Cached { slot, .. } => slot,
            CacheState::Seen => SEEN,
            CacheState::Unknown => FIRST_READ,
            CacheState::Occupied => OCCUPIED,
        };
        self.scratch.put(SLOT, slot.to_le_bytes());
        self.put(VERSION, meta.version as f64);
        self.put_limit(meta.ttl, TTL, TTL_EXACT);
        self.put_limit(meta.reads, READS, READS_EXACT);
    }

    fn put_limit(&self, limit: Option<u64>, rounded: usize, exact: usize) {
        self.put(rounded, limit.map_or(NO_LIMIT, |limit| limit as f64));
        self.scratch.put(exact, limit.unwrap_or(0).to_le_bytes());
    }

    fn put(&self, offset: usize, number: f64) {
        self.scratch.put(offset, number.to_ne_bytes());
    }
}
