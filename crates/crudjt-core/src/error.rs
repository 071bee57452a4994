//! Every error of this crate. A variant has a stable code, the facts as fields, and a text that
//! says what was wrong, what was expected and what to do. No text contains a token, data or a key.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong. [`Error::code`] is stable within a major version; the texts are for people.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store was closed, or never opened.
    #[error("CRUDJT has not started: open the store before you use it")]
    Closed,
    /// Too much is waiting for the disk, or a key slot has to be written first: nothing was done.
    /// Call [`crate::Store::wait_for_room`], then retry.
    #[error("Too many changes are waiting for the disk: wait for room, then retry")]
    Busy,
    /// The secret cannot be used as a key. The text is a predicate, as "is blank": callers name the
    /// secret in their own terms.
    #[error("{0}")]
    SecretKey(String),
    /// No domain of the store opens with the secret, and `require_known_key` is set.
    #[error(
        "The secret key is new to the store at {}, which already holds records: give the key that the store was written with",
        path.display()
    )]
    UnknownKey {
        /// The store's folder.
        path: PathBuf,
    },
    /// Another process owns the store.
    #[error("CRUDJT master already running: the store at {} belongs to {owner}", path.display())]
    Locked {
        /// The store's folder.
        path: PathBuf,
        /// Who has it open.
        owner: Owner,
    },
    /// This process has the store open with another key or other options.
    #[error(
        "The store at {} is already open in this process with another key or other options: close it first, or open it with the same ones",
        path.display()
    )]
    AlreadyOpen {
        /// The store's folder.
        path: PathBuf,
    },
    /// A folder or file cannot be used as the store needs it.
    #[error("Cannot use {} for the store: {reason}", path.display())]
    Path {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// The disk is full; nothing was lost.
    #[error(
        "No space left for the store at {}: free some space. Acknowledged operations are safe",
        path.display()
    )]
    Full {
        /// The folder or file.
        path: PathBuf,
    },
    /// An access to the disk failed, or what it read is damaged. After a failed write the store
    /// refuses writes until it is reopened; reads continue.
    #[error("The store at {} cannot {what}: {source}. {}", path.display(), advice(source))]
    Storage {
        /// The folder or file.
        path: PathBuf,
        /// What was attempted.
        what: &'static str,
        /// The system's error.
        source: Arc<io::Error>,
    },
    /// The folder, the lock or the B-tree of an open store was removed or replaced: another process
    /// may own the store by now, so nothing is written any more.
    #[error(
        "The store at {} no longer belongs to this process: its folder, its lock or its B-tree was removed or replaced while it was open. Open the store again",
        path.display()
    )]
    FolderLost {
        /// The store's folder.
        path: PathBuf,
    },
    /// A file is damaged or missing.
    #[error("The store is damaged: {}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found and what to do.
        what: String,
    },
    /// A file was written by a newer version.
    #[error(
        "{} has format version {found}, but this program reads only versions up to {known}: use the newer crudjt that wrote it",
        path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: u16,
        /// The newest version that this program reads.
        known: u16,
    },
    /// The data is larger than `max_data_size`.
    #[error("Hash can not be bigger than {limit} bytesize: got {size} bytes")]
    TooLarge {
        /// Bytes given.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A limit is 0 or beyond 2^63 - 1.
    #[error("{0} should be greater than 0 and less than 2^64")]
    Limit(&'static str),
    /// The system provided no randomness.
    #[error(
        "The system provided no random bytes, without which no token is safe: check its random number generator"
    )]
    Randomness,
}

