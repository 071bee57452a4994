//! The shelf of a store.

use std::sync::Arc;

use crudjt_core::Store;

use crate::clock::SystemClock;
use crate::error::{Error, Result};
use crate::memory::Memory;
use crate::writer::ShelfWriter;

/// Gives a store a shelf of at most so many bytes, until it is closed or gets another one; returns what
/// clients are sent of it.
///
/// # Errors
/// [`Error::Unsupported`], [`Error::Io`], [`Error::Randomness`]; [`Error::Store`] if the store takes
/// none.
pub fn put_up(store: &Store, bytes: usize) -> Result<Memory> {
    let (memory, words) = Memory::create(bytes)?;
    let shelf = ShelfWriter::begin(words, bytes, Box::new(SystemClock), || store.time())?;
    store.set_shelf(Some(Arc::new(shelf))).map_err(Error::Store)?;
    Ok(memory)
}
