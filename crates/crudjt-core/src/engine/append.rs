//! The critical section of every change: append to the journal, insert into the memtable.

use super::Engine;
use super::append_lock::AppendState;
use crate::Result;
use crate::crypto::EpochRow;
use crate::journal::{AppendCursor, Entry, RecordLocation};
use crate::memtable::State;
use crate::record::RecordMeta;

/// The effect of an append on its id.
pub(super) enum Effect {
    /// The id is new, and its record was appended.
    Created(RecordMeta),
    /// The id's new record was appended.
    Changed(RecordMeta),
    /// The id was deleted explicitly.
    Deleted,
    /// The id has expired.
    Expired,
}

impl Effect {
    fn state(&self, location: RecordLocation) -> State {
        match self {
            Effect::Created(meta) | Effect::Changed(meta) => {
                State::Live { segment: 0, location, meta: Some(*meta) }
            }
            Effect::Deleted | Effect::Expired => State::Tombstone,
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

    fn reserve(&self) -> Reserve {
        match self {
            Effect::Created(_) | Effect::Expired => Reserve::ForChanges,
            Effect::Changed(_) => Reserve::ForDeletes,
            Effect::Deleted => Reserve::Nothing,
        }
    }
}

/// What an append must leave free at the end of a segment while there is none to continue in: a
/// full disk refuses new tokens first, and revoking one last.
#[derive(Clone, Copy)]
pub(super) enum Reserve {
    ForChanges,
    ForDeletes,
    Nothing,
}

impl Reserve {
    /// Its bytes in a segment of this size: of 16 MiB, room for 2 300 updates of 256 bytes and for
    /// at least 8 000 deletes. A segment smaller than `usual` has no room for new tokens, and half of
    /// it for updates.
    pub(super) fn of(self, segment: u64, usual: u64) -> u64 {
        sabotage!(ReserveSpent, return 0);
        match self {
            Reserve::ForChanges if segment < usual => segment,
            Reserve::ForDeletes if segment < usual => segment / 2,
            Reserve::ForChanges => segment / 16,
            Reserve::ForDeletes => segment / 64,
            Reserve::Nothing => 0,
        }
    }
}

impl Engine {
    /// Appends a put or a removal of `id`. With `alive_until`, in milliseconds since 1970, a put only
    /// before that time: the clock is read under the shard's lock, so nobody who read the old state
    /// as expired can see the new one. False if it was too late.
    pub(super) fn append(
        &self,
        id: u64,
        entry: &mut Entry,
        effect: Effect,
        alive_until: Option<u128>,
    ) -> Result<bool> {
        let mut append_state = self.lock_for_append(entry.size());
        self.check_writable()?;
        self.make_room(&mut append_state, entry.size(), effect.reserve())?;
        let AppendState { cursor, memtable, listeners } = &mut *append_state;
        let Some(mut locked) = memtable.lock(id) else { return Ok(false) };
        let late = alive_until.is_some_and(|until| u128::from(self.time.now()) >= until);
        if late && !matches!(effect, Effect::Deleted) {
            return Ok(false);
        }
        let location = cursor.append(entry).map_err(|error| self.fail(error))?;
        if !matches!(effect, Effect::Created(_)) {
            // Before anybody can see the new state: whoever saw it tells others, who must not find a
            // copy of the old one afterwards.
            listeners.note(id);
        }
        locked.set(effect.state(location));
        drop(locked);
        memtable.count(effect.added());
        self.note_unsynced(cursor);
        Ok(!late)
    }

    /// Appends the declaration of an epoch, which must precede the first record sealed under it.
    pub(super) fn append_epoch(&self, row: &EpochRow) -> Result<()> {
        let mut entry = Entry::new();
        entry.epoch(row);
        let mut append_state = self.lock_for_append(entry.size());
        self.check_writable()?;
        self.make_room(&mut append_state, entry.size(), Reserve::ForDeletes)?;
        append_state.cursor.append(&mut entry).map_err(|error| self.fail(error))?;
        append_state.memtable.declare(*row);
        self.note_unsynced(&mut append_state.cursor);
        Ok(())
    }

    /// Starts the sync timer with the first unsynced entry; asks for prefaulting when due.
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
}
