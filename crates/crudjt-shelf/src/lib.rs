//! The shelf of CRUDJT: copies of records in memory that one process, the master, writes and others
//! read without asking it.
//!
//! ```text
//! master   ShelfWriter ─ Sets ─┐                          ┌─ ShelfReader ─ Lease   client
//!                              ├─ slots (slot, words) ────┤
//!          Memory ─ send_shelf ┴── the descriptor ────────┴─ receive_shelf ─ ShelfClient
//! ```
//!
//! Invariants, each with a test that fails without it (`tests/`):
//! 1. A copy is published only if its record was not changed since the mark was taken before the
//!    record was read; mark and copy are compared and written under one lock.
//! 2. A copy is taken off under that lock before its record's new state can be seen (the engine calls
//!    [`ShelfWriter`] so).
//! 3. A reader takes only what stood in a slot while its sequence was even and did not change.
//! 4. A reader answers nothing once the master has closed the shelf, or once the last sign of life of
//!    the master is older than the lease.
//! 5. A reader answers no record that has expired by its own clock or by the newest time that the
//!    master wrote.
//! 6. Records, and when they expire, are sealed under keys that only their tokens give; nonces never
//!    repeat under one.
//! 7. Nobody but the master can write the memory, and no reader trusts what it reads there further
//!    than to look it up within its own mapping.
//!
//! The reasons and figures are in `docs/internals/decisions/2026-11-29-shelf.md`.

#[macro_use]
mod testing;

#[cfg(unix)]
mod client;
mod clock;
#[cfg(unix)]
mod descriptor;
mod error;
mod layout;
mod lease;
#[expect(unsafe_code, reason = "memory that another process writes is read by raw pointers")]
mod mapped_unsafe;
mod memory;
mod put_up;
mod reader;
mod seal;
mod sets;
mod slot;
mod words;
mod writer;

#[cfg(unix)]
pub use client::ShelfClient;
pub use clock::{Clock, SystemClock};
#[cfg(unix)]
pub use descriptor::{receive_shelf, send_shelf};
pub use error::{Error, Result};
pub use layout::{MAX_COPY_SIZE, OUT_BYTES};
pub use lease::Life;
pub use mapped_unsafe::Mapped;
pub use memory::Memory;
pub use put_up::put_up;
pub use reader::{Look, Memo, ShelfReader};
#[doc(hidden)]
pub use slot::{copy_slot, write_slot};
#[doc(hidden)]
#[cfg(feature = "sabotage")]
pub use testing::sabotage;
pub use words::{Words, WritableWords};
pub use writer::ShelfWriter;
