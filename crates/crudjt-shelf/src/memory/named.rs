//! Systems without sealed memory: shared memory that is opened twice.

use std::os::fd::{BorrowedFd, OwnedFd};

use memmap2::{MmapOptions, MmapRaw};
use ring::rand::{SecureRandom, SystemRandom};
use rustix::fs::{FileType, Mode, fstat, ftruncate};
use rustix::shm::{OFlags, open, unlink};

use super::io;
use crate::error::{Error, Result};

const MAKE: &str = "make the shelf's memory";

/// Makes the memory; returns the descriptor for readers.
pub(super) fn create(bytes: usize) -> Result<(OwnedFd, MmapRaw)> {
    let mut random = [0; 8];
    SystemRandom::new().fill(&mut random).map_err(|_| Error::Randomness)?;
    let name = format!("/crudjt-{:016x}", u64::from_le_bytes(random));
    let mode = Mode::RUSR | Mode::WUSR;
    let memory =
        open(&name, OFlags::CREATE | OFlags::EXCL | OFlags::RDWR, mode).map_err(io(MAKE))?;
    let readable = open(&name, OFlags::RDONLY, Mode::empty());
    unlink(&name).map_err(io(MAKE))?;
    // Once: such memory has its size for ever then.
    ftruncate(&memory, bytes as u64).map_err(io(MAKE))?;
    let map = MmapOptions::new().len(bytes).map_raw(&memory).map_err(Error::io(MAKE))?;
    Ok((readable.map_err(io(MAKE))?, map))
}

/// Refuses files, which could shrink under a reader.
pub(super) fn check(descriptor: BorrowedFd<'_>) -> Result<()> {
    sabotage!(SealsUnchecked, return Ok(()));
    let stat = fstat(descriptor).map_err(io("look at the shelf"))?;
    match FileType::from_raw_mode(stat.st_mode) {
        // What shared memory is taken for differs.
        FileType::Unknown => Ok(()),
        _ if stat.st_nlink == 0 && stat.st_ino == 0 => Ok(()),
        _ => Err(Error::NotAShelf("it is not shared memory")),
    }
}
