//! Why there is no shelf. It is an optimisation: whoever gets one of these asks the master instead.

use std::io;

/// Why a shelf could not be made, sent or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This system has no memory that one process alone can write.
    #[error("there are no shelves on this system")]
    Unsupported,
    /// A system call failed.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was to be done.
        what: &'static str,
        /// How the system refused.
        source: io::Error,
    },
    /// The store takes none.
    #[error("the store takes no shelf: {0}")]
    Store(crudjt_core::Error),
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    Randomness,
    /// No descriptor came, or more than one.
    #[error("the master sent no shelf")]
    NoDescriptor,
    /// The descriptor is something else, or memory that could be taken away while it is read.
    #[error("what the master sent is no shelf: {0}")]
    NotAShelf(&'static str),
    /// The shelf has another layout.
    #[error("the shelf is that of another version of this package: use the same one on both sides")]
    Version,
    /// The master goes by another clock: it is in another time namespace.
    #[error("the master's clock is another one: use one time namespace")]
    OtherClock,
}

impl Error {
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no shelves there"))]
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io { what, source }
    }
}

/// The result of what can fail so.
pub type Result<T> = std::result::Result<T, Error>;
