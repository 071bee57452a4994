//! What is done with a store that is not open: looking at it, salvaging it, copying it, making it
//! dense.
//!
//! Invariants: [`verify`] and the reading side of all others change no byte of the store; they read
//! committed state and journal by themselves, with neither redb nor the opening's code in between,
//! so they also get through where those refuse. No report holds a token, data or a key.

mod backup;
mod build;
mod compact;
mod finding;
mod judge;
mod keys;
mod ledger;
mod meter;
mod newest;
mod repair;
mod salvage;
mod source;
mod ticket;
mod used;
mod verify;

pub(crate) use backup::copy;
pub use backup::{BackedUp, backup};
pub(crate) use build::refuse_incomplete;
pub(crate) use compact::remove_fresh;
pub use compact::{Compacted, compact};
pub use finding::{Finding, FindingKind};
pub use keys::{KeyDomain, KeySlot, keys};
pub use meter::Progress;
pub use repair::{Repair, Repaired, repair};
pub(crate) use ticket::{is_ticket, remove_tickets};
pub(crate) use used::was_used;
pub use verify::{Verified, verify};
