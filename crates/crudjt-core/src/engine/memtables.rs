//! The memtables of an open store.

use std::sync::Arc;

use crate::memtable::{Memtable, State};

/// The active memtable, and the frozen ones that are not in the B-tree yet, oldest first.
pub(super) struct Memtables {
    pub(super) active: Arc<Memtable>,
    pub(super) frozen: Vec<Arc<Memtable>>,
}

impl Memtables {
    /// The newest state of `id` and the memtable that has it.
    pub(super) fn get(&self, id: u64) -> Option<(State, &Arc<Memtable>)> {
        let newest_first = std::iter::once(&self.active).chain(self.frozen.iter().rev());
        newest_first.into_iter().find_map(|memtable| Some((memtable.get(id)?, memtable)))
    }

    /// The same with the active one frozen and `fresh` in its place.
    pub(super) fn rotated(&self, fresh: Arc<Memtable>) -> Memtables {
        Memtables { active: fresh, frozen: self.all().cloned().collect() }
    }

    /// The same without a frozen memtable.
    pub(super) fn without(&self, committed: &Arc<Memtable>) -> Memtables {
        let others = self.frozen.iter().filter(|memtable| !Arc::ptr_eq(memtable, committed));
        Memtables { active: self.active.clone(), frozen: others.cloned().collect() }
    }

    /// All memtables, oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Memtable>> {
        self.frozen.iter().chain([&self.active])
    }
}
