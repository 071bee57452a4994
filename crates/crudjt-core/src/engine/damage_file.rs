//! The file `damage`: where a call met damage first, so that a restart does not forget it. The next
//! opening looks there again: it tells of what is still damaged, and removes the file if nothing is.
//!
//! ```text
//!  0  [u8; 8]  "CRUDJTDM"
//!  8  u16      format version (1), 6 × 0
//! 16  [u8; 16] store id
//! 32  u64      id of the record that could not be read
//! 40  u64      checksum of the bytes before
//! ```
//!
//! One that is not readable, or could not be written, is missing: the damage is told of when a call meets
//! it again.

use std::io;

use crate::bytes::{ByteReader, append_checksum, checked};
use crate::crypto::keyring::StoreId;
use crate::platform::storage::{Folder, Mode, read_all};

/// The file's name.
pub(super) const DAMAGE_FILE: &str = "damage";
/// Its name before it is complete.
pub(super) const DAMAGE_FILE_FRESH: &str = "damage.new";
const MAGIC: &[u8; 8] = b"CRUDJTDM";
const FORMAT: u16 = 1;
const SIZE: u64 = 48;

/// Notes that a record could not be read.
pub(super) fn note(folder: Folder<'_>, store: StoreId, id: u64) -> io::Result<()> {
    let mut bytes = head(&store);
    bytes.extend_from_slice(&id.to_le_bytes());
    append_checksum(&mut bytes);
    folder.replace(DAMAGE_FILE, &bytes)
}

/// The record that could not be read.
pub(super) fn noted(folder: Folder<'_>, store: StoreId) -> Option<u64> {
    let file = folder.open(DAMAGE_FILE, Mode::Read).ok()?;
    if file.size().ok()? != SIZE {
        return None;
    }
    let bytes = read_all(file.as_ref()).ok()?;
    let head = head(&store);
    let mut reader = ByteReader(checked(&bytes)?);
    if reader.take(head.len())? != head { None } else { reader.u64() }
}

/// Removes the file, if there is one.
pub(super) fn clear(folder: Folder<'_>) {
    // One that stays is looked at again by the next opening.
    let _ = folder.storage.remove(&folder.path.join(DAMAGE_FILE));
}

fn head(store: &StoreId) -> Vec<u8> {
    [MAGIC.as_slice(), &FORMAT.to_le_bytes(), &[0; 6], store].concat()
}
