//! What a call takes and gives.

use crate::record::{HEADER_MAX, TAG};

/// The largest `max_data_size`, in bytes.
pub const MAX_DATA_SIZE: usize = 9 * (64 << 10) + 16;
/// A buffer of this many bytes has room for any read.
pub const OUT_BYTES: usize = HEADER_MAX + MAX_DATA_SIZE + TAG;

/// How long a token lives. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Seconds, from 1 to 2^63 - 1.
    pub ttl: Option<u64>,
    /// Reads, from 1 to 2^63 - 1.
    pub reads: Option<u64>,
}

/// What an update does with a token's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Both are replaced: one that is not given is none.
    Replace(Limits),
    /// One that is not given stays.
    Keep(Limits),
}

impl Change {
    pub(crate) fn limits(self) -> Limits {
        match self {
            Change::Replace(limits) | Change::Keep(limits) => limits,
        }
    }
}

/// What a read tells besides the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// The id of the record.
    pub id: u64,
    /// One more with every change of the record; below 2^40.
    pub version: u64,
    /// Whole seconds left, rounded up.
    pub ttl: Option<u64>,
    /// Reads left after this one.
    pub reads: Option<u64>,
}

/// What a read found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// No live token.
    Absent,
    /// The token's data is that of the version the caller knows, and keeps in this slot.
    Unchanged(Meta, u64),
    /// The data is in the caller's buffer, this many bytes from its start.
    Found(Meta, usize),
}
