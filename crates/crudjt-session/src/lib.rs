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
//! Session ─┬─ requests, replies, protobuf   bytes of messages
//!          ├─ Clients ─ ReplyLog            exactly once, budgets
//!          ├─ Operations ─ Backups          checks, calls of the store
//!          └─ Worker                        what waits for the disk, or for room
//! ```
//!
//! Invariants: an operation of a client, told by the client's id and the operation's number, runs at
//! most once; operations start in the order of their arrival; the work for a message is proportional
//! to its size; what a client can make a master hold is bounded. `docs/internals/protocol.md`
//! describes the protocol and its limits.

mod backups;
mod clients;
mod ended;
mod operations;
mod protobuf;
mod refusal;
mod replies;
mod reply_log;
mod requests;
mod session;
mod sessions;
mod slow;
mod ticket;
mod worker;

pub use clients::{MAX_DETACHED, MAX_TOTAL_BYTES, RETENTION};
pub use ended::Ended;
pub use reply_log::{MAX_RETAINED_BYTES, Retransmissions, Wake};
pub use session::{MAX_PENDING, MAX_QUEUED_MESSAGES, MAX_REPLIES, Progress, Session};
pub use sessions::{MAX_SESSIONS, Served, Sessions, Settings};
