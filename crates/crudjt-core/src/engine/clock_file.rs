//! The file `clock`: how the store's time relates to the system's clocks. Without it, or on another
//! boot, only the wall clock tells how long the store was closed.
//!
//! ```text
//!  0  [u8; 8]  "CRUDJTCL"
//!  8  u16      format version (1), 6 × 0
//! 16  [u8; 16] store id
//! 32  u64      boot
//! 40  u64      monotonic time of that boot, in milliseconds
//! 48  u64      the store's time at that moment
//! 56  i64      by how much the store's time is ahead of the wall clock
//! 64  u64      how much of the store's time the wall clock alone told …
//! 72  u64      … which is not trusted before this monotonic time
//! 80  u64      checksum of the bytes before
//! ```
//!
//! It is written when it is no longer right, which an opening finds, or a look at a wall clock that
//! has stepped; and never synced: what it says of a boot does not outlive that boot. One that is not
//! readable is missing.

use std::io;
use std::sync::Arc;

use crate::bytes::{ByteReader, SANE, append_checksum, checked};
use crate::crypto::keyring::StoreId;
use crate::platform::storage::{Folder, Mode, StorageFile};
use crate::{Error, Result};

/// The file's name.
pub(super) const CLOCK_FILE: &str = "clock";
const MAGIC: &[u8; 8] = b"CRUDJTCL";
const FORMAT: u16 = 1;
const SIZE: usize = 88;

/// The store's time at one moment of a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Anchor {
    pub(super) boot: u64,
    pub(super) monotonic: u64,
    pub(super) time: u64,
    pub(super) lead: i64,
    pub(super) jump: u64,
    pub(super) trusted_from: u64,
}

impl Anchor {
    /// Whether its moment was in this boot.
    pub(super) fn is_of(&self, boot: Option<u64>, monotonic: u64) -> bool {
        boot == Some(self.boot) && self.monotonic <= monotonic
    }

    /// The store's time at a later moment of the same boot.
    pub(super) fn time_at(&self, monotonic: u64) -> u64 {
        self.time + (monotonic - self.monotonic)
    }

    /// Whether both say the same, at two moments.
    pub(super) fn agrees_with(&self, later: &Anchor) -> bool {
        let start = |anchor: &Anchor| Anchor {
            time: anchor.time.wrapping_sub(anchor.monotonic),
            monotonic: 0,
            ..*anchor
        };
        self.monotonic <= later.monotonic && start(self) == start(later)
    }

    /// What the store's time was at least.
    pub(super) fn least(&self) -> u64 {
        self.time.saturating_sub(self.jump)
    }

    fn to_bytes(self, store: &StoreId) -> Vec<u8> {
        let mut out = head(store);
        let lead = self.lead as u64;
        for field in [self.boot, self.monotonic, self.time, lead, self.jump, self.trusted_from] {
            out.extend_from_slice(&field.to_le_bytes());
        }
        append_checksum(&mut out);
        out
    }

    fn parse(bytes: &[u8], store: &StoreId) -> Option<Anchor> {
        let head = head(store);
        let mut reader = ByteReader(checked(bytes)?);
        if reader.take(head.len())? != head {
            return None;
        }
        let anchor = Anchor {
            boot: reader.u64()?,
            monotonic: reader.counter()?,
            time: reader.counter()?,
            lead: reader.u64()? as i64,
            jump: reader.counter()?,
            trusted_from: reader.counter()?,
        };
        (anchor.lead.unsigned_abs() < SANE && anchor.jump <= anchor.time).then_some(anchor)
    }
}

fn head(store: &StoreId) -> Vec<u8> {
    [MAGIC.as_slice(), &FORMAT.to_le_bytes(), &[0; 6], store].concat()
}

/// The file of an open store. It stays open, so that a store whose folder was taken away writes to
/// nobody else's file.
pub(super) struct ClockFile {
    file: Arc<dyn StorageFile>,
    store: StoreId,
}

impl ClockFile {
    /// `None` if there is no space for it: the store then works without it.
    ///
    /// # Errors
    /// The folder is not usable.
    pub(super) fn open(folder: Folder<'_>, store: StoreId) -> Result<Option<ClockFile>> {
        match folder.open(CLOCK_FILE, Mode::Either) {
            Ok(file) => Ok(Some(ClockFile { file, store })),
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(None),
            Err(error) => Err(Error::unusable(folder.path, error)),
        }
    }

    pub(super) fn load(&self) -> Option<Anchor> {
        let mut bytes = [0u8; SIZE];
        self.file.read_at(0, &mut bytes).ok()?;
        Anchor::parse(&bytes, &self.store)
    }

    /// One that cannot be written is as good as missing; the wall clock serves then.
    pub(super) fn save(&self, anchor: &Anchor) {
        let _ = self.file.write_at(0, &anchor.to_bytes(&self.store));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_field_round_trips_and_no_other_bytes_are_an_anchor(
            boot: u64, times in [0..SANE, 0..SANE, 0..SANE, 0..SANE], lead in -(SANE as i64) + 1..SANE as i64, store: [u8; 16], at in 0..SIZE, flip in 1..=255u8
        ) {
            let [monotonic, time, jump, trusted_from] = times;
            let anchor = Anchor { boot, monotonic, time, lead, jump: jump.min(time), trusted_from };
            let mut bytes = anchor.to_bytes(&store);
            prop_assert_eq!(bytes.len(), SIZE);
            prop_assert_eq!(Anchor::parse(&bytes, &store), Some(anchor));
            prop_assert_eq!(Anchor::parse(&bytes, &[7; 16]).is_some(), store == [7; 16]);
            bytes[at] ^= flip;
            prop_assert_eq!(Anchor::parse(&bytes, &store), None);
        }
    }
}
