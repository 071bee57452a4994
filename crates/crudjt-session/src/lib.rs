//! The master's side of the batch protocol (`proto/batch.proto`): messages in, messages out. It
//! knows no transport.
//!
//! [`Sessions`] is what all connections of a master share; a [`Session`] is one of them. A transport
//! hands it each message it receives ([`Session::receive`]) and sends what [`Session::work`] and
//! [`Session::late`] write. Operations that are answered at once run in `work`, on the transport's
//! thread; what waits for the disk is answered by a thread of [`Sessions`], which wakes the
//! transport.
//!
//! ```text
//! Sessions, Session ─ Slice ─┬─ Queue, requests, replies   bytes of messages
//!                            ├─ Clients ─ ReplyLog         exactly once, budgets
//!                            ├─ Operations ─ Backups       checks, calls of the store
//!                            └─ Slow ─ Worker              what waits for the disk, or for room
//! ```
//!
//! Where there is an access key, a client is challenged first (`proof`), unless its transport knows
//! that it has the key.
//!
//! Invariants: an operation of a client, told by the client's id and the operation's number, runs at
//! most once; operations start in the order of their arrival; the work for a message is proportional
//! to its size; what a client can make a master hold is bounded. `docs/internals/protocol.md`
//! describes the protocol and its limits.

mod backups;
mod clients;
mod ended;
mod limits;
mod operations;
mod proof;
mod protobuf;
mod queue;
mod refusal;
mod replies;
mod reply_log;
mod requests;
mod served;
mod session;
mod sessions;
mod settings;
mod shared;
mod slice;
mod slow;
mod ticket;
mod worker;

pub use ended::Ended;
pub use limits::{
    MAX_DETACHED, MAX_IDLE_MESSAGES, MAX_PENDING, MAX_QUEUED_MESSAGES, MAX_REPLIES,
    MAX_RETAINED_BYTES, MAX_SESSIONS, MAX_TOTAL_BYTES, PROOF_TIME, RETENTION,
};
pub use reply_log::{Retransmissions, Wake};
pub use served::Served;
pub use session::{Progress, Session};
pub use sessions::Sessions;
pub use settings::Settings;
