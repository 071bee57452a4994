//! What bounds the memory and the time that clients can take from a master.

use std::time::Duration;

use crudjt_core::OUT_BYTES;

/// The most sessions at a time.
pub const MAX_SESSIONS: usize = 1024;

/// The longest message before a client has said who it is, and proved the access key.
pub(crate) const MAX_FIRST_MESSAGE: usize = 1024;
/// How long a transport waits for a client to prove the access key.
pub const PROOF_TIME: Duration = Duration::from_secs(10);
/// The most messages that a session queues; the transport is told to stop reading before.
pub const MAX_QUEUED_MESSAGES: usize = 256;
/// The most bytes of messages that it queues: the largest message, and what comes with it.
pub(crate) const MAX_QUEUED_BYTES: usize = 4 << 20;
/// The most messages in a row without an operation: a client sends one or two.
pub const MAX_IDLE_MESSAGES: usize = 1000;
/// From so many messages or bytes on, reading is to stop.
pub(crate) const FULL_MESSAGES: usize = 16;
pub(crate) const FULL_BYTES: usize = 1 << 20;
/// From this many pending operations of a client on, no other is started.
pub const MAX_PENDING: usize = 8192;

/// A message of replies ends with the first that makes it longer.
pub(crate) const LONG_MESSAGE: usize = 128 << 10;
/// The longest message that a session writes: one that is nearly long, and the longest reply.
pub const MAX_REPLIES: usize = 1 << 20;
const _: () = assert!(LONG_MESSAGE + OUT_BYTES + 1024 < MAX_REPLIES);

/// The most bytes of replies that are retained for one client, and for all together.
pub const MAX_RETAINED_BYTES: usize = 4 << 20;
/// See [`MAX_RETAINED_BYTES`].
pub const MAX_TOTAL_BYTES: usize = 64 << 20;
/// How long the reply log of a disconnected client is kept.
pub const RETENTION: Duration = Duration::from_secs(60);
/// The most reply logs of disconnected clients.
pub const MAX_DETACHED: usize = 1000;
