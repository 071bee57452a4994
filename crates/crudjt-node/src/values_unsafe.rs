//! Converts numbers, bytes and tokens from and to Node's values.
#![expect(unsafe_code, reason = "raw handles of Node")]

use std::{ptr, slice};

use crudjt_core::TOKEN_LENGTH;
use napi::sys;

use crate::failure::Failure;
use crate::functions_unsafe::{Answer, accept};

/// Buffer size in UTF-16 units: one more than a token, to detect a longer string, and the
/// terminator; a multiple of four.
const TOKEN_UNITS: usize = TOKEN_LENGTH + 2;
const FOURS: usize = TOKEN_UNITS / 4;

/// Narrows the characters of a token to bytes; `None` if one of them is not ASCII. Four at a time
/// and unrolled: a loop compiled for size is a tenth of a read.
#[inline(always)]
fn narrowed(&[a, b, c, d, e, f]: &[u64; FOURS]) -> Option<[u8; TOKEN_LENGTH]> {
    let is_ascii = u64::from_le(a | b | c | d | e | f) & 0xff80_ff80_ff80_ff80 == 0;
    let bytes = [narrow(a), narrow(b), narrow(c), narrow(d), narrow(e), narrow(f)];
    is_ascii.then(|| bytes.as_flattened().first_chunk().copied())?
}

#[inline(always)]
fn narrow(four: u64) -> [u8; 4] {
    let four = u64::from_le(four);
    let pairs = (four | four >> 8) & 0x0000_ffff_0000_ffff;
    ((pairs | pairs >> 16) as u32).to_le_bytes()
}

/// Converts the values of one call, whose environment this is.
#[derive(Clone, Copy)]
pub struct Values(pub sys::napi_env);

impl Values {
    /// A number.
    #[inline(always)]
    pub fn number(self, value: sys::napi_value) -> Result<f64, Failure> {
        let mut number = 0.0;
        // SAFETY: `value` is an argument of the current call.
        accept(unsafe { sys::napi_get_value_double(self.0, value, &raw mut number) })?;
        Ok(number)
    }

    /// A boolean.
    pub fn boolean(self, value: sys::napi_value) -> Result<bool, Failure> {
        let mut boolean = false;
        // SAFETY: `value` is an argument of the current call.
        accept(unsafe { sys::napi_get_value_bool(self.0, value, &raw mut boolean) })?;
        Ok(boolean)
    }

    /// The bytes of a Buffer or Uint8Array, which JavaScript does not change during the call.
    pub fn bytes<'a>(self, value: sys::napi_value) -> Result<&'a [u8], Failure> {
        let (mut start, mut length) = (ptr::null_mut(), 0);
        // SAFETY: `value` is an argument of the current call; both results are written before use.
        accept(unsafe {
            sys::napi_get_buffer_info(self.0, value, &raw mut start, &raw mut length)
        })?;
        if length == 0 {
            return Ok(&[]);
        }
        // SAFETY: Node does not move the buffer, which is not empty, until the call returns.
        Ok(unsafe { slice::from_raw_parts(start.cast(), length) })
    }

    /// Copies bytes to the start of a Buffer, which must have room for them.
    pub fn write(self, target: sys::napi_value, bytes: &[u8]) -> Result<(), Failure> {
        let (mut start, mut length) = (ptr::null_mut(), 0);
        // SAFETY: `target` is an argument of the current call; both results are written before use.
        accept(unsafe {
            sys::napi_get_buffer_info(self.0, target, &raw mut start, &raw mut length)
        })?;
        if bytes.len() > length {
            return Err(Failure::internal("a buffer is too short"));
        }
        if !bytes.is_empty() {
            // SAFETY: the buffer has room, `bytes` are memory of Rust, and JavaScript does not run
            // meanwhile.
            unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), start.cast(), bytes.len()) };
        }
        Ok(())
    }

    /// The characters of a token; `None` for any string that is not 22 ASCII characters.
    #[inline(always)]
    pub fn token(self, value: sys::napi_value) -> Result<Option<[u8; TOKEN_LENGTH]>, Failure> {
        let (mut units, mut length) = ([0_u64; FOURS], 0);
        // UTF-16, because Latin-1 would truncate a wide character to one of the alphabet. SAFETY:
        // `value` is an argument of the call; Node writes at most TOKEN_UNITS units, the size of
        // the buffer.
        accept(unsafe {
            sys::napi_get_value_string_utf16(
                self.0,
                value,
                units.as_mut_ptr().cast(),
                TOKEN_UNITS,
                &raw mut length,
            )
        })?;
        Ok(if length == TOKEN_LENGTH { narrowed(&units) } else { None })
    }

    /// Returns a number.
    #[inline(always)]
    pub fn answer(self, number: i32) -> Answer {
        let mut value = ptr::null_mut();
        // SAFETY: this is the environment of the current call.
        accept(unsafe { sys::napi_create_int32(self.0, number, &raw mut value) })?;
        Ok(value)
    }

    /// Returns a token.
    pub fn answer_token(self, token: &[u8; TOKEN_LENGTH]) -> Answer {
        let (start, length) = (token.as_ptr().cast(), TOKEN_LENGTH as isize);
        let mut value = ptr::null_mut();
        // SAFETY: this is the environment of the current call; Node copies the 22 bytes.
        accept(unsafe { sys::napi_create_string_latin1(self.0, start, length, &raw mut value) })?;
        Ok(value)
    }

    /// Returns undefined.
    pub fn answer_nothing(self) -> Answer {
        Ok(ptr::null_mut())
    }
}
