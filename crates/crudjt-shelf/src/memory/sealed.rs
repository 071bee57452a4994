//! Linux: a sealed file in memory.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use memmap2::{MmapOptions, MmapRaw};
use rustix::fs::{
    MemfdFlags, Mode, OFlags, SealFlags, fchmod, fcntl_add_seals, fcntl_get_seals, ftruncate,
    memfd_create, open,
};
use std::os::fd::AsRawFd;

use super::io;
use crate::error::{Error, Result};

/// Makes the memory; returns the descriptor for readers.
pub(super) fn create(bytes: usize) -> Result<(OwnedFd, MmapRaw)> {
    const MAKE: &str = "make the shelf's memory";
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memory = memfd_create("crudjt-shelf", flags).map_err(io(MAKE))?;
    ftruncate(&memory, bytes as u64).map_err(io(MAKE))?;
    let map = MmapOptions::new().len(bytes).map_raw(&memory).map_err(Error::io(MAKE))?;
    let fixed = SealFlags::SHRINK | SealFlags::GROW;
    // The mapping that is there already stays writable.
    if fcntl_add_seals(&memory, fixed | SealFlags::FUTURE_WRITE | SealFlags::SEAL).is_ok() {
        return Ok((memory, map));
    }
    fcntl_add_seals(&memory, fixed | SealFlags::SEAL).map_err(io(MAKE))?;
    fchmod(&memory, Mode::RUSR).map_err(io(MAKE))?;
    let path = format!("/proc/self/fd/{}", memory.as_fd().as_raw_fd());
    let readable = open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(io(MAKE))?;
    Ok((readable, map))
}

/// Refuses what could shrink under a reader, which would end its process.
pub(super) fn check(descriptor: BorrowedFd<'_>) -> Result<()> {
    sabotage!(SealsUnchecked, return Ok(()));
    // Only memory has seals at all.
    let seals = fcntl_get_seals(descriptor).map_err(|_| Error::NotAShelf("it has no seals"))?;
    if seals.contains(SealFlags::SHRINK) {
        Ok(())
    } else {
        Err(Error::NotAShelf("it can be truncated"))
    }
}
