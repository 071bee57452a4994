//! The hot calls of a store: raw functions over a scratch buffer (its layout: `scratch.rs`).
#![expect(unsafe_code, reason = "the derive macro costs several times as much per call")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crudjt_core::msgpack::{self, Malformed};
use crudjt_core::{CacheState, Change, Error, Limits, Meta, ReaderIndex, Reading, TOKEN_LENGTH};
use napi::bindgen_prelude::{ArrayBuffer, Unknown};
use napi::{Env, JsValue, sys};

use crate::failure::Failure;
use crate::functions_unsafe::{Answer, enter, object};
use crate::handle::Handle;
use crate::scratch::{READS, READS_EXACT, SLOT, TTL, TTL_EXACT, VERSION};
use crate::scratch_unsafe::Scratch;
use crate::values_unsafe::Values;

const ABSENT: i32 = -1;
const UNCHANGED: i32 = -2;
const BUSY: i32 = -3;
/// Less a slot: it is kept there, unchanged, and has no limits.
const KEPT: i32 = -16;

const MALFORMED: i32 = -1;
const NOT_MAP: i32 = -2;
const TOO_DEEP: i32 = -3;

const NO_LIMIT: f64 = -1.0;
const EXACT_LIMIT: f64 = -2.0;

/// Instead of a slot: nothing is kept, and it was not read before; or it was read, but not kept.
const UNCACHED: u64 = u64::MAX;
const SEEN: u64 = u64::MAX - 1;

type TokenText = [u8; TOKEN_LENGTH];

/// What the functions of one store share.
struct Hot {
    handle: Arc<Handle>,
    scratch: Scratch,
    /// What JavaScript keeps decoded.
    known: RefCell<ReaderIndex>,
    /// What the last read answered, if it may be kept.
    answered: Cell<Option<Meta>>,
}

/// Makes the object of hot functions over `scratch`, which know about so many tokens. Fails if the
/// buffer is too short.
pub fn bind<'env>(
    env: &'env Env,
    scratch: &ArrayBuffer<'env>,
    known_tokens: u32,
    handle: &Arc<Handle>,
) -> napi::Result<Unknown<'env>> {
    let scratch = Scratch::pin(env.raw(), scratch.raw())?;
    let mut known = ReaderIndex::new(known_tokens as usize);
    handle.engine().watch(&mut known);
    let hot = Rc::new(Hot {
        handle: Arc::clone(handle),
        scratch,
        known: RefCell::new(known),
        answered: Cell::new(None),
    });
    object(
        env,
        &hot,
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
    )
}

unsafe extern "C" fn create(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |hot, values, [at, length, ttl, reads, slot]| {
        let limits = hot.limits(values, ttl, reads)?;
        let data = hot.packed(values, at, length)?;
        let slot = values.number(slot)?;
        let engine = hot.handle.engine();
        let made = if slot >= 0.0 {
            engine.create_kept(data, limits, &hot.known.borrow(), slot as u64)
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
    call(env, info, |hot, values, [token]| {
        let token = values.token(token)?;
        let known = hot.known.borrow();
        let reading = hot.fetch(&token, Some(&known));
        drop(known);
        match reading {
            Ok(Reading::Unchanged(meta, slot)) => values.answer(hot.tell_unchanged(&meta, slot)),
            Ok(Reading::Found(meta, length)) => {
                let known = hot.cache_state(&meta);
                hot.tell(&meta, known);
                hot.note(&meta, known);
                values.answer(length as i32)
            }
            Ok(Reading::Absent) => values.answer(ABSENT),
            Err(error) => unless_busy(values, error),
        }
    })
}

unsafe extern "C" fn fetch(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |hot, values, [token]| match hot.fetch(&values.token(token)?, None) {
        Ok(Reading::Found(meta, length)) => {
            hot.tell(&meta, CacheState::Unknown);
            values.answer(length as i32)
        }
        Ok(Reading::Absent | Reading::Unchanged(..)) => values.answer(ABSENT),
        Err(error) => unless_busy(values, error),
    })
}

unsafe extern "C" fn update(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |hot, values, [token, at, length, ttl, reads, keep]| {
        let token = values.token(token)?;
        let limits = hot.limits(values, ttl, reads)?;
        let data = hot.packed(values, at, length)?;
        let change =
            if values.boolean(keep)? { Change::Keep(limits) } else { Change::Replace(limits) };
        match hot.handle.engine().update(text(&token), data, change) {
            Ok(alive) => values.answer(i32::from(alive)),
            Err(error) => unless_busy(values, error),
        }
    })
}

unsafe extern "C" fn remove(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |hot, values, [token]| {
        match hot.handle.engine().delete(text(&values.token(token)?)) {
            Ok(alive) => values.answer(i32::from(alive)),
            Err(error) => unless_busy(values, error),
        }
    })
}

unsafe extern "C" fn keep(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |hot, values, [slot]| {
        let slot = values.number(slot)? as u64;
        if let Some(meta) = hot.answered.take() {
            hot.known.borrow_mut().keep(meta.id, meta.version, slot);
        }
        values.answer_nothing()
    })
}

unsafe extern "C" fn forget_below(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    call(env, info, |hot, values, [slot]| {
        hot.known.borrow_mut().forget_below(values.number(slot)? as u64);
        values.answer_nothing()
    })
}

unsafe extern "C" fn measure(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call(env, info, |hot, values, [length]| {
        let data = hot.scratch.data(values.number(length)? as usize)?;
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
    body: impl FnOnce(&Hot, Values, [sys::napi_value; N]) -> Answer,
) -> sys::napi_value {
    // SAFETY: all callbacks of this file are made into functions over a `Hot`.
    unsafe { enter(env, info, |hot, args| body(hot, Values(env), args)) }
}

/// What the engine gets for a token: nothing for what can't be one.
fn text(token: &Option<TokenText>) -> &[u8] {
    token.as_ref().map_or(&[], |token| token.as_slice())
}

fn unless_busy(values: Values, error: Error) -> Answer {
    match error {
        Error::Busy => values.answer(BUSY),
        error => Err(error.into()),
    }
}

impl Hot {
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
        known: Option<&ReaderIndex>,
    ) -> crudjt_core::Result<Reading> {
        self.scratch.with_data(|out| self.handle.engine().read(text(token), known, out))
    }

    fn cache_state(&self, meta: &Meta) -> CacheState {
        self.known.borrow().look(meta.id)
    }

    /// What a reader is told who keeps the data; its limits, if it has any, are in the header.
    fn tell_unchanged(&self, meta: &Meta, slot: u64) -> i32 {
        let short = i32::try_from(slot).ok().and_then(|slot| KEPT.checked_sub(slot));
        if let (None, Some(answer)) = (meta.ttl, short) {
            return answer;
        }
        self.tell(meta, CacheState::Cached { version: meta.version, slot });
        UNCHANGED
    }

    /// Puts what a reader is told into the header.
    fn tell(&self, meta: &Meta, known: CacheState) {
        let slot = match known {
            CacheState::Cached { slot, .. } => slot,
            CacheState::Seen => SEEN,
            CacheState::Unknown => UNCACHED,
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

    /// Holds ready what JavaScript may keep: nothing that counts its reads.
    fn note(&self, meta: &Meta, known: CacheState) {
        let may_be_kept = meta.reads.is_none();
        self.answered.set(may_be_kept.then_some(*meta));
        if may_be_kept && known == CacheState::Unknown {
            self.known.borrow_mut().see(meta.id);
        }
    }
}
