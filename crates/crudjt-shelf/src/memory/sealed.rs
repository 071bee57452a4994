//! Linux: a sealed file in memory.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use memmap2::{MmapOptions, MmapRaw};
use rustix::fs::{
    MemfdFlags, Mode, OFlags, SealFlags, fchmod, fcntl_add_seals, fcntl_get_seals, ftruncate,
    memfd_create, open,
};

use super::io;
use crate::error::{Error, Result};

const MAKE: &str = "make the shelf's memory";
const FIXED: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

/// Makes the memory; returns the descriptor for readers.
pub(super) fn create(bytes: usize) -> Result<(OwnedFd, MmapRaw)> {
    let (memory, map) = unsealed(bytes)?;
    // The mapping that is there already stays writable.
    let seals = FIXED | SealFlags::FUTURE_WRITE | SealFlags::SEAL;
    let readable = match fcntl_add_seals(&memory, seals) {
        Ok(()) => memory,
        Err(_) => read_only(&memory)?,
    };
    Ok((readable, map))
}

fn unsealed(bytes: usize) -> Result<(OwnedFd, MmapRaw)> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memory = memfd_create("crudjt-shelf", flags).map_err(io(MAKE))?;
    ftruncate(&memory, bytes as u64).map_err(io(MAKE))?;
    let map = MmapOptions::new().len(bytes).map_raw(&memory).map_err(Error::io(MAKE))?;
    Ok((memory, map))
}

/// A descriptor for reading only, where the system has no seal for that: before Linux 5.1.
fn read_only(memory: &OwnedFd) -> Result<OwnedFd> {
    fcntl_add_seals(memory, FIXED | SealFlags::SEAL).map_err(io(MAKE))?;
    fchmod(memory, Mode::RUSR).map_err(io(MAKE))?;
    let path = format!("/proc/self/fd/{}", memory.as_raw_fd());
    open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(io(MAKE))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::AsFd;

    #[test]
    fn without_the_newer_seal_readers_get_a_descriptor_for_reading() -> Result<()> {
        let (memory, _map) = unsealed(8192)?;
        let readable = read_only(&memory)?;
        check(readable.as_fd())?;
        let mut file = File::from(readable);
        assert!(file.write(b"x").is_err() && file.set_len(0).is_err());
        assert!(MmapOptions::new().map_raw(&file).is_err());
        assert!(MmapOptions::new().map_raw_read_only(&file).is_ok());
        Ok(())
    }
}
