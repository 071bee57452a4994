//! What the engine reports on its own, outside any call. Each event is told once.

use std::path::PathBuf;
use std::sync::Arc;

/// Something the owner of the store should know of. No text ever holds a token, data or a key.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Event {
    /// The secret opens no domain of a store that holds records.
    #[error(
        "The secret key is new to the store at {}: tokens made with another key read as null until that key is back",
        path.display()
    )]
    NewKey {
        /// The store's folder.
        path: PathBuf,
    },
    /// The secret holds few different bytes.
    #[error("The secret key looks guessable: make one with 32 random bytes in Base64")]
    WeakKey,
    /// A record failed its authentication; it reads as absent.
    #[error("A record in the store at {} is damaged and reads as absent", path.display())]
    RecordDamaged {
        /// The store's folder.
        path: PathBuf,
    },
    /// Writing failed: writes are refused until the store is opened anew.
    #[error("The store takes no more writes until it is opened anew: {error}")]
    Failed {
        /// What failed.
        error: crate::Error,
    },
    /// The wall clock ran ahead of the monotonic one; sweeping waits an hour.
    #[error(
        "The system clock jumped ahead by {seconds} s: expired tokens are swept only after an hour"
    )]
    ClockJumped {
        /// By how many seconds.
        seconds: u64,
    },
    /// The newest time in the store lies ahead of the system clock; it was set aside.
    #[error(
        "The newest time in the store is {seconds} s ahead of the system clock and was set aside: check the clock"
    )]
    ClockBehind {
        /// By how many seconds.
        seconds: u64,
    },
    /// One of the keyring's two copies was missing or damaged and was written anew.
    #[error("A copy of the keyring at {} was damaged and has been written anew from the other", path.display())]
    KeyringRepaired {
        /// The store's folder.
        path: PathBuf,
    },
    /// The store's folder is the project's, since the system's place for it can't be used.
    #[error(
        "The system's folder for stores can't be written, so the store is at {}: give a path to choose another",
        path.display()
    )]
    InProject {
        /// The store's folder.
        path: PathBuf,
    },
    /// Files of another program or of crudjt 1.x stand in the store's folder; they are left alone.
    #[error(
        "The folder {} holds files that are not of this version ({names}): they are left alone; tokens of crudjt 1.x can't be read by 2.x",
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
            Event::Failed { .. } => "CRUDJT_FAILED",
            Event::ClockJumped { .. } => "CRUDJT_CLOCK_JUMPED",
            Event::ClockBehind { .. } => "CRUDJT_CLOCK_BEHIND",
            Event::KeyringRepaired { .. } => "CRUDJT_KEYRING_REPAIRED",
            Event::ForeignFiles { .. } => "CRUDJT_FOREIGN_FILES",
            Event::InProject { .. } => "CRUDJT_IN_PROJECT",
        }
    }
}

/// Receives [`Event`]s, on whatever thread they happen; must not block or panic.
pub type EventHandler = Arc<dyn Fn(Event) + Send + Sync>;
