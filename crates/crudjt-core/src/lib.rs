//! The storage engine of CRUDJT: revocable session tokens in encrypted files.
//!
//! [`Store::create`] returns a token for some bytes; [`Store::read`] returns the bytes until the token
//! is deleted, expires, or has used up its reads. An acknowledged operation survives the end of the
//! process immediately, and a power loss within [`Options::sync_interval`].
//!
//! ```text
//! Store ── Engine ─┬─ crypto, record       sealed records and their keys
//!                  ├─ journal, memtable    new changes
//!                  ├─ tree, cache          records that were checkpointed
//!                  └─ platform             files, time, ownership
//! ```
//!
//! File formats, commit protocol and design decisions are in `docs/internals/`; which module may use
//! which is in `tests/architecture.rs`.

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

pub use cache::{CacheState, ReaderIndex, SHELF_LEASE, Shelf, ShelfCopy};
pub use call::{Change, Limits, MAX_DATA_SIZE, Meta, OUT_BYTES, Reading};
pub use crypto::mac::{MAC_BYTES, MacKey};
pub use crypto::random::random as random_bytes;
pub use crypto::secret::Secret;
pub use crypto::token::{TOKEN_LENGTH, Token, decode as token_bytes};
pub use engine::Stats;
pub use error::{Error, Owner, Result};
pub use event::{Event, EventHandler};
pub use maintenance::{
    BackedUp, Compacted, Finding, FindingKind, KeyDomain, KeySlot, Progress, Repair, Repaired,
    Verified, backup, compact, keys, repair, verify,
};
pub use msgpack::{Leaves, MAX_LEAVES, MapMatcher};
#[doc(hidden)]
pub use options::Environment;
pub use options::{JournalMode, Options};
pub use platform::default_path::{DefaultPath, default_path};
pub use platform::owner_lock::SHELF_GRACE;
#[doc(hidden)]
pub use platform::{clock, storage};
pub use store::Store;
#[doc(hidden)]
#[cfg(feature = "sabotage")]
pub use testing::sabotage;
#[doc(hidden)]
pub use testing::{bench_parts, fuzzing};
