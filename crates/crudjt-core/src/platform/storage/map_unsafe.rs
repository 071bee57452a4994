//! A memory-mapped file, accessed only by copying in and out through raw pointers.
//!
//! Invariant (of [`Mapping`]): nobody else accesses a range while it is written. The journal
//! publishes a range under a lock after writing it, and never writes it again.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::ptr;

#[cfg(target_os = "linux")]
use memmap2::{Advice, UncheckedAdvice};
use memmap2::{MmapOptions, MmapRaw};

use super::Mapping;

/// The size of a memory page, or a multiple of it.
#[cfg(target_os = "linux")]
const PAGE: u64 = 64 << 10;

#[cfg(target_os = "linux")]
thread_local! {
    /// Reused by the one thread that prepares: allocating them each time would cost as much as
    /// writing them.
    static ZEROS: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
}

pub(super) struct MappedFile {
    map: MmapRaw,
    file: File,
}

impl MappedFile {
    pub(super) fn new(file: &File, size: u64) -> io::Result<MappedFile> {
        let map = MmapOptions::new().len(size as usize).map_raw(file)?;
        // Otherwise the first access reads megabytes of empty pages ahead.
        #[cfg(target_os = "linux")]
        let _ = map.advise(Advice::Random);
        Ok(MappedFile { map, file: file.try_clone()? })
    }

    /// Unmaps the whole pages of a range from this process's page tables at once: otherwise a sync
    /// write-protects them one by one, each time with an interrupt of all threads (TLB shootdown).
    #[cfg(target_os = "linux")]
    fn unmap_pages(&self, range: &Range<u64>) {
        let end = range.end - range.end % PAGE;
        let length = end.saturating_sub(range.start) as usize;
        let advice = UncheckedAdvice::DontNeed;
        // SAFETY: the mapping is shared, so written data stays in the file's pages, and the next
        // access, by whatever thread, maps a page again.
        let _ = unsafe { self.map.unchecked_advise_range(advice, range.start as usize, length) };
    }

    #[cfg(not(target_os = "linux"))]
    fn unmap_pages(&self, _range: &Range<u64>) {}

    /// Whether `length` bytes at `offset` are within the mapping.
    fn holds(&self, offset: u64, length: usize) -> bool {
        offset.checked_add(length as u64).is_some_and(|end| end <= self.map.len() as u64)
    }
}

impl Mapping for MappedFile {
    fn write(&self, offset: u64, data: &[u8]) -> bool {
        let fits = self.holds(offset, data.len());
        if fits {
            // SAFETY: the target is within the live mapping (checked above), does not overlap
            // `data` (Rust memory), and nobody else accesses the range now (module invariant).
            unsafe {
                let target = self.map.as_mut_ptr().add(offset as usize);
                ptr::copy_nonoverlapping(data.as_ptr(), target, data.len());
            }
        }
        fits
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> bool {
        let fits = self.holds(offset, out.len());
        if fits {
            // SAFETY: the source is within the live mapping (checked above), does not overlap `out`
            // (Rust memory), and was published, so nobody writes it (module invariant).
            unsafe {
                let source = self.map.as_ptr().add(offset as usize);
                ptr::copy_nonoverlapping(source, out.as_mut_ptr(), out.len());
            }
        }
        fits
    }

    #[cfg(target_os = "linux")]
    fn populate(&self, range: Range<u64>) {
        let length = range.end.saturating_sub(range.start) as usize;
        // Fails on kernels before 5.14: each page is then mapped at its first access.
        let _ = self.map.advise_range(Advice::PopulateWrite, range.start as usize, length);
    }

    /// Writes zeros: the system then allocates all pages at once. Allocating them one by one, at
    /// their first access, costs three times as much.
    #[cfg(target_os = "linux")]
    fn prepare(&self, range: Range<u64>) {
        ZEROS.with_borrow_mut(|zeros| {
            zeros.resize(range.end.saturating_sub(range.start) as usize, 0);
            // Only for speed: after a failure each page is mapped at its first access.
            let _ = std::os::unix::fs::FileExt::write_all_at(&self.file, zeros, range.start);
        });
        self.populate(range);
    }

    fn sync(&self, range: Range<u64>) -> io::Result<()> {
        self.unmap_pages(&range);
        let length = range.end.saturating_sub(range.start) as usize;
        self.map.flush_range(range.start as usize, length)?;
        // On Linux msync has synced the file; elsewhere it only passes the pages to it.
        if cfg!(target_os = "linux") { Ok(()) } else { self.file.sync_data() }
    }
}
