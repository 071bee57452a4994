//! The file format of the keyring.
//!
//! ```text
//!  0  [u8; 8]  magic "CRUDJTKR"
//!  8  u16      format version (2)
//! 10  u16      0
//! 12  u32      slots
//! 16  [u8; 16] store id
//! 32  u64      generation, incremented by every change
//! 40  slots of 118 bytes: domain 16, role 1, cipher 1, salt 32, nonce 12, wrapped root 32, tag 16,
//!     u64 creation time, in milliseconds since 1970
//!  …  u64      checksum of everything before it
//! ```
//!
//! Version 1, whose slots had no creation time, was never published.

use std::io;
use std::path::Path;

use super::{Keyring, Slot};
use crate::bytes::{ByteReader, after_version, append_checksum, checked};
use crate::platform::storage::{Folder, Mode, read_all};
use crate::{Error, Result};

/// The two copies of the keyring.
pub(crate) const KEYRING_FILES: [&str; 2] = ["keyring", "keyring.copy"];

/// The random id of a store; all its files carry it.
pub(crate) type StoreId = [u8; 16];

const MAGIC: &[u8; 8] = b"CRUDJTKR";
const FORMAT: u16 = 2;
/// Bounds the memory that a forged file can take.
const SIZE_MAX: u64 = 1 << 20;

/// Whether a file of this name belongs to this module.
pub(crate) fn is_own_file(name: &str) -> bool {
    KEYRING_FILES.contains(&name) || name == "keyring.new"
}

/// Reads one copy; `None` if it is missing.
pub(super) fn read(folder: Folder<'_>, name: &str, mode: Mode) -> Result<Option<Keyring>> {
    let path = &folder.path.join(name);
    let file = match folder.open(name, mode) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(|error| Error::storage(path, "open its keyring", error))?,
    };
    let unreadable = |error| Error::storage(path, "read its keyring", error);
    if file.size().map_err(unreadable)? > SIZE_MAX {
        return Err(Error::damaged(path, "the keyring is too long"));
    }
    let bytes = read_all(file.as_ref()).map_err(unreadable)?;
    Keyring::parse(path, &bytes).map(Some)
}

/// Fails on a copy of a newer version, which must not be replaced by the other copy.
pub(super) fn refuse_newer(copy: Result<Option<Keyring>>) -> Result<Result<Option<Keyring>>> {
    match copy {
        Err(error @ Error::Version { .. }) => Err(error),
        copy => Ok(copy),
    }
}

impl Keyring {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(48 + self.slots.len() * Slot::BYTES);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&(self.slots.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.store);
        out.extend_from_slice(&self.generation.to_le_bytes());
        for slot in &self.slots {
            slot.write(&mut out);
        }
        append_checksum(&mut out);
        out
    }

    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Keyring> {
        let damaged = || {
            Error::damaged(path, "this copy of the keyring can't be read: restore it from a backup")
        };
        let mut reader = after_version(path, checked(bytes), MAGIC, FORMAT, damaged)?;
        Keyring::parse_body(&mut reader).ok_or_else(damaged)
    }

    fn parse_body(reader: &mut ByteReader<'_>) -> Option<Keyring> {
        reader.u16()?;
        let count = reader.u32()?;
        let (store, generation) = (reader.array()?, reader.counter()?);
        let slots = (0..count).map(|_| Slot::parse(reader)).collect::<Option<Vec<_>>>()?;
        reader.0.is_empty().then_some(Keyring { store, generation, slots })
    }
}
