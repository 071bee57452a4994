//! Maintenance of a store that is not open: verify, repair, back up, compact.
//!
//! Invariants: [`verify`] and the reading side of the others change no byte of the store. They read its
//! committed state and its journal without redb and without the code of an opening, and so work where
//! those refuse. No report holds a token, data or a key.

mod backup;
mod compact;
mod finding;
mod journal_states;
mod keys;
mod merge;
mod newest_states;
mod progress;
mod record_check;
mod repair;
mod row_reader;
mod salvage;
mod store_builder;
mod store_reader;
mod verify;

pub(crate) use backup::backup_open;
pub use backup::{BackedUp, backup};
pub use compact::{Compacted, compact};
pub use finding::{Finding, FindingKind};
pub use keys::{KeyDomain, KeySlot, keys};
pub use progress::Progress;
pub use repair::{Repair, Repaired, repair};
pub use verify::{Verified, verify};
