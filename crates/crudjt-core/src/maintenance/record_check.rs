//! Checks a sealed record: its header, its epoch and, with the key, its seal.

use std::collections::HashMap;

use crate::bytes::SANE;
use crate::crypto::keyring::{Keyring, Unlocked};
use crate::crypto::{EpochRow, Epochs};
use crate::record::{Header, TAG};

/// The result of checking a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was decrypted.
    Opened,
    /// It looks valid; its key is not available.
    Sealed,
    /// It is invalid, for this reason.
    Invalid(&'static str),
}

/// The epochs of a store, and the keys of those that the secrets open.
pub(super) struct RecordCheck {
    rows: HashMap<u32, EpochRow>,
    keys: Epochs,
    scratch: Vec<u8>,
}

impl RecordCheck {
    pub(super) fn new(rows: impl Iterator<Item = EpochRow>, unlocked: &Unlocked) -> RecordCheck {
        let rows: HashMap<u32, EpochRow> = rows.map(|row| (row.number, row)).collect();
        let keys = Epochs::default();
        for row in rows.values() {
            if let Some(domain) = unlocked.domains.iter().find(|domain| domain.id == row.domain) {
                drop(keys.add(domain, *row));
            }
        }
        RecordCheck { rows, keys, scratch: Vec::new() }
    }

    /// The epochs' rows.
    pub(super) fn epochs(&self) -> Vec<EpochRow> {
        self.rows.values().copied().collect()
    }

    /// Whether an epoch belongs to a domain that the keyring does not have.
    pub(super) fn has_foreign_epoch(&self, keyring: &Keyring) -> bool {
        self.rows.values().any(|row| !keyring.has(row.domain))
    }

    /// Checks a record; also gives its header, if it has one.
    pub(super) fn check(&mut self, id: u64, record: &[u8]) -> (Option<Header>, Verdict) {
        if id >= SANE {
            return (None, Verdict::Invalid("this record has an id that no store assigns"));
        }
        let Some((header, head)) = Header::parse(record) else {
            return (None, Verdict::Invalid("this record has an unknown format"));
        };
        if record.len() < head + TAG {
            return (None, Verdict::Invalid("this record is too short"));
        }
        if !self.rows.contains_key(&header.epoch) {
            return (Some(header), Verdict::Invalid("the epoch of this record is missing"));
        }
        let Some(epoch) = self.keys.get(header.epoch) else {
            return (Some(header), Verdict::Sealed);
        };
        self.scratch.clear();
        self.scratch.extend_from_slice(record);
        let opened = epoch.open(id, &header, head, &mut self.scratch);
        zeroize::Zeroize::zeroize(&mut self.scratch);
        let invalid = Verdict::Invalid("this record can't be decrypted with its key");
        (Some(header), opened.map_or(invalid, |_| Verdict::Opened))
    }
}
