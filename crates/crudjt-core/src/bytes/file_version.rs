//! What all files have in common: a magic number, then a version. An unknown newer version is
//! refused by name; older ones were never published.

use std::cmp::Ordering;
use std::path::Path;

use crate::bytes::ByteReader;
use crate::{Error, Result};

/// Takes magic number and version off the front of a file's bytes, which are `None` if their
/// checksum is wrong; gives what follows. What is not such a file is the error `damaged`.
pub(crate) fn after_version<'a>(
    path: &Path,
    bytes: Option<&'a [u8]>,
    magic: &[u8; 8],
    known: u16,
    damaged: impl Fn() -> Error,
) -> Result<ByteReader<'a>> {
    let mut reader = ByteReader(bytes.ok_or_else(&damaged)?);
    if reader.array().as_ref() != Some(magic) {
        return Err(damaged());
    }
    let found = reader.u16().ok_or_else(&damaged)?;
    match found.cmp(&known) {
        Ordering::Less => Err(damaged()),
        Ordering::Equal => Ok(reader),
        Ordering::Greater => Err(Error::Version { path: path.to_path_buf(), found, known }),
    }
}
