//! Replays the recovered journal into a memtable, entry by entry.

use std::collections::HashMap;
use std::sync::Arc;

use crate::crypto::EpochRow;
use crate::journal::{Begin, Change, RecordLocation, Segment};
use crate::memtable::{Memtable, State};
use crate::record::{HEADER_MAX, Header};
use crate::{Error, Result};

/// The replayed entries.
#[derive(Default)]
pub(super) struct Replay {
    segments: Vec<Arc<Segment>>,
    states: HashMap<u64, State>,
    epochs: Vec<EpochRow>,
    added: i64,
    pub(super) highest_id: u64,
    failed: Option<Error>,
}

impl Replay {
    /// Adds the next entry; also passes an epoch to `epoch`.
    pub(super) fn take(
        &mut self,
        segment: &Arc<Segment>,
        change: Change,
        mut epoch: impl FnMut(EpochRow),
    ) {
        if self.segments.last().is_none_or(|last| !Arc::ptr_eq(last, segment)) {
            self.segments.push(segment.clone());
        }
        match change {
            Change::Put { id, location } => {
                self.added += i64::from(self.is_first(segment, location));
                self.states.insert(
                    id,
                    State::Live { segment: self.segments.len() as u32 - 1, location, meta: None },
                );
                self.highest_id = self.highest_id.max(id);
            }
            Change::Remove { id } => {
                self.added -= 1;
                self.states.insert(id, State::Tombstone);
            }
            Change::Epoch(row) => {
                self.epochs.push(row);
                epoch(row);
            }
        }
    }

    /// Whether the record is its token's first state.
    fn is_first(&mut self, segment: &Segment, location: RecordLocation) -> bool {
        let mut head = [0u8; HEADER_MAX];
        let length = HEADER_MAX.min(location.length as usize);
        let Some(head) = head.get_mut(..length) else { return false };
        if let Err(error) = segment.read(location.offset, head) {
            self.failed = Some(error);
        }
        Header::parse(head).is_some_and(|(header, _)| header.version == 1)
    }

    /// A frozen memtable with the replayed entries; `None` if there are none.
    pub(super) fn into_memtable(self, end: Begin) -> Result<Option<Memtable>> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.segments.is_empty() {
            return Ok(None);
        }
        let memtable = Memtable::new(self.segments, u64::MAX, 0);
        self.states.into_iter().for_each(|(id, state)| memtable.set(id, state));
        self.epochs.into_iter().for_each(|row| memtable.declare(row));
        memtable.count(self.added);
        memtable.freeze(end);
        Ok(Some(memtable))
    }
}
