//! What the engine reports outside any call, for the store's operator. Each event is reported once.

use std::path::PathBuf;
use std::sync::Arc;

/// Something the operator of a store should know. No text contains a token, data or a key.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Event {
    /// The secret opens no domain of a store that holds records.
    #[error(
        "The secret key opens none of the tokens in the store at {}: they read as absent until the key that they were created with is given again",
        path.display()
    )]
    NewKey {
        /// The store's folder.
        path: PathBuf,
    },
    /// The secret has few distinct bytes.
    #[error("The secret key looks guessable: generate one from 32 random bytes, in Base64")]
    WeakKey,
    /// A record failed authentication; it reads as absent.
    #[error(
        "A record in the store at {} is damaged and reads as absent: verify the store, then repair it or restore a backup. Further damaged records are only counted",
        path.display()
    )]
    RecordDamaged {
        /// The store's folder.
        path: PathBuf,
    },
    /// A call met a damaged block of the B-tree.
    #[error(
        "Calls about the tokens in a damaged block of {} fail, all others go on: {error}",
        path.display()
    )]
    BlockDamaged {
        /// The B-tree's file.
        path: PathBuf,
        /// What the call failed with.
        error: crate::Error,
    },
    /// The B-tree's file was rebuilt without its damaged blocks.
    #[error(
        "Damaged blocks of the B-tree in the store at {}: {blocks}, the first is block {block}: {records} tokens are lost and read as absent, all others go on. The damaged file is kept as {kept}: check the disk, then restore a backup, or remove that file to accept the loss",
        path.display()
    )]
    TreeDamaged {
        /// The store's folder.
        path: PathBuf,
        /// The first damaged block.
        block: u64,
        /// Damaged blocks.
        blocks: u64,
        /// Records in them.
        records: u64,
        /// The name of the damaged file.
        kept: &'static str,
    },
    /// Blocks of the B-tree that lead to all others were damaged and restored from their copies.
    #[error(
        "Damaged blocks at {} that lead to all others have been restored from their copies, and nothing is lost: check the disk",
        path.display()
    )]
    TreeRestored {
        /// The B-tree's file.
        path: PathBuf,
    },
    /// An earlier opening has lost records to damaged blocks.
    #[error(
        "The store lost tokens in damaged blocks, which {} keeps: check the disk, then restore a backup, or remove that file to accept the loss",
        path.display()
    )]
    DamageKept {
        /// The file with the damaged blocks.
        path: PathBuf,
    },
    /// A failure left the state of the disk unknown: writes are refused until the store is
    /// reopened.
    #[error("The store refuses writes until it is reopened, reads continue: {error}")]
    Failed {
        /// The failure.
        error: crate::Error,
    },
    /// There is no space for the next segment of the journal.
    #[error(
        "The disk of the store at {} is full: once the journal's segment is full too, new tokens are refused until there is space again; deletes go on. Free some space",
        path.display()
    )]
    DiskFull {
        /// The store's folder.
        path: PathBuf,
    },
    /// After [`Event::DiskFull`]: there is space for the next segment again.
    #[error("The disk of the store at {} has space again: new tokens are accepted", path.display())]
    DiskFreed {
        /// The store's folder.
        path: PathBuf,
    },
    /// The wall clock stepped ahead of the monotonic one, which the store's time follows.
    #[error(
        "The system clock stepped ahead by {seconds} s: check it. Tokens still end after their ttl, by the monotonic clock"
    )]
    ClockJumped {
        /// By how many seconds.
        seconds: u64,
    },
    /// The wall clock stepped back, or is behind the newest time recorded in the store.
    #[error(
        "The system clock stepped back by {seconds} s, or is that far behind the time recorded in the store: check it. Tokens still end after their ttl, by the monotonic clock"
    )]
    ClockBehind {
        /// By how many seconds.
        seconds: u64,
    },
    /// One of the keyring's two copies was missing or damaged and was rewritten.
    #[error(
        "A copy of the keyring at {} was missing or damaged and has been restored from the other: check the disk",
        path.display()
    )]
    KeyringRepaired {
        /// The store's folder.
        path: PathBuf,
    },
    /// The store is in the project's folder, since the system's default folder is not usable.
    #[error(
        "The system's folder for stores cannot be written to, so the store is at {}: set a path to choose another folder",
        path.display()
    )]
    InProject {
        /// The store's folder.
        path: PathBuf,
    },
    /// Other users may write to the store's folder.
    #[error(
        "The folder {} can be written to by other users, who can then remove or replace the store: take the permission to write from them",
        path.display()
    )]
    SharedFolder {
        /// The store's folder.
        path: PathBuf,
    },
    /// The store's folder has files of another program or of crudjt 1.x; they are left alone.
    #[error(
        "The folder {} has files that are not part of the store ({names}): they are left alone. Tokens of crudjt 1.x cannot be read by 2.x",
        path.display()
    )]
    ForeignFiles {
        /// The store's folder.
        path: PathBuf,
        /// Some of their names.
        names: String,
    },
}

impl Event {
    /// The stable code, as `CRUDJT_NEW_KEY`.
    pub fn code(&self) -> &'static str {
        match self {
            Event::NewKey { .. } => "CRUDJT_NEW_KEY",
            Event::WeakKey => "CRUDJT_WEAK_KEY",
            Event::RecordDamaged { .. } => "CRUDJT_RECORD_DAMAGED",
            Event::BlockDamaged { .. } => "CRUDJT_BLOCK_DAMAGED",
            Event::TreeDamaged { .. } => "CRUDJT_TREE_DAMAGED",
            Event::TreeRestored { .. } => "CRUDJT_TREE_RESTORED",
            Event::DamageKept { .. } => "CRUDJT_DAMAGE_KEPT",
            Event::Failed { .. } => "CRUDJT_FAILED",
            Event::DiskFreed { .. } => "CRUDJT_DISK_FREED",
            Event::DiskFull { .. } => "CRUDJT_DISK_FULL",
            Event::ClockJumped { .. } => "CRUDJT_CLOCK_JUMPED",
            Event::ClockBehind { .. } => "CRUDJT_CLOCK_BEHIND",
            Event::KeyringRepaired { .. } => "CRUDJT_KEYRING_REPAIRED",
            Event::ForeignFiles { .. } => "CRUDJT_FOREIGN_FILES",
            Event::InProject { .. } => "CRUDJT_IN_PROJECT",
            Event::SharedFolder { .. } => "CRUDJT_SHARED_FOLDER",
        }
    }
}

/// Receives [`Event`]s, on whichever thread they happen; must not block or panic.
pub type EventHandler = Arc<dyn Fn(Event) + Send + Sync>;
