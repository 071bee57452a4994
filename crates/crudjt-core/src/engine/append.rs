//! The one critical section: append to the journal, put into the memtable; and rotation, which
//! takes the same lock.

use crate::platform::sync::MutexGuard;
use crate::platform::sync::atomic::Ordering;
use std::sync::Arc;

use super::Engine;
use super::append_lock::AppendState;
use crate::crypto::EpochRow;
use crate::journal::{AppendCursor, Entry, RecordLocation, largest_entry};
use crate::memtable::{Memtable, RecordMeta, State};
use crate::{Error, Result};

/// What an append does.
pub(super) enum Effect {
    /// The id is new, its record the appended one.
    Created(RecordMeta),
    /// The id's record is now the appended one.
    Changed(RecordMeta),
    /// The id is dead, for somebody wants it so.
    Deleted,
    /// The id is dead, for its time had come.
    Expired,
}

impl Effect {
    fn state(&self, location: RecordLocation) -> State {
        match self {
            Effect::Created(meta) | Effect::Changed(meta) => {
                State::Live { segment: 0, location, meta: Some(*meta) }
            }
            Effect::Deleted | Effect::Expired => State::Dead,
        }
    }

    /// By how much it changes the number of tokens.
    fn added(&self) -> i64 {
        match self {
            Effect::Created(_) => 1,
            Effect::Changed(_) => 0,
            Effect::Deleted | Effect::Expired => -1,
        }
    }

    /// Whom it leaves the end of a segment to.
    fn left(&self) -> Left {
        match self {
            Effect::Created(_) | Effect::Expired => Left::Changes,
            Effect::Changed(_) => Left::Deletes,
            Effect::Deleted => Left::Nobody,
        }
    }
}

/// Whom the end of a segment is left to while there is none to go on in: a full disk refuses new
/// tokens first, and to revoke one last.
#[derive(Clone, Copy)]
enum Left {
    Changes,
    Deletes,
    Nobody,
}

impl Left {
    /// Bytes of a segment of so many: of 16 MiB room for 2 300 updates of 256 bytes, and for 8 000
    /// deletes at least.
    fn of(self, segment: u64) -> u64 {
        sabotage!(ReserveSpent, return 0);
        match self {
            Left::Changes => segment / 16,
            Left::Deletes => segment / 64,
            Left::Nobody => 0,
        }
    }
}

impl Engine {
    /// Appends a put or a removal of `id`. With `alive_until`, in milliseconds since 1970, only if
    /// that has not come: the clock is read under the shard's lock, so nobody who read the old
    /// state as expired can see the new one. False if it was too late.
    pub(super) fn append(
        &self,
        id: u64,
        entry: &mut Entry,
        effect: Effect,
        alive_until: Option<u128>,
    ) -> Result<bool> {
        let mut append_state = self.lock_for_append(entry.size());
        self.check_writable()?;
        self.make_room(&mut append_state, entry.size(), effect.left())?;
        let AppendState { cursor, memtable, listeners } = &mut *append_state;
        let Some(mut spot) = memtable.lock(id) else { return Ok(false) };
        if alive_until.is_some_and(|until| u128::from(self.time.now()) >= until) {
            return Ok(false);
        }
        let location = cursor.append(entry).map_err(|error| self.fail(error))?;
        spot.set(effect.state(location));
        drop(spot);
        if !matches!(effect, Effect::Created(_)) {
            listeners.note(id);
        }
        memtable.count(effect.added());
        self.note_unsynced(cursor);
        Ok(true)
    }

    /// Appends the declaration of an epoch, which must precede the first record sealed under it.
    pub(super) fn append_epoch(&self, row: &EpochRow) -> Result<()> {
        let mut entry = Entry::new();
        entry.epoch(row);
        let mut append_state = self.lock_for_append(entry.size());
        self.check_writable()?;
        self.make_room(&mut append_state, entry.size(), Left::Deletes)?;
        append_state.cursor.append(&mut entry).map_err(|error| self.fail(error))?;
        append_state.memtable.declare(*row);
        self.note_unsynced(&mut append_state.cursor);
        Ok(())
    }

