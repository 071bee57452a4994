//! Mapped memory as words.

use std::sync::atomic::{AtomicU64, Ordering, fence};

use memmap2::MmapRaw;

use crate::words::{Words, WritableWords};

/// Shared memory that stays mapped as long as this lives.
pub struct Mapped {
    map: MmapRaw,
    is_writable: bool,
}

impl Mapped {
    /// Takes a mapping of shared memory that nobody can shrink; `is_writable` if it was mapped so.
    pub(crate) fn new(map: MmapRaw, is_writable: bool) -> Mapped {
        Mapped { map, is_writable }
    }

    /// The number of words.
    pub fn len(&self) -> usize {
        self.map.len() / 8
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn word(&self, at: usize) -> Option<&AtomicU64> {
        if at >= self.len() {
            return None;
        }
        // SAFETY: a mapping begins at a page, so the word is aligned; it is within the mapping, which
        // lives as long as the reference and cannot shrink. Every access from this process is by
        // atomics: no other reference to this memory is made, and other processes access it only so
        // that each word is whole. Where the memory is mapped for reading only, `load` alone is
        // called, relaxed and no wider than a pointer, which is allowed there.
        Some(unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().cast::<u64>().add(at)) })
    }
}

impl Words for Mapped {
    #[inline]
    fn load(&self, at: usize) -> u64 {
        self.word(at).map_or(0, |word| word.load(Ordering::Relaxed))
    }

    #[inline]
    fn acquire(&self) {
        fence(Ordering::Acquire);
    }
}

impl WritableWords for Mapped {
    #[inline]
    fn store(&self, at: usize, value: u64) {
        if let Some(word) = self.word(at).filter(|_| self.is_writable) {
            word.store(value, Ordering::Relaxed);
        }
    }

    #[inline]
    fn store_released(&self, at: usize, value: u64) {
        if let Some(word) = self.word(at).filter(|_| self.is_writable) {
            word.store(value, Ordering::Release);
        }
    }

    #[inline]
    fn release(&self) {
        fence(Ordering::Release);
    }
}
