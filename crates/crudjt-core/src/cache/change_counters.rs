//! Which records have changed, told to those who keep what they read: each caller has a table of
//! counters, and a change counts in all of them.
//!
//! Invariants: a change is counted before it is acknowledged; a reader's mark is taken before it looks
//! at anything. So whoever finds a counter as it was at a read knows that no change was acknowledged
//! since. That a token's time has come is no change: the clock says so. Only who holds the append lock
//! counts.

use std::sync::Arc;

use crate::platform::sync::atomic::{AtomicU32, Ordering};

/// How many counters there are: records share them.
const COUNTERS: usize = 1 << 14;
/// Instead of a mark: a counter at its end stays there, and tells nothing any more.
pub(crate) const NO_MARK: u32 = u32::MAX;

/// The counters of one caller.
pub(crate) struct Changes(Box<[AtomicU32]>);

impl Default for Changes {
    fn default() -> Changes {
        Changes((0..COUNTERS).map(|_| AtomicU32::new(0)).collect())
    }
}

impl Changes {
    fn counter(&self, id: u64) -> Option<&AtomicU32> {
        self.0.get(id as usize % COUNTERS)
    }

    /// What to compare with later.
    pub(crate) fn mark(&self, id: u64) -> u32 {
        self.counter(id).map_or(NO_MARK, |counter| counter.load(Ordering::Acquire))
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
pub(crate) struct Watchers(Vec<Arc<Changes>>);

impl Watchers {
    /// Adds one, and drops those whose callers are gone.
    pub(crate) fn add(&mut self, changes: Arc<Changes>) {
        self.0.retain(|one| Arc::strong_count(one) > 1);
        self.0.push(changes);
    }

    /// A record has changed, which is not acknowledged yet.
    pub(crate) fn note(&self, id: u64) {
        self.0.iter().for_each(|changes| changes.note(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_at_its_end_tells_nothing_any_more() {
        let (mut watchers, changes) = (Watchers::default(), Arc::new(Changes::default()));
        watchers.add(changes.clone());
        let before = changes.mark(7);
        watchers.note(7);
        assert_ne!(changes.mark(7), before);
        assert_eq!(changes.mark(8), 0);
        changes.0[7].store(NO_MARK - 1, Ordering::Relaxed);
        for _ in 0..3 {
            watchers.note(7);
            assert_eq!(changes.mark(7), NO_MARK);
        }
    }

    #[test]
    fn callers_that_are_gone_are_dropped() {
        let mut watchers = Watchers::default();
        let kept = Arc::new(Changes::default());
        watchers.add(kept.clone());
        for _ in 0..5 {
            watchers.add(Arc::default());
        }
        assert_eq!(watchers.0.len(), 2);
    }
}
