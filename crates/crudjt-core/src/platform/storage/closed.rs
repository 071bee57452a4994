//! Replaces a file after its store is closed: a handle that somebody still holds must not keep the
//! file open, because Windows could not remove its folder.

use std::io;

use super::{Mapping, StorageFile};

/// A closed file: every access fails.
#[derive(Debug)]
pub(crate) struct ClosedStorage;

fn closed<T>() -> io::Result<T> {
    Err(io::Error::other("the file was closed with its store"))
}

impl StorageFile for ClosedStorage {
    fn size(&self) -> io::Result<u64> {
        closed()
    }

    fn read_at(&self, _offset: u64, _out: &mut [u8]) -> io::Result<()> {
        closed()
    }

    fn write_at(&self, _offset: u64, _data: &[u8]) -> io::Result<()> {
        closed()
    }

    fn set_size(&self, _size: u64) -> io::Result<()> {
        closed()
    }

    fn allocate(&self, _size: u64) -> io::Result<()> {
        closed()
    }

    fn sync(&self) -> io::Result<()> {
        closed()
    }

    fn map(&self, _size: u64) -> io::Result<Box<dyn Mapping>> {
        closed()
    }
}