    /// The append lock, when memory for an entry of so many bytes is not just being taken.
    fn lock_for_append(&self, size: u64) -> MutexGuard<'_, AppendState> {
        let mut append_state = self.append_state.lock();
        while append_state.cursor.is_prefaulting(size) {
            self.prefaulted.wait(&mut append_state);
        }
        append_state
    }

    fn note_unsynced(&self, cursor: &mut AppendCursor) {
        if cursor.unsynced_since.is_none() {
            cursor.unsynced_since = Some(self.time.monotonic());
            self.sync_signal.raise();
        }
        if cursor.wants_prefault() && !cursor.prefault_asked {
            cursor.prefault_asked = true;
            self.spare_segments.wake();
        }
    }

    /// Makes sure that so many bytes can be appended; the end of the segment is only used up when
    /// there is another one to go on in.
    fn make_room(&self, append_state: &mut AppendState, size: u64, left: Left) -> Result<()> {
        let cursor = &append_state.cursor;
        let reserve = left.of(cursor.segment.identity.size);
        if cursor.has_room(size + reserve) || cursor.has_room(size) && self.can_rotate() {
            return Ok(());
        }
        let rotated = self.rotate(append_state);
        self.room.refused.store(rotated.is_err(), Ordering::Relaxed);
        rotated
    }

    /// Once a call was refused for want of room, a create asks for it before it takes an id: else
    /// refused ones would leave gaps, which take memory.
    pub(super) fn ask_for_room(&self, data: &[u8]) -> Result<()> {
        if !self.room.refused.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut append_state = self.append_state.lock();
        self.make_room(&mut append_state, largest_entry(data.len()), Left::Changes)?;
        self.room.refused.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn can_rotate(&self) -> bool {
        self.memtables.load().frozen.len() < self.options.environment.frozen_limit
            && self.spare_segments.has_spare()
    }

    /// Freezes the active memtable and goes on in a spare segment. Busy if there is none yet, or
    /// too much is frozen.
    pub(super) fn rotate(&self, append_state: &mut AppendState) -> Result<()> {
        self.check_writable()?;
        let cursor = &append_state.cursor;
        if self.memtables.load().frozen.len() >= self.options.environment.frozen_limit {
            return Err(Error::Busy);
        }
        let spare = self.spare_segments.take().map_err(|error| self.fail(error))?;
        let Some(segment) = spare else { return Err(Error::Busy) };
        let begun = AppendCursor::begin(segment.clone(), cursor.next).map_err(|error| {
            self.spare_segments.give_back(segment.clone());
            self.fail(error)
        })?;
        append_state.memtable.freeze(cursor.next);
        self.syncer.freeze(cursor.segment.clone(), cursor.offset);
        let fresh = Memtable::new(
            vec![segment],
            self.next_id.load(Ordering::Acquire),
            self.time.monotonic(),
        );
        let fresh = Arc::new(fresh);
        // A commit may let a frozen memtable go at the same time.
        self.memtables.rcu(|memtables| Arc::new(memtables.rotated(fresh.clone())));
        append_state.switch_to(begun, fresh);
        self.tree_signal.raise();
        self.sync_signal.raise();
        Ok(())
    }

    /// Blocks until a call that was refused as busy may be tried again. With a new secret, makes
    /// its domain; without background threads, commits and
    /// makes a spare segment.
    ///
    /// # Errors
    /// What keeps the store from taking writes, a full disk included.
    pub(crate) fn wait_for_room(&self) -> Result<()> {
        self.make_own_domain()?;
        loop {
            if !self.options.environment.timers {
                self.commit_frozen()?;
            }
            if !self.options.environment.spare_thread {
                self.spare_segments.restock();
            }
            let mut room = self.room.lock.lock();
            self.check_writable()?;
            if let Some(error) = self.room.stalled.lock().clone() {
                return Err(error);
            }
            let full = self.memtables.load().frozen.len() >= self.options.environment.frozen_limit;
            match self.spare_segments.is_ready() {
                true if !full => return Ok(()),
                true if !self.options.environment.timers => {}
                _ => self.room.changed.wait(&mut room),
            }
        }
    }
}
