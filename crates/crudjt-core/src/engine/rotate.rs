//! Rotation: freezes the active segment with its memtable and continues in a spare segment.

use crate::platform::sync::atomic::Ordering;
use std::sync::Arc;

use super::Engine;
use super::append::Reserve;
use super::append_lock::AppendState;
use crate::journal::AppendCursor;
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
        let cursor = &append_state.cursor;
        // A segment that could not be made leaves nothing in doubt: it is tried again, not latched.
        let spare = self.spare_segments.take();
        sabotage!(MakingLatches, let spare = spare.map_err(|error| self.fail(error)));
        let segment = spare?.ok_or(Error::Busy)?;
        let begun = AppendCursor::begin(segment.clone(), cursor.next).map_err(|error| {
            self.spare_segments.give_back(segment.clone());
            self.fail(error)
        })?;
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
}
