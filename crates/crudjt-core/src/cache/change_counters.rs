//! Cache invalidation for callers that cache what they read: each has a table of counters, and a
//! change of a record increments the record's counter in all tables.
//!
//! Invariants: a change is counted, and its copy on the shelf taken off, before its new state can be
//! seen; a reader loads the counter before anything else, so an unchanged counter proves that nobody
//! has seen a change since. Expiry is no change: the clock decides it. Counters are incremented only
//! under the append lock.

use std::sync::Arc;

use super::shelf::Shelf;
use crate::platform::sync::atomic::{AtomicU32, Ordering};

/// Counters in a table; records share them.
const COUNTERS: usize = 1 << 14;
/// Not a count: a counter saturates here, and proves nothing any more.
pub(crate) const NO_COUNT: u32 = u32::MAX;

/// The counters of one caller.
pub(crate) struct ChangeCounters(Box<[AtomicU32]>);

impl Default for ChangeCounters {
    fn default() -> ChangeCounters {
        ChangeCounters((0..COUNTERS).map(|_| AtomicU32::new(0)).collect())
    }
}

impl ChangeCounters {
    fn counter(&self, id: u64) -> Option<&AtomicU32> {
        self.0.get(id as usize % COUNTERS)
    }

    /// Bytes of the table.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }

    /// The count to compare with later.
    pub(crate) fn count(&self, id: u64) -> u32 {
        self.counter(id).map_or(NO_COUNT, |counter| counter.load(Ordering::Acquire))
    }

    fn note(&self, id: u64) {
        if let Some(counter) = self.counter(id) {
            let more = counter.load(Ordering::Relaxed).saturating_add(1);
            counter.store(more, Ordering::Release);
        }
    }
}

/// Who is told of changes: the tables of all callers, and the shelf. Protected by the append lock.
#[derive(Default)]
pub(crate) struct ChangeListeners {
    tables: Vec<Arc<ChangeCounters>>,
    shelf: Option<Arc<dyn Shelf>>,
}

impl ChangeListeners {
    /// Adds a table, and drops those whose callers are gone.
    pub(crate) fn add(&mut self, counters: Arc<ChangeCounters>) {
        self.tables.retain(|one| Arc::strong_count(one) > 1);
        self.tables.push(counters);
    }

    /// Removes a table.
    pub(crate) fn remove(&mut self, counters: &Arc<ChangeCounters>) {
        self.tables.retain(|one| !Arc::ptr_eq(one, counters));
    }

    /// Replaces the shelf; returns the one before.
    pub(crate) fn set_shelf(&mut self, shelf: Option<Arc<dyn Shelf>>) -> Option<Arc<dyn Shelf>> {
        std::mem::replace(&mut self.shelf, shelf)
    }

    /// Counts a change that nobody can see yet.
    pub(crate) fn note(&self, id: u64) {
        self.tables.iter().for_each(|counters| counters.note(id));
        sabotage!(ShelfUntold, return);
        if let Some(shelf) = &self.shelf {
            shelf.take_off(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saturated_counter_proves_nothing() {
        let (mut listeners, counters) =
            (ChangeListeners::default(), Arc::new(ChangeCounters::default()));
        listeners.add(counters.clone());
        let before = counters.count(7);
        listeners.note(7);
        assert_ne!(counters.count(7), before);
        assert_eq!(counters.count(8), 0);
        counters.0[7].store(NO_COUNT - 1, Ordering::Relaxed);
        for _ in 0..3 {
            listeners.note(7);
            assert_eq!(counters.count(7), NO_COUNT);
        }
    }

    #[test]
    fn callers_that_are_gone_are_dropped() {
        let mut listeners = ChangeListeners::default();
        let kept = Arc::new(ChangeCounters::default());
        listeners.add(kept.clone());
        for _ in 0..5 {
            listeners.add(Arc::default());
        }
        assert_eq!(listeners.tables.len(), 2);
        listeners.remove(&kept);
        assert_eq!(listeners.tables.len(), 1);
    }
}
