//! What a trial met.

use std::fmt;
use std::ops::AddAssign;

/// How many cuts there were.
#[derive(Debug, Default, Clone, Copy)]
pub struct Report {
    pub cuts: u64,
    /// Cuts when something was not synced.
    pub unsynced: u64,
    /// Cuts while a store was opened.
    pub opening: u64,
    pub kills: u64,
    /// Cuts after which the header of the B-tree was destroyed too.
    pub destroyed: u64,
}

impl AddAssign for Report {
    fn add_assign(&mut self, other: Report) {
        self.cuts += other.cuts;
        self.unsynced += other.unsynced;
        self.opening += other.opening;
        self.kills += other.kills;
        self.destroyed += other.destroyed;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { cuts, unsynced, opening, kills, destroyed } = self;
        write!(
            formatter,
            "{cuts} power cuts, {unsynced} of them with unsynced data, {opening} while opening, {destroyed} with the B-tree's header destroyed; {kills} kills in between"
        )
    }
}
