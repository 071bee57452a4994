//! The limits and versions of records at rest, for callers who keep the data themselves: with them
//! a repeated read touches neither the B-tree nor the cache of opened records.
//!
//! A table of fixed size: a record's place is decided by its id, and the ones that share it push
//! each other out. Whoever holds it keeps it no older than the B-tree's newest commit.

use crate::platform::sync::RwLock;

use crate::crypto::token::Salt;
use crate::memtable::Brief;

/// Places that share a lock, all with ids that follow each other.
const RUN: usize = 64;
/// Bytes that a place takes.
const PLACE: usize = size_of::<Place>();

/// Briefs by id.
pub(crate) struct Briefs {
    runs: Box<[RwLock<[Place; RUN]>]>,
}

/// A record without a read limit; id 0 is nobody's.
#[derive(Clone, Copy)]
struct Place {
    id: u64,
    version: u64,
    salt: Salt,
    expiry: u64,
}

const NOBODY: Place = Place { id: 0, version: 0, salt: Salt([0; 8]), expiry: 0 };

impl Briefs {
    /// As many places as fit into so many bytes.
    pub(crate) fn new(bytes: usize) -> Briefs {
        let runs = bytes / (RUN * PLACE);
        Briefs { runs: (0..runs).map(|_| RwLock::new([NOBODY; RUN])).collect() }
    }

    pub(crate) fn get(&self, id: u64) -> Option<Brief> {
        let (run, at) = self.place(id)?;
        let Place { id: found, version, salt, expiry } = *run.read().get(at)?;
        (found == id && id != 0).then_some(Brief { version, salt, expiry, whole: true })
    }

    /// Notes a brief; one that doesn't tell all there is to know is left out.
    pub(crate) fn insert(&self, id: u64, brief: &Brief) {
        let Brief { version, salt, expiry, whole } = *brief;
        if let Some((run, at)) = self.place(id)
            && let Some(place) = run.write().get_mut(at)
            && whole
        {
            *place = Place { id, version, salt, expiry };
        }
    }

    pub(crate) fn remove(&self, id: u64) {
        if let Some((run, at)) = self.place(id)
            && let Some(place) = run.write().get_mut(at)
            && place.id == id
        {
            *place = NOBODY;
        }
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.runs.len() * RUN * PLACE
    }

    fn place(&self, id: u64) -> Option<(&RwLock<[Place; RUN]>, usize)> {
        let run = (id / RUN as u64).checked_rem(self.runs.len() as u64)?;
        Some((self.runs.get(run as usize)?, (id % RUN as u64) as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief(version: u64) -> Brief {
        Brief { version, salt: Salt([7; 8]), expiry: 9, whole: true }
    }

    #[test]
    fn as_many_records_as_there_are_places_are_known_and_the_next_take_the_place_of_the_first() {
        let briefs = Briefs::new(256 * PLACE);
        (1000..1256).for_each(|id| briefs.insert(id, &brief(id)));
        assert!((1000..1256).all(|id| briefs.get(id) == Some(brief(id))));
        briefs.insert(1256, &brief(1));
        assert_eq!((briefs.get(1000), briefs.get(1256)), (None, Some(brief(1))));
        briefs.remove(1000);
        assert_eq!(briefs.get(1256), Some(brief(1)), "removing another one changes nothing");
        briefs.remove(1256);
        assert_eq!(briefs.get(1256), None);
    }

    #[test]
    fn what_does_not_tell_all_is_not_noted_and_without_room_nothing_is() {
        let briefs = Briefs::new(64 * PLACE);
        briefs.insert(5, &Brief { whole: false, ..brief(1) });
        assert_eq!((briefs.get(5), briefs.get(0)), (None, None));
        let none = Briefs::new(63 * PLACE);
        none.insert(5, &brief(1));
        assert_eq!((none.get(5), none.bytes()), (None, 0));
    }
}
