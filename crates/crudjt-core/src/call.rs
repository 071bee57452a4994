//! The arguments and results of a store's calls.

use crate::record::{HEADER_MAX, TAG};
use crate::{Error, Result};

/// The largest `max_data_size`, in bytes.
pub const MAX_DATA_SIZE: usize = 9 * (64 << 10) + 16;
/// The size of a buffer that has room for any read, in bytes.
pub const OUT_BYTES: usize = HEADER_MAX + MAX_DATA_SIZE + TAG;

/// How long a token lives; `None` is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Seconds, from 1 to 2^63 - 1.
    pub ttl: Option<u64>,
    /// Reads, from 1 to 2^63 - 1.
    pub reads: Option<u64>,
}

impl Limits {
    pub(crate) fn check(&self) -> Result<()> {
        let fits =
            |limit: Option<u64>| limit.is_none_or(|limit| (1..=i64::MAX as u64).contains(&limit));
        if !fits(self.ttl) {
            return Err(Error::Limit("ttl"));
        }
        if fits(self.reads) { Ok(()) } else { Err(Error::Limit("silence_read")) }
    }
}

/// What an update does with a token's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Replaces both: a limit that is not given is removed.
    Replace(Limits),
    /// Replaces those given and keeps the others.
    Keep(Limits),
}

impl Change {
    pub(crate) fn limits(self) -> Limits {
        match self {
            Change::Replace(limits) | Change::Keep(limits) => limits,
        }
    }
}

/// What a read returns besides the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// The id of the record.
    pub id: u64,
    /// Increments with every change of the record; below 2^40.
    pub version: u64,
    /// Whole seconds left, rounded up.
    pub ttl: Option<u64>,
    /// Reads left after this one.
    pub reads: Option<u64>,
}

/// The result of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// There is no live token.
    Absent,
    /// The caller's cached copy, in this slot, is current.
    Unchanged(Meta, u64),
    /// The data is in the caller's buffer, this many bytes from its start.
    Found(Meta, usize),
}
