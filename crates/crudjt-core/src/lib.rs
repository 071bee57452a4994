//! The engine of CRUDJT: session tokens that can be revoked, in encrypted files.
//!
//! Bytes in, bytes out: [`Store::create`] gives a token for some data, [`Store::read`] gives the
//! data back until the token is deleted, expires or is used up. What is acknowledged survives the
//! process at once and power loss within [`Options::sync_interval`].
//!
//! ```text
//! Store ── Engine ─┬─ crypto, record                   what is written, and under which keys
//!                  ├─ journal ── memtable              what is new
//!                  ├─ tree ── cache                    what is at rest
//!                  └─ storage, clock, owner            the disk, time, and who owns both
//! ```
//!
//! The formats, the commit protocol and their reasons are in `docs/design.md`.

mod bytes;
mod cache;
mod call;
#[doc(hidden)]
pub mod clock;
mod crypto;
mod engine;
mod error;
mod event;
#[doc(hidden)]
pub mod fuzzing;
mod journal;
mod maintenance;
mod memtable;
pub mod msgpack;
mod options;
mod outline;
mod owner;
#[doc(hidden)]
pub mod parts;
mod path;
mod record;
#[doc(hidden)]
pub mod sabotage;
#[doc(hidden)]
pub mod storage;
mod store;
mod sync;
mod tree;

pub use cache::{Acquaintance, Known};
pub use call::{Change, Limits, MAX_DATA_SIZE, Meta, OUT_BYTES, Reading};
pub use crypto::secret::Secret;
pub use crypto::token::{TOKEN_LENGTH, Token};
pub use engine::Stats;
pub use error::{Error, Result};
pub use event::{Event, EventHandler};
pub use maintenance::{
    BackedUp, Compacted, Finding, FindingKind, KeyDomain, KeySlot, Progress, Repair, Repaired,
    Verified, backup, compact, keys, repair, verify,
};
#[doc(hidden)]
pub use options::Seams;
pub use options::{JournalMode, Options};
pub use outline::{Leaves, MAX_LEAVES, Outliner};
pub use owner::Owner;
pub use path::{DefaultPlace, default_place};
pub use store::Store;
