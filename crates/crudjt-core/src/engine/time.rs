//! The store's time: while the store is open it advances by the monotonic clock only, and so between
//! two openings during one boot. The wall clock only tells how long a store was closed over a reboot.
//!
//! Invariants: the store's time never goes back, but where a jump ahead that it owed to the wall clock
//! of an opening is found wrong within an hour; what was answered as expired is journalled as removed
//! and stays dead even then. What the journal and the B-tree record as the newest time leaves such a
//! jump out for that hour.

use std::sync::Arc;

use super::clock_file::{Anchor, ClockFile};
use crate::bytes::SANE;
use crate::event::Event;
use crate::platform::clock::Clock;
use crate::platform::sync::Mutex;

/// What the wall clock alone tells is trusted up to this, and after it.
pub(super) const HOUR: u64 = 3_600_000;
/// A difference between the clocks from which the wall clock is said to have stepped.
const STEP: u64 = 1000;
/// A difference from which the file is written anew.
const DRIFT: u64 = 10;
/// Two clocks that were read further apart than this, since the thread lost its processor in between,
/// are not compared.
const TORN: u64 = 100;

/// The store's time.
pub(crate) struct Timekeeper {
    clock: Arc<dyn Clock>,
    /// The store's time minus the monotonic time; wraps.
    offset: u64,
    /// How much of the time is owed to the wall clock alone, until `trusted_from`.
    jump: u64,
    /// Monotonic time from which the jump is trusted.
    trusted_from: u64,
    wall: Mutex<WallClock>,
}

/// The wall clock as it was looked at last, and what the file says of it.
struct WallClock {
    /// By how much the store's time was ahead of it.
    lead: i64,
    /// The same as the file says.
    saved: i64,
    file: Option<ClockFile>,
}

/// The clocks, read at once.
struct Reading {
    wall: u64,
    monotonic: u64,
}

impl Reading {
    /// `None` if they were read too far apart.
    fn take(clock: &dyn Clock) -> Option<Reading> {
        let before = clock.monotonic();
        let wall = clock.wall();
        let monotonic = clock.monotonic();
        (monotonic - before <= TORN).then_some(Reading { wall, monotonic })
    }

    /// For an opening, which cannot wait for a better moment.
    fn take_now(clock: &dyn Clock) -> Reading {
        let attempts = (0..3).find_map(|_| Reading::take(clock));
        attempts.unwrap_or_else(|| Reading { wall: clock.wall(), monotonic: clock.monotonic() })
    }
}

/// The time at which a store is opened.
struct Start {
    time: u64,
    /// See [`Timekeeper`].
    jump: u64,
    trusted_from: u64,
    /// By how much the wall clock is known to have stepped ahead; negative if back.
    step: i64,
}

impl Start {
    /// `newest` is the newest time that the journal and the B-tree record; 0 in a new store.
    fn of(reading: &Reading, boot: Option<u64>, newest: u64, anchor: Option<&Anchor>) -> Start {
        let monotonic = reading.monotonic;
        let by_wall = reading.wall.saturating_add_signed(anchor.map_or(0, |anchor| anchor.lead));
        let newest = newest.max(anchor.map_or(0, Anchor::least));
        let Some(anchor) = anchor.filter(|anchor| anchor.is_of(boot, monotonic)) else {
            return Start::by_wall(by_wall, newest, monotonic);
        };
        let time = anchor.time_at(monotonic);
        let jump = if monotonic < anchor.trusted_from { anchor.jump } else { 0 };
        if jump > 0 && by_wall.saturating_add(HOUR) < time {
            let start = Start::by_wall(by_wall, newest.max(time - jump), monotonic);
            return Start { step: difference(by_wall, time), ..start };
        }
        sabotage!(BootIgnored, return Start::by_wall(by_wall, newest, monotonic));
        let time = time.max(newest);
        Start { time, jump, trusted_from: anchor.trusted_from, step: difference(by_wall, time) }
    }

    /// The time if nothing but the wall clock tells how long the store was closed.
    fn by_wall(by_wall: u64, newest: u64, monotonic: u64) -> Start {
        let time = newest.max(by_wall);
        let jump = if newest == 0 || time - newest <= HOUR { 0 } else { time - newest };
        let step = difference(by_wall, newest).min(0);
        Start { time, jump, trusted_from: monotonic.saturating_add(HOUR), step }
    }
}

