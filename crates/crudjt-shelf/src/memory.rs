//! The memory of a shelf: made by the master, which alone can write it, and mapped by readers.
//!
//! Linux: a file in memory whose seals forbid every process to write it, to map it for writing, to
//! shrink and to grow it; the mapping that the master has stays writable. Before Linux 5.1 that seal
//! is missing, and readers get a descriptor that was opened for reading only. macOS: shared memory
//! that is opened a second time for reading only; its name is gone before anybody could use it.

#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::error::Result;
#[cfg(unix)]
use crate::layout::Geometry;
use crate::mapped_unsafe::Mapped;

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "memory/sealed.rs"]
mod system;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
#[path = "memory/named.rs"]
mod system;

/// Memory for a shelf, and what readers get of it.
pub struct Memory {
    #[cfg(unix)]
    descriptor: OwnedFd,
}

#[cfg(unix)]
impl Memory {
    /// Makes memory for a shelf with at most so many bytes of slots, which reads as 0; no page of it is
    /// used before it is written.
    ///
    /// # Errors
    /// [`Error::Unsupported`], [`Error::Io`].
    ///
    /// [`Error::Unsupported`]: crate::Error::Unsupported
    /// [`Error::Io`]: crate::Error::Io
    pub fn create(bytes: usize) -> Result<(Memory, Mapped)> {
        let (descriptor, map) = system::create(Geometry::within(bytes).bytes())?;
        // A child that has not become another program yet could write.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = map.advise(memmap2::Advice::DontFork);
        Ok((Memory { descriptor }, Mapped::new(map, true)))
    }

    /// What readers get: nobody can write by it.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

#[cfg(not(unix))]
impl Memory {
    /// There is no such memory here.
    ///
    /// # Errors
    /// [`Error::Unsupported`].
    ///
    /// [`Error::Unsupported`]: crate::Error::Unsupported
    pub fn create(_bytes: usize) -> Result<(Memory, Mapped)> {
        Err(crate::error::Error::Unsupported)
    }
}

/// Maps what a master sent, for reading only; also returns its size. Whatever it is, mapping and
/// reading it is safe, or it is refused.
///
/// # Errors
/// [`Error::NotAShelf`], [`Error::Io`].
///
/// [`Error::NotAShelf`]: crate::Error::NotAShelf
/// [`Error::Io`]: crate::Error::Io
#[cfg(unix)]
pub(crate) fn map(descriptor: BorrowedFd<'_>) -> Result<(Mapped, u64)> {
    use crate::error::Error;
    system::check(descriptor)?;
    let stat = rustix::fs::fstat(descriptor).map_err(io("look at the shelf"))?;
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    let geometry = Geometry::of_size(size).ok_or(Error::NotAShelf("its size is wrong"))?;
    let map = memmap2::MmapOptions::new().len(geometry.bytes()).map_raw_read_only(&descriptor);
    Ok((Mapped::new(map.map_err(Error::io("map the shelf"))?, false), size))
}

/// Words a failed call.
#[cfg(unix)]
fn io(what: &'static str) -> impl FnOnce(rustix::io::Errno) -> crate::error::Error {
    move |errno| crate::error::Error::Io { what, source: errno.into() }
}
