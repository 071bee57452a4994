//! A snapshot of the open store, for a backup.

use super::Engine;
use crate::Result;
use crate::crypto::keyring::Keyring;
use crate::tree::Snapshot;

impl Engine {
    /// Calls `copy` with a commit that holds everything acknowledged so far, while others follow it.
    /// One at a time; the blocks of the commit are not reused meanwhile, so the file may grow by what
    /// is written during the copy.
    pub(crate) fn with_snapshot<T>(
        &self,
        copy: impl FnOnce(&Keyring, &Snapshot<'_>) -> Result<T>,
    ) -> Result<T> {
        self.checkpoint()?;
        let _turn = self.backing_up.lock();
        self.check_open()?;
        let snapshot = self.tree.snapshot()?;
        // Taken after the snapshot: it has the domain of every record in it.
        let keyring = self.keyring.lock().clone();
        copy(&keyring, &snapshot)
    }
}
