//! A file that is only read, with some of its bytes replaced in memory.

use std::io;
use std::sync::Arc;

use crate::platform::storage::{Mapping, StorageFile};

/// Bytes that stand in for those of a file.
#[derive(Debug)]
pub(super) struct Patch {
    pub(super) at: u64,
    pub(super) bytes: Vec<u8>,
}

/// A file with patches; it cannot be written.
#[derive(Debug)]
pub(super) struct PatchedFile {
    file: Arc<dyn StorageFile>,
    patches: Vec<Patch>,
}

impl PatchedFile {
    pub(super) fn new(file: Arc<dyn StorageFile>, patches: Vec<Patch>) -> PatchedFile {
        PatchedFile { file, patches }
    }
}

fn refused<T>() -> io::Result<T> {
    Err(io::Error::other("the file was opened for reading"))
}

impl Patch {
    /// Copies to `out`, which begins at `offset` of the file, what lies in it.
    fn lay_over(&self, offset: u64, out: &mut [u8]) {
        for (at, byte) in (self.at..).zip(&self.bytes) {
            let within = at.checked_sub(offset).and_then(|at| usize::try_from(at).ok());
            if let Some(place) = within.and_then(|at| out.get_mut(at)) {
                *place = *byte;
            }
        }
    }

    fn covers(&self, offset: u64, length: usize) -> bool {
        offset >= self.at && offset + length as u64 <= self.at + self.bytes.len() as u64
    }
}

impl StorageFile for PatchedFile {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        // The disk need not be able to read what is replaced.
        if !self.patches.iter().any(|patch| patch.covers(offset, out.len())) {
            self.file.read_at(offset, out)?;
        }
        self.patches.iter().for_each(|patch| patch.lay_over(offset, out));
        Ok(())
    }

    fn write_at(&self, _offset: u64, _data: &[u8]) -> io::Result<()> {
        refused()
    }

    fn set_size(&self, _size: u64) -> io::Result<()> {
        refused()
    }

    fn allocate(&self, _size: u64) -> io::Result<()> {
        refused()
    }

    fn sync(&self) -> io::Result<()> {
        refused()
    }

    fn map(&self, _size: u64) -> io::Result<Box<dyn Mapping>> {
        refused()
    }
}
