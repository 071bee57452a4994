//! Which pages redb may read as branches: it believes what stands in one, so those that stand in the
//! file are known since the check of page ownership, and all others are its own.

use std::ops::Range;

use fixedbitset::FixedBitSet;
use parking_lot::RwLock;

use super::pages::is_branch;

/// The blocks that may begin a branch; any may as long as nobody has said which.
#[derive(Debug, Default)]
pub(in crate::tree) struct Branches(RwLock<Option<FixedBitSet>>);

impl Branches {
    /// From now on only these may, and those that are written.
    pub(in crate::tree) fn restrict_to(&self, known: FixedBitSet) {
        *self.0.write() = Some(known);
    }

    /// Whether the page that begins with this block may be what it says.
    pub(super) fn allow(&self, block: u64, page: &[u8]) -> bool {
        !is_branch(page) || self.0.read().as_ref().is_none_or(|known| known.contains(place(block)))
    }

    /// These blocks are written.
    pub(super) fn add(&self, blocks: Range<u64>) {
        if let Some(known) = self.0.write().as_mut() {
            known.grow(place(blocks.end));
            known.insert_range(place(blocks.start)..place(blocks.end));
        }
    }
}

fn place(block: u64) -> usize {
    usize::try_from(block).unwrap_or(usize::MAX)
}
