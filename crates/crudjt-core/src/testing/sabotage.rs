//! ReaderIndex ways to break the engine, for the test of its tests: each leaves one rule of the commit
//! protocol out. Without the feature `sabotage` none of them can be switched on, and the compiler
//! takes them out.

#[cfg(feature = "sabotage")]
use std::sync::atomic::{AtomicU8, Ordering};

/// A rule that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Breakage {
    /// The folder is not synced after a segment got its name.
    FolderUnsynced = 1,
    /// A sync mark is written before what it speaks of is synced.
    MarkAhead,
    /// Frozen segments are not synced before the active one.
    FrozenUnsynced,
    /// The B-tree is committed before the journal is synced as far.
    CommitAhead,
    /// The B-tree's file is not synced in a commit.
    TreeUnsynced,
    /// What was recovered is neither cut nor synced.
    RecoveredUnsynced,
    /// What was recovered is synced but not written again.
    RecoveredTrusted,
    /// The checksums of entries are not looked at.
    EntriesUnchecked,
    /// Segments behind a hole and unused ones are not removed.
    StaleKept,
    /// A keyring is renamed into place before it is synced.
    KeyringUnsynced,
    /// A keyring is written without its older slots before it is written with the new one.
    SlotsDroppedFirst,
    /// A keyring that a newer secret took over is not written.
    CarriedUnsaved,
    /// A domain that is added takes the place of those that are there.
    DomainsReplaced,
    /// A sync that failed is tried again, and nothing is written anew.
    SyncRetried,
    /// A failure does not keep the store from taking writes.
    Unlatched,
    /// New tokens may use up the end of the last segment that there is space for.
    ReserveSpent,
}

#[cfg(feature = "sabotage")]
static ON: AtomicU8 = AtomicU8::new(0);

/// Breaks this, and nothing else; nothing with `None`.
#[cfg(feature = "sabotage")]
pub fn switch(on: Option<Breakage>) {
    ON.store(on.map_or(0, |breakage| breakage as u8), Ordering::SeqCst);
}

#[cfg(feature = "sabotage")]
pub(crate) fn broken(breakage: Breakage) -> bool {
    ON.load(Ordering::SeqCst) == breakage as u8
}

#[cfg(not(feature = "sabotage"))]
pub(crate) const fn broken(_breakage: Breakage) -> bool {
    false
}
