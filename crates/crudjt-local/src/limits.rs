//! What bounds the memory and the time that clients can take.

use std::time::Duration;

/// The most connections at a time: each has a thread.
pub const MAX_CONNECTIONS: usize = 256;
/// The longest message, in both directions.
pub const MAX_MESSAGE: usize = 1 << 20;
/// What stays allocated for each direction of a connection.
pub(crate) const BUFFER: usize = 64 << 10;
/// The stack of a connection's thread.
pub(crate) const STACK: usize = 256 << 10;
/// How many operations run before their replies leave: the client works on them while the rest runs.
pub(crate) const SLICE: usize = 32;
/// How long to wait when the process can have no more sockets or threads.
pub(crate) const SHORTAGE: Duration = Duration::from_millis(100);

/// How long a listener waits for its clients.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a new client to say who it is.
    pub greeting: Duration,
    /// For a client to read anything of what it is sent.
    pub reading: Duration,
    /// For clients to receive their last messages when the listener closes.
    pub goodbye: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            greeting: Duration::from_secs(10),
            reading: Duration::from_secs(30),
            goodbye: Duration::from_millis(500),
        }
    }
}
