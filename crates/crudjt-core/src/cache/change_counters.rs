//! Which records have changed, told to those who keep what they read: each caller has a table of
//! counters, and a change counts in all of them.
//!
//! Invariants: a change is counted before it is acknowledged; a reader reads its counter before it looks
//! at anything. So whoever finds a counter as it was at a read knows that no change was acknowledged
//! since. That a token's time has come is no change: the clock says so. Only who holds the append lock
//! counts.

use std::sync::Arc;

use crate::platform::sync::atomic::{AtomicU32, Ordering};

/// How many counters there are: records share them.
const COUNTERS: usize = 1 << 14;
/// No count: a counter at its end stays there, and tells nothing any more.
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

    /// What to compare with later.
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

/// The callers that are told; it lives under the append lock.
#[derive(Default)]
pub(crate) struct ChangeListeners(Vec<Arc<ChangeCounters>>);

impl ChangeListeners {
    /// Adds one, and drops those whose callers are gone.
    pub(crate) fn add(&mut self, counters: Arc<ChangeCounters>) {
        self.0.retain(|one| Arc::strong_count(one) > 1);
        self.0.push(counters);
    }

    /// A record has changed, which is not acknowledged yet.
    pub(crate) fn note(&self, id: u64) {
        self.0.iter().for_each(|counters| counters.note(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_at_its_end_tells_nothing_any_more() {
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
        assert_eq!(listeners.0.len(), 2);
    }
}
