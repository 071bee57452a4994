//! Rotation: freezes the active segment with its memtable and continues in a spare segment.

use crate::platform::sync::atomic::Ordering;
use std::sync::Arc;

use super::Engine;
use super::append::Reserve;
use super::append_lock::AppendState;
use crate::journal::{AppendCursor, Segment};
use crate::memtable::Memtable;
use crate::{Error, Result};

impl Engine {
    /// Makes sure that `size` bytes can be appended, rotating if need be; the reserve is used only
    /// while there is another segment to continue in.
    pub(super) fn make_room(
        &self,
        append_state: &mut AppendState,
        size: u64,
        reserve: Reserve,
    ) -> Result<()> {
        let cursor = &append_state.cursor;
        let reserve =
            reserve.of(cursor.segment.identity.size, self.options.environment.segment_bytes);
        if cursor.has_room(size + reserve) || cursor.has_room(size) && self.can_rotate() {
            return Ok(());
        }
        let rotated = self.rotate(append_state);
        self.backpressure.refused.store(rotated.is_err(), Ordering::Relaxed);
        rotated
    }

    fn can_rotate(&self) -> bool {
        !self.is_frozen_full() && self.spare_segments.has_spare()
    }

    /// Whether so many memtables are frozen that none may follow.
    pub(super) fn is_frozen_full(&self) -> bool {
        self.memtables.load().frozen.len() >= self.options.environment.frozen_limit
    }

    /// Freezes the active memtable and continues in the spare segment. Busy if there is none yet,
    /// or if too much is frozen.
    pub(super) fn rotate(&self, append_state: &mut AppendState) -> Result<()> {
        self.check_writable()?;
        if self.is_frozen_full() {
            return Err(Error::Busy);
        }
        // A segment that could not be made leaves nothing in doubt: it is tried again, not latched.
        let spare = self.spare_segments.take();
        sabotage!(MakingLatches, let spare = spare.map_err(|error| self.fail(error)));
        let segment = spare?.ok_or(Error::Busy)?;
        self.rotate_into(append_state, segment.clone()).inspect_err(|_| {
            self.spare_segments.give_back(segment);
        })
    }

    /// Freezes the active memtable and continues in this segment.
    fn rotate_into(&self, append_state: &mut AppendState, segment: Arc<Segment>) -> Result<()> {
        let cursor = &append_state.cursor;
        let begun = AppendCursor::begin(segment.clone(), cursor.next);
        let begun = begun.map_err(|error| self.fail(error))?;
        append_state.memtable.freeze(cursor.next);
        if !cursor.is_without_room() {
            self.syncer.freeze(cursor.segment.clone(), cursor.offset);
        }
        let next_id = self.next_id.load(Ordering::Acquire);
        let fresh = Arc::new(Memtable::new(vec![segment], next_id, self.time.monotonic()));
        // A commit may release a frozen memtable at the same time.
        self.memtables.rcu(|memtables| Arc::new(memtables.rotated(fresh.clone())));
        append_state.switch_to(begun, fresh);
        self.tree_signal.raise();
        self.sync_signal.raise();
        Ok(())
    }

    /// Continues in a smaller segment on a disk that has no space for one of the usual size: what is in
    /// the active one may have expired, or find room in the B-tree, and its space is what the next one
    /// needs. Whether it did; never twice in a row.
    pub(super) fn rotate_for_space(&self) -> Result<bool> {
        sabotage!(ActiveKept, return Ok(false));
        let is_worth_it = |append_state: &AppendState| {
            let cursor = &append_state.cursor;
            let is_usual = cursor.segment.identity.size == self.options.environment.segment_bytes;
            cursor.is_without_room() || is_usual && !cursor.is_fresh()
        };
        if !is_worth_it(&self.append_state.lock()) || self.is_frozen_full() {
            return Ok(false);
        }
        let Some(smaller) = self.spare_segments.make_smaller()? else { return Ok(false) };
        let mut append_state = self.append_state.lock();
        let number = append_state.cursor.segment.identity.number;
        if number > smaller.identity.number || !is_worth_it(&append_state) || self.is_frozen_full()
        {
            // A spare segment was made meanwhile.
            self.spare_segments.maker().discard(&smaller.path);
            return Ok(false);
        }
        self.rotate_into(&mut append_state, smaller).map(|()| true)
    }
}
