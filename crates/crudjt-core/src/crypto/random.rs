//! Random bytes from the system, and salts from a pool, so that a token costs no system call.

use std::cell::RefCell;

use ring::rand::{SecureRandom, SystemRandom};

use crate::record::Salt;
use crate::{Error, Result};

const POOL: usize = 2048;

/// An array of bytes from the system's generator.
///
/// # Errors
/// [`Error::Randomness`] if the system has none.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0u8; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Randomness)?;
    Ok(bytes)
}

struct Pool {
    bytes: Box<[u8; POOL]>,
    used: usize,
}

thread_local! {
    static SALTS: RefCell<Pool> = RefCell::new(Pool { bytes: Box::new([0; POOL]), used: POOL });
}

/// Eight random bytes that were never returned before.
pub(crate) fn salt() -> Result<Salt> {
    SALTS.with_borrow_mut(|pool| {
        if pool.used >= POOL {
            SystemRandom::new().fill(pool.bytes.as_mut()).map_err(|_| Error::Randomness)?;
            pool.used = 0;
        }
        let salt = pool.bytes.get(pool.used..).and_then(|rest| rest.first_chunk().copied());
        pool.used += 8;
        salt.map(Salt).ok_or(Error::Randomness)
    })
}
