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
//!                  └─ platform                         the disk, time, and who owns both
//! ```
//!
//! The formats, the commit protocol and their reasons are in `docs/internals/`.

#[macro_use]
mod testing;

mod bytes;
mod cache;
mod call;
mod crypto;
mod engine;
mod error;
mod event;
mod journal;
mod maintenance;
mod memtable;
pub mod msgpack;
mod options;
mod platform;
mod record;
mod store;
mod tree;

pub use cache::{CacheState, ReaderIndex};
pub use call::{Change, Limits, MAX_DATA_SIZE, Meta, OUT_BYTES, Reading};
pub use crypto::secret::Secret;
pub use crypto::token::{TOKEN_LENGTH, Token};
pub use engine::Stats;
pub use error::{Error, Owner, Result};
pub use event::{Event, EventHandler};
pub use maintenance::{
    BackedUp, Compacted, Finding, FindingKind, KeyDomain, KeySlot, Progress, Repair, Repaired,
    Verified, backup, compact, keys, repair, verify,
};
pub use msgpack::{Leaves, MAX_LEAVES, Outliner};
#[doc(hidden)]
pub use options::Environment;
pub use options::{JournalMode, Options};
pub use platform::default_path::{DefaultPath, default_path};
#[doc(hidden)]
pub use platform::{clock, storage};
pub use store::Store;
#[doc(hidden)]
#[cfg(feature = "sabotage")]
pub use testing::sabotage;
#[doc(hidden)]
pub use testing::{bench_parts, fuzzing};
