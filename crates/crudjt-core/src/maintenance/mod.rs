//! What is done with a store that is not open: looking at it, salvaging it, copying it, making it
//! dense.
//!
//! Invariants: [`verify`] and the reading side of all others change no byte of the store; they read
//! committed state and journal by themselves, with neither redb nor the opening's code in between,
//! so they also get through where those refuse. No report holds a token, data or a key.

mod backup;
mod compact;
mod finding;
mod journal_states;
mod keys;
mod newest_states;
mod progress;
mod record_check;
mod repair;
mod salvage;
mod store_builder;
mod store_reader;
mod verify;

pub(crate) use backup::copy;
pub use backup::{BackedUp, backup};
pub use compact::{Compacted, compact};
pub use finding::{Finding, FindingKind};
pub use keys::{KeyDomain, KeySlot, keys};
pub use progress::Progress;
pub use repair::{Repair, Repaired, repair};
pub use verify::{Verified, verify};
