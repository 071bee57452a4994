//! The scratch buffer that JavaScript shares with the binding.
//!
//! Invariants:
//! - [`Scratch`] holds a strong reference to the ArrayBuffer, and the library never transfers it,
//!   so its memory is neither moved nor freed.
//! - Everything here runs on the JavaScript thread of the environment that created the buffer, and
//!   JavaScript does not run during a call, so nobody else accesses the buffer meanwhile.
#![expect(unsafe_code, reason = "raw memory and handles of Node")]

use std::ptr::{self, NonNull};
use std::slice;

use crudjt_core::{Leaves, OUT_BYTES};
use napi::{Status, sys};

use crate::failure::Failure;
use crate::functions_unsafe::check;
use crate::scratch::{DATA_OFFSET, LEAVES_OFFSET, NUMBERS_OFFSET, SCRATCH_BYTES};

/// A pinned scratch buffer.
pub struct Scratch {
    start: NonNull<u8>,
    env: sys::napi_env,
    pin: sys::napi_ref,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: `pin` was created in `env` and is deleted once; finalizers run on the thread of
        // `env` and before Node frees it. After a failure the reference lives as long as `env`.
        unsafe { sys::napi_delete_reference(self.env, self.pin) };
    }
}

impl Scratch {
    /// Pins a buffer. Fails if it is too short.
    pub fn pin(env: sys::napi_env, buffer: sys::napi_value) -> napi::Result<Scratch> {
        let (mut start, mut length, mut pin) = (ptr::null_mut(), 0, ptr::null_mut());
        // SAFETY: `buffer` is a live handle of `env`; both results are written before they are
        // read.
        check(unsafe {
            sys::napi_get_arraybuffer_info(env, buffer, &raw mut start, &raw mut length)
        })?;
        let start = NonNull::new(start.cast::<u8>())
            .filter(|start| length >= SCRATCH_BYTES as usize && start.cast::<f64>().is_aligned())
            .ok_or_else(|| {
                napi::Error::new(Status::InvalidArg, "the scratch buffer is too short")
            })?;
        // SAFETY: as above; the reference is deleted when this is dropped.
        check(unsafe { sys::napi_create_reference(env, buffer, 1, &raw mut pin) })?;
        Ok(Scratch { start, env, pin })
    }

    /// The data at `DATA_OFFSET`.
    pub fn data(&self, length: usize) -> Result<&[u8], Failure> {
        if length > OUT_BYTES {
            return Err(Failure::internal("data is longer than the scratch buffer"));
        }
        // SAFETY: the buffer is `SCRATCH_BYTES` long, the data at most `OUT_BYTES`, and nobody
        // writes to the data while it is borrowed: the leaves are after it.
        Ok(unsafe { slice::from_raw_parts(self.at(DATA_OFFSET as usize), length) })
    }

    /// The data packed at an offset. Nothing may be written while it is borrowed.
    pub fn packed(&self, at: usize, length: usize) -> Result<&[u8], Failure> {
        let end = at.checked_add(length);
        if at < DATA_OFFSET as usize || end.is_none_or(|end| end > SCRATCH_BYTES as usize) {
            return Err(Failure::internal("data is outside the scratch buffer"));
        }
        // SAFETY: the range is within the buffer, which is `SCRATCH_BYTES` long, and nobody writes
        // to it meanwhile: create and update only read it.
        Ok(unsafe { slice::from_raw_parts(self.at(at), length) })
    }

    /// Runs `write` on the data area.
    pub fn with_data<T>(&self, write: impl FnOnce(&mut [u8]) -> T) -> T {
        // SAFETY: as above; `write` has no other access to this buffer.
        write(unsafe { slice::from_raw_parts_mut(self.at(DATA_OFFSET as usize), OUT_BYTES) })
    }

    /// Runs `write` on the leaves.
    pub fn with_leaves<T>(&self, write: impl FnOnce(&mut Leaves<'_>) -> T) -> T {
        // SAFETY: both arrays are within the buffer, after the data and disjoint, at multiples of
        // eight from an aligned start; `write` has no other access to them.
        write(&mut unsafe {
            Leaves {
                codes: &mut *self.at(LEAVES_OFFSET as usize).cast(),
                numbers: &mut *self.at(NUMBERS_OFFSET as usize).cast(),
            }
        })
    }

    /// Eight bytes of the header.
    pub fn header(&self, offset: usize) -> [u8; 8] {
        // SAFETY: the header is 64 bytes long, an array of bytes needs no alignment.
        unsafe { self.at(offset).cast::<[u8; 8]>().read() }
    }

    /// Writes eight bytes of the header.
    pub fn put(&self, offset: usize, value: [u8; 8]) {
        // SAFETY: as for `header`; JavaScript reads it only afterwards.
        unsafe { self.at(offset).cast::<[u8; 8]>().write(value) };
    }

    fn at(&self, offset: usize) -> *mut u8 {
        // SAFETY: all offsets are constants of the layout, within the checked length.
        unsafe { self.start.as_ptr().add(offset) }
    }
}
