//! Fault switches for the test of the tests: each [`Breakage`] leaves one rule of the commit
//! protocol out, where the macro `sabotage!` names it.

use std::sync::atomic::{AtomicU8, Ordering};

/// A rule of the commit protocol that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Breakage {
    /// The folder is not synced after a segment was renamed into place.
    FolderUnsynced = 1,
    /// A sync mark is written before the entries it covers are synced.
    MarkAhead,
    /// Frozen segments are not synced before the active one.
    FrozenUnsynced,
    /// The B-tree is committed before the journal is synced up to that point.
    CommitAhead,
    /// The B-tree's file is not synced in a commit.
    TreeUnsynced,
    /// A commit does not write the copy of its root blocks.
    RootsUncopied,
    /// Recovered segments are neither truncated nor synced.
    RecoveredUnsynced,
    /// Recovered entries are synced but not rewritten.
    RecoveredTrusted,
    /// The checksums of entries are not verified.
    EntriesUnchecked,
    /// Segments after a gap and unused ones are not removed.
    StaleKept,
    /// A keyring is renamed into place before it is synced.
    KeyringUnsynced,
    /// A keyring is written without its older slots before it is written with the new one.
    SlotsDroppedFirst,
    /// A keyring with slots for a newer secret is not saved.
    CarriedUnsaved,
    /// A new domain replaces the existing ones.
    DomainsReplaced,
    /// A failed sync is retried without rewriting the data.
    SyncRetried,
    /// A failure does not stop the store from accepting writes.
    Unlatched,
    /// New tokens may use the space at the end of the last segment that is reserved for changes.
    ReserveSpent,
    /// Nobody looks whether the folder, the lock and the B-tree are still the owner's.
    OwnershipUnchecked,
    /// Only the file `lock` is locked.
    TreeUnlocked,
    /// The store's time is the wall clock's.
    TimeByWall,
    /// An opening does not use what is known of the same boot.
    BootIgnored,
    /// What the wall clock alone told at an opening is trusted at once.
    JumpTrusted,
    /// A record that was answered as expired is not journalled as removed.
    ExpiredUnjournalled,
    /// A segment that cannot be made stops the store from accepting writes.
    MakingLatches,
    /// A full disk keeps a segment of the usual size in use whose records have all expired.
    ActiveKept,
    /// The shelf is not told of changes.
    ShelfUntold,
    /// A store whose last owner had a shelf answers at once.
    GraceSkipped,
}

static ON: AtomicU8 = AtomicU8::new(0);

/// Breaks this rule and no other; `None` breaks none.
pub fn switch(on: Option<Breakage>) {
    ON.store(on.map_or(0, |breakage| breakage as u8), Ordering::SeqCst);
}

pub(crate) fn is_on(breakage: Breakage) -> bool {
    ON.load(Ordering::SeqCst) == breakage as u8
}
