//! What stands for a file once its store is closed: a handle that is kept by somebody must not keep
//! the file open, for Windows could not remove its folder then.

use std::io;

use super::{Mapping, StorageFile};

/// A file that is not open any more: every access fails.
#[derive(Debug)]
pub(crate) struct Shut;

fn shut<T>() -> io::Result<T> {
    Err(io::Error::other("the file was closed with its store"))
}

impl StorageFile for Shut {
    fn size(&self) -> io::Result<u64> {
        shut()
    }

    fn read_at(&self, _offset: u64, _out: &mut [u8]) -> io::Result<()> {
        shut()
    }

    fn write_at(&self, _offset: u64, _data: &[u8]) -> io::Result<()> {
        shut()
    }

    fn set_size(&self, _size: u64) -> io::Result<()> {
        shut()
    }

    fn allocate(&self, _size: u64) -> io::Result<()> {
        shut()
    }

    fn sync(&self) -> io::Result<()> {
        shut()
    }

    fn map(&self, _size: u64) -> io::Result<Box<dyn Mapping>> {
        shut()
    }
}