impl Error {
    /// The stable code, as `ERR_CRUDJT_STORAGE`.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Closed => "ERR_CRUDJT_NOT_STARTED",
            Error::Busy => "ERR_CRUDJT_BUSY",
            Error::SecretKey(_) => "ERR_CRUDJT_SECRET_KEY",
            Error::UnknownKey { .. } => "ERR_CRUDJT_UNKNOWN_KEY",
            Error::Locked { .. } => "ERR_CRUDJT_STORE_LOCKED",
            Error::AlreadyOpen { .. } => "ERR_CRUDJT_STORE_OPEN",
            Error::Path { .. } => "ERR_CRUDJT_PATH",
            Error::Full { .. } => "ERR_CRUDJT_FULL",
            Error::Storage { source, .. } if !is_wrong_content(source) => "ERR_CRUDJT_STORAGE",
            Error::FolderLost { .. } | Error::Randomness => "ERR_CRUDJT_STORAGE",
            Error::Damaged { .. } | Error::Storage { .. } => "ERR_CRUDJT_DAMAGED",
            Error::Version { .. } => "ERR_CRUDJT_VERSION",
            Error::TooLarge { .. } => "ERR_CRUDJT_DATA_TOO_LARGE",
            Error::Limit(_) => "ERR_CRUDJT_LIMIT",
        }
    }

    /// Neither copy of the keyring is readable.
    pub(crate) fn no_keyring(path: &Path) -> Error {
        Error::damaged(
            path,
            "neither copy of the keyring is readable: restore one from a backup, without it no record can be decrypted",
        )
    }

    /// An error of the system; a full disk becomes [`Error::Full`], a [`NotOwned`] its own error.
    pub(crate) fn storage(path: &Path, what: &'static str, source: io::Error) -> Error {
        let cause = source.get_ref().and_then(|cause| cause.downcast_ref());
        if let Some(cause) = cause {
            return Error::not_owned(cause);
        }
        let path = path.to_path_buf();
        if is_full(&source) {
            return Error::Full { path };
        }
        Error::Storage { path, what, source: Arc::new(source) }
    }

    /// Whether the cause is damage: what a file holds is wrong, or the disk cannot give it.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Error::Storage { source, .. } => is_lost(source),
            error => matches!(error, Error::Damaged { .. }),
        }
    }

    fn not_owned(cause: &NotOwned) -> Error {
        match cause {
            NotOwned::Lost(folder) => Error::FolderLost { path: folder.clone() },
            NotOwned::NotRegular(path) => Error::Path {
                path: path.clone(),
                reason: "it is a link or not a regular file: remove it".to_owned(),
            },
        }
    }

    /// The form of a failure that lasts until the store is reopened: never [`Error::Full`], which
    /// passes.
    pub(crate) fn lasting(self) -> Error {
        match self {
            Error::Full { path } => {
                let source = Arc::new(io::ErrorKind::StorageFull.into());
                Error::Storage { path, what: "sync its journal", source }
            }
            other => other,
        }
    }

    /// An error of the system about a folder that is to hold a store.
    pub(crate) fn unusable(path: &Path, error: io::Error) -> Error {
        use io::ErrorKind::{AlreadyExists, NotADirectory, PermissionDenied, ReadOnlyFilesystem};
        let reason = match error.kind() {
            AlreadyExists | NotADirectory => "a file is in the way: give the path of a folder",
            PermissionDenied => "permission denied: give another folder, or change its owner",
            ReadOnlyFilesystem => "the file system is read-only: give a writable folder",
            _ => return Error::storage(path, "be created", error),
        };
        Error::Path { path: path.to_path_buf(), reason: reason.to_owned() }
    }

    /// A folder without a store.
    pub(crate) fn no_store(path: &Path) -> Error {
        let reason = "there is no store: give the path of its folder".to_owned();
        Error::Path { path: path.to_path_buf(), reason }
    }

    /// A file with invalid contents, or one that is missing.
    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Error {
        Error::Damaged { path: path.to_path_buf(), what: what.into() }
    }
}

/// Why a file is not the store's to use: the cause of an [`io::Error`] of the storage.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOwned {
    /// The store's folder was lost to somebody else.
    #[error("the folder was removed or replaced")]
    Lost(PathBuf),
    /// A link, a FIFO or the like is in the place of the file.
    #[error("it is a link or not a regular file")]
    NotRegular(PathBuf),
}

/// Whether a file was read, but holds something wrong or too little.
pub(crate) fn is_wrong_content(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

/// Whether an error of reading means that what was to be read is lost: it is wrong, or the disk cannot
/// give it. A shortage, for example, says nothing about the file.
pub(crate) fn is_lost(error: &io::Error) -> bool {
    /// EIO, EBADMSG and EUCLEAN; a failed check of a sector, a missing one, and a failure of the device.
    const UNREADABLE: &[i32] = if cfg!(windows) { &[23, 27, 1117] } else { &[5, 74, 117] };
    is_wrong_content(error) || error.raw_os_error().is_some_and(|code| UNREADABLE.contains(&code))
}

fn advice(error: &io::Error) -> &'static str {
    if is_wrong_content(error) {
        "Run `crudjt repair`, or restore a backup"
    } else {
        "Check the disk and the system's log, then reopen the store"
    }
}

/// Whether an error of the system says that there is no space.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// The process that has a store open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owner {
    /// Its host name; empty if unknown.
    pub host: String,
    /// Its process id; 0 if unknown.
    pub pid: u32,
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            0 => write!(formatter, "another process"),
            pid => write!(formatter, "process {pid} on host {}", self.host),
        }
    }
}
