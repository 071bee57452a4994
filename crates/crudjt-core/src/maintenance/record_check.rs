//! Whether a sealed record is one: its header, its epoch, and with the key its seal.

use std::collections::HashMap;

use crate::bytes::SANE;
use crate::crypto::keyring::{Keyring, Unlocked};
use crate::crypto::{EpochRow, Epochs};
use crate::record::{Header, TAG};

/// What a record turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It opens.
    Opened,
    /// It looks right; the key to open it is not at hand.
    Sealed,
    /// It is none, for this reason.
    Bad(&'static str),
}

/// Knows the epochs of a store, and the keys that the secrets open.
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

    /// How many epochs belong to a domain that the keyring doesn't have.
    pub(super) fn strangers(&self, keyring: &Keyring) -> usize {
        self.rows.values().filter(|row| !keyring.has(row.domain)).count()
    }

    /// Checks a record; gives its header where it has one.
    pub(super) fn check(&mut self, id: u64, record: &[u8]) -> (Option<Header>, Verdict) {
        if id >= SANE {
            return (None, Verdict::Bad("this record has an id that no store gives out"));
        }
        let Some((header, head)) = Header::parse(record) else {
            return (None, Verdict::Bad("this is no record that this version knows"));
        };
        if record.len() < head + TAG {
            return (None, Verdict::Bad("this record is too short"));
        }
        if !self.rows.contains_key(&header.epoch) {
            return (Some(header), Verdict::Bad("the epoch of this record is missing"));
        }
        let Some(epoch) = self.keys.get(header.epoch) else {
            return (Some(header), Verdict::Sealed);
        };
        self.scratch.clear();
        self.scratch.extend_from_slice(record);
        let opened = epoch.open(id, &header, head, &mut self.scratch);
        zeroize::Zeroize::zeroize(&mut self.scratch);
        let bad = Verdict::Bad("this record can't be opened with its key");
        (Some(header), opened.map_or(bad, |_| Verdict::Opened))
    }
}
