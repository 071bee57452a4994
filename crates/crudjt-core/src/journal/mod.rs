//! The journal (write-ahead log): preallocated segment files to which every change is appended
//! before it is acknowledged, so that it survives the process; synced on a timer, so that it
//! survives power loss.
//!
//! Invariants:
//! 1. Each entry's checksum covers the segment's random id and the checksum of the entry before:
//!    entries of a lost timeline never chain with those of this one.
//! 2. A segment gets its final name only after its header is durable.
//! 3. A sync mark is written only after the entries it covers are durable. A gap above the newest
//!    mark is a torn tail; below it, it is damage.
//! 4. A recovered segment is never appended to.

mod append_cursor;
mod chain_walk;
mod entry;
pub(crate) mod fuzzing;
mod gap;
mod header;
mod inspect;
mod recovery;
mod segment;
mod segment_files;
mod segment_maker;
mod segment_reader;
mod spare_segments;
mod sync;

pub(crate) use append_cursor::AppendCursor;
pub(crate) use entry::{Change, Entry, RecordLocation, largest_entry};
pub(crate) use header::Begin;
pub(crate) use inspect::{EntryVisitor, Inspected, inspect};
pub(crate) use recovery::{Applied, Recovered, any_in_use, recover};
pub(crate) use segment::Segment;
pub(crate) use segment_files::{is_own_file, is_segment};
pub(crate) use segment_maker::SegmentMaker;
pub(crate) use spare_segments::SpareSegments;
pub(crate) use sync::{Captured, SyncTimes, Syncer};