/// The first time minus the second one.
fn difference(first: u64, second: u64) -> i64 {
    first.wrapping_sub(second) as i64
}

/// What is to be told if the wall clock has stepped by so much.
fn told(step: i64) -> Option<Event> {
    let seconds = step.unsigned_abs() / 1000;
    if step.unsigned_abs() < STEP {
        return None;
    }
    Some(if step > 0 { Event::ClockJumped { seconds } } else { Event::ClockBehind { seconds } })
}

impl Timekeeper {
    /// Starts from the newest time that the journal and the B-tree record, 0 in a new store, and from
    /// what the clock file says. Also gives what is to be told of the wall clock.
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        newest: u64,
        file: Option<ClockFile>,
    ) -> (Timekeeper, Option<Event>) {
        let (reading, boot) = (Reading::take_now(clock.as_ref()), clock.boot());
        let anchor = file.as_ref().and_then(ClockFile::load);
        let start = Start::of(&reading, boot, newest.min(SANE), anchor.as_ref());
        let lead = difference(start.time, reading.wall);
        // A jump that is wrong must not spoil by what that is found out.
        let is_kept = |anchor: &Anchor| start.jump > 0 || lead.abs_diff(anchor.lead) < DRIFT;
        let saved = anchor.filter(is_kept).map_or(lead, |anchor| anchor.lead);
        let new = Anchor {
            boot: boot.unwrap_or(0),
            monotonic: reading.monotonic,
            time: start.time,
            lead: saved,
            jump: start.jump,
            trusted_from: if start.jump > 0 { start.trusted_from } else { 0 },
        };
        if anchor.is_none_or(|anchor| !anchor.agrees_with(&new)) {
            file.iter().for_each(|file| file.save(&new));
        }
        let time = Timekeeper {
            offset: start.time.wrapping_sub(reading.monotonic),
            jump: new.jump,
            trusted_from: new.trusted_from,
            wall: Mutex::new(WallClock { lead, saved, file }),
            clock,
        };
        (time, told(start.step))
    }

    /// Milliseconds since 1970, never less than before.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        sabotage!(TimeByWall, return self.clock.wall());
        self.at(self.clock.monotonic())
    }

    fn at(&self, monotonic: u64) -> u64 {
        monotonic.wrapping_add(self.offset)
    }

    /// The time to record as the newest one.
    pub(crate) fn to_record(&self) -> u64 {
        let monotonic = self.clock.monotonic();
        let jump = if monotonic < self.trusted_from { self.jump } else { 0 };
        self.at(monotonic) - jump
    }

    pub(crate) fn monotonic(&self) -> u64 {
        self.clock.monotonic()
    }

    /// The system's time, for whoever compares it with that of other programs.
    pub(crate) fn wall(&self) -> u64 {
        self.clock.wall()
    }

    /// The monotonic time from which records may be removed because they have expired.
    pub(crate) fn trusted_from(&self) -> u64 {
        sabotage!(JumpTrusted, return 0);
        self.trusted_from
    }

    /// Whether records may be removed because they have expired.
    pub(crate) fn is_trusted(&self) -> bool {
        self.clock.monotonic() >= self.trusted_from()
    }

    /// Looks at the wall clock; gives what is to be told if it has stepped since it was looked at last.
    pub(crate) fn check_wall(&self) -> Option<Event> {
        let mut wall = self.wall.lock();
        let reading = Reading::take(self.clock.as_ref())?;
        let lead = difference(self.at(reading.monotonic), reading.wall);
        let step = wall.lead.wrapping_sub(lead);
        wall.lead = lead;
        if lead.abs_diff(wall.saved) >= DRIFT && reading.monotonic >= self.trusted_from {
            wall.saved = lead;
            let anchor = Anchor {
                boot: self.clock.boot().unwrap_or(0),
                monotonic: reading.monotonic,
                time: self.at(reading.monotonic),
                lead,
                jump: 0,
                trusted_from: 0,
            };
            wall.file.iter().for_each(|file| file.save(&anchor));
        }
        told(step)
    }

    /// Closes the file.
    pub(crate) fn release_files(&self) {
        self.wall.lock().file = None;
    }
}
