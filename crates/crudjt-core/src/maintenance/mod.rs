//! Maintenance of a store that is not open: verify, repair, back up, compact.
//!
//! Invariants: [`verify`] and the reading side of the others change no byte of the store. They read its
//! committed state and its journal without redb and without the code of an opening, and so work where
//! those refuse. No report holds a token, data or a key.

mod backup;
mod compact;
mod finding;
mod has_records;
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
mod ticket;
mod verify;

pub(crate) use backup::copy;
pub use backup::{BackedUp, backup};
pub(crate) use compact::remove_fresh;
pub use compact::{Compacted, compact};
pub use finding::{Finding, FindingKind};
pub(crate) use has_records::has_records;
pub use keys::{KeyDomain, KeySlot, keys};
pub use progress::Progress;
pub use repair::{Repair, Repaired, repair};
pub(crate) use store_builder::refuse_incomplete;
pub(crate) use ticket::{is_ticket, remove_tickets};
pub use verify::{Verified, verify};
