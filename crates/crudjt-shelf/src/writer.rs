//! The master's shelf.

use std::sync::atomic::{AtomicU64, Ordering};

use crudjt_core::{Shelf, ShelfCopy};
use parking_lot::Mutex;
use ring::rand::{SecureRandom, SystemRandom};

use crate::clock::{Clock, boot, millis};
use crate::error::{Error, Result};
use crate::layout::{
    AT_BOOT, AT_MAGIC, AT_OFFSET, AT_SALT, AT_SETS, AT_STATE, Geometry, MAGIC, MAX_COPY_SIZE, OPEN,
};
use crate::seal::TokenKeys;
use crate::sets::Sets;
use crate::words::WritableWords;

/// A shelf that this process fills. Dropping it closes it.
pub struct ShelfWriter<W: WritableWords> {
    sets: Mutex<Sets<W>>,
    nonces: AtomicU64,
    salt: [u8; 16],
    clock: Box<dyn Clock>,
    /// The store's time minus the clock, in milliseconds; wraps.
    offset: u64,
}

impl<W: WritableWords> ShelfWriter<W> {
    /// Begins a shelf in words that are 0, as many as `bytes` of slots need at most. `store_time` gives
    /// the store's time in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Error::Randomness`].
    pub fn begin(
        words: W,
        bytes: usize,
        clock: Box<dyn Clock>,
        store_time: impl FnOnce() -> u64,
    ) -> Result<ShelfWriter<W>> {
        let mut salt = [0; 16];
        SystemRandom::new().fill(&mut salt).map_err(|_| Error::Randomness)?;
        // In this order: a copy rather expires a millisecond early.
        let before = millis(clock.nanos());
        let offset = store_time().wrapping_sub(before);
        let geometry = Geometry::within(bytes);
        write_header(&words, geometry, &salt, offset);
        let sets = Mutex::new(Sets::new(words, geometry));
        Ok(ShelfWriter { sets, nonces: AtomicU64::new(0), salt, clock, offset })
    }

    fn time(&self) -> u64 {
        millis(self.clock.nanos()).wrapping_add(self.offset)
    }
}

fn write_header(words: &impl WritableWords, geometry: Geometry, salt: &[u8; 16], offset: u64) {
    words.store(AT_SETS, geometry.sets() as u64);
    for (at, half) in salt.as_chunks().0.iter().enumerate() {
        words.store(AT_SALT + at, u64::from_le_bytes(*half));
    }
    words.store(AT_BOOT, boot());
    words.store(AT_OFFSET, offset);
    words.store(AT_STATE, OPEN);
    words.store_released(AT_MAGIC, MAGIC);
}

impl<W: WritableWords + Send> Shelf for ShelfWriter<W>
where
    ShelfWriter<W>: Send + Sync,
{
    fn mark(&self) -> u64 {
        self.sets.lock().mark()
    }

    fn put(&self, mark: u64, copy: &ShelfCopy<'_>) {
        if copy.data.len() > MAX_COPY_SIZE {
            return;
        }
        let nonce = self.nonces.fetch_add(1, Ordering::Relaxed) + 1;
        let keys = TokenKeys::derive(&self.salt, copy.token);
        if let Some(content) = keys.seal(nonce, copy.expiry, copy.data) {
            self.sets.lock().put(mark, copy.id, self.time(), &content);
        }
    }

    fn take_off(&self, id: u64) {
        self.sets.lock().take_off(id);
    }

    fn close(&self) {
        self.sets.lock().close();
    }
}

impl<W: WritableWords> Drop for ShelfWriter<W> {
    fn drop(&mut self) {
        self.sets.get_mut().close();
    }
}
