//! The local socket of a master: processes of one machine reach its sessions by a Unix socket, without
//! Node's event loop.
//!
//! ```text
//! Listener ─ a thread that accepts
//!    └── Connection ─ a thread each ─┬─ Inbox, Outbox   frames: a length of four bytes, a message
//!                                    ├─ Session         crates/crudjt-session
//!                                    └─ Bell            wakes it while it waits for its client
//! Caller ─ the client's side, for calls that block
//! ```
//!
//! Invariants: a connection's thread alone works on its session and writes to its socket, so a client
//! that does not read holds up nobody else; only processes of this user or of root are served; no
//! thread calls Node. A Windows build is empty.
#![cfg(unix)]

mod bell;
mod caller;
mod connection;
mod connections;
mod inbox;
mod limits;
mod listener;
mod outbox;
mod peer;
#[cfg(not(target_os = "linux"))]
mod peer_unsafe;

pub use caller::{Caller, NoMessage};
pub use limits::{MAX_CONNECTIONS, MAX_MESSAGE, Patience};
pub use listener::Listener;
