//! What calls meet of damage: each record counted once, each kind told once, and the first one noted for
//! the next opening.

use std::collections::HashSet;

use super::{Engine, damage_file};
use crate::Error;
use crate::event::Event;
use crate::platform::sync::Mutex;
use crate::platform::sync::atomic::{AtomicBool, Ordering};
use crate::record::Header;
use crate::tree::TREE_FILE;

/// The damage that is known of.
#[derive(Default)]
pub(super) struct KnownDamage {
    /// Records that the opening lost with damaged blocks.
    lost: u64,
    /// The ids of those that calls met.
    met: Mutex<HashSet<u64>>,
    record_told: AtomicBool,
    block_told: AtomicBool,
}

impl KnownDamage {
    pub(super) fn after_losing(lost: u64) -> KnownDamage {
        KnownDamage { lost, ..KnownDamage::default() }
    }

    /// How many records it is.
    pub(super) fn records(&self) -> u64 {
        self.lost + self.met.lock().len() as u64
    }
}

impl Engine {
    /// Counts a damaged record; the first one is told.
    pub(super) fn note_damage(&self, id: u64) {
        self.damage.met.lock().insert(id);
        if !self.damage.record_told.swap(true, Ordering::Relaxed) {
            self.options.tell(Event::RecordDamaged { path: self.options.path.clone() });
            self.remember_damage(id);
        }
    }

    /// Counts a record that the B-tree's file cannot give; the first one is told.
    pub(super) fn note_unreadable(&self, id: u64, error: &Error) {
        if matches!(error, Error::Closed) {
            return;
        }
        self.damage.met.lock().insert(id);
        if !self.damage.block_told.swap(true, Ordering::Relaxed) {
            let path = self.options.path.join(TREE_FILE);
            self.options.tell(Event::BlockDamaged { path, error: error.clone() });
            if error.is_damage() {
                self.remember_damage(id);
            }
        }
    }

    /// Without space for it, it is told of when a call meets it again.
    fn remember_damage(&self, id: u64) {
        let _ = damage_file::note(self.options.folder(), self.tree.store(), id);
    }

    /// Looks whether what an earlier opening met is still damaged.
    pub(super) fn look_at_known_damage(&self) {
        let Some(id) = damage_file::noted(self.options.folder(), self.tree.store()) else { return };
        let mut record = Vec::new();
        match self.tree.get(id, &mut record) {
            Err(error) => self.note_unreadable(id, &error),
            Ok(true) if self.opens(id, &mut record) == Some(false) => self.note_damage(id),
            Ok(_) => damage_file::clear(self.options.folder()),
        }
    }

    /// Whether a record decrypts; `None` without its key.
    fn opens(&self, id: u64, record: &mut [u8]) -> Option<bool> {
        let Some((header, head)) = Header::parse(record) else { return Some(false) };
        let epoch = self.epochs.get(header.epoch)?;
        Some(epoch.open(id, &header, head, record).is_some())
    }
}
