//! The journal: preallocated segment files into which every change is appended before it is
//! acknowledged, so that it survives the process; synced on a timer, so that it survives power loss.
//!
//! Invariants:
//! 1. Each entry's checksum covers the segment's random id and the entry before it: entries of a
//!    lost timeline never fit behind those of this one.
//! 2. A segment has its final name only after its header is on the medium.
//! 3. A sync mark is written only after what it speaks of is on the medium. A hole above the last
//!    mark is a torn tail, below it damage.
//! 4. A recovered segment is never appended to.

mod append_cursor;
mod entry;
pub(crate) mod fuzzing;
mod header;
mod inspect;
mod recovery;
mod segment;
mod spare_segments;
mod sync;

pub(crate) use append_cursor::AppendCursor;
pub(crate) use entry::{Change, Entry, largest_entry};
pub(crate) use header::{Begin, is_own_file, is_segment};
pub(crate) use inspect::{EntryVisitor, Inspected, inspect};
pub(crate) use recovery::{Applied, Recovered, any_in_use, recover};
pub(crate) use segment::{RecordLocation, Segment, SegmentMaker};
pub(crate) use spare_segments::SpareSegments;
pub(crate) use sync::{Captured, SyncTimes, Syncer};
