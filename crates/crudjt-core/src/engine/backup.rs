//! A copy of the open store: everything so far goes into the B-tree, and that commit is copied
//! while others follow.

use std::path::Path;

use super::Engine;
use crate::Result;
use crate::maintenance::{self, BackedUp, Progress};

impl Engine {
    /// See [`crate::Store::backup`]. One at a time; the blocks of the commit that is copied are not
    /// used again meanwhile, so the file may grow by what is written beside it.
    pub(crate) fn backup(&self, target: &Path, progress: Progress<'_>) -> Result<BackedUp> {
        self.checkpoint()?;
        let _turn = self.backing_up.lock();
        self.check_open()?;
        let snapshot = self.tree.snapshot()?;
        // Taken later than the snapshot: it has the domain of every record in it.
        let keyring = self.keyring.lock().clone();
        maintenance::copy(&self.options, target, &keyring, &snapshot, progress, &|| {
            self.check_open()
        })
    }
}
