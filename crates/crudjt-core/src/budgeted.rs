//! A cache with a budget in bytes: what is kept of records and of the B-tree's pages lies in one each.
//! Both have values of one type, for the cache's code is in the binary once for each.

use std::sync::Arc;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};
use rustc_hash::FxBuildHasher;

use crate::cache::Opened;
use crate::tree::Page;

/// Parts that have a lock each, unless the budget is small. Not as many as there are processors:
/// asking for their number takes 5 kB of code.
const SHARDS: usize = 16;

/// What is kept.
pub(crate) enum Kept {
    Record(Opened),
    Page(Page),
}

#[derive(Clone)]
pub(crate) struct Weight;

impl Weighter<u64, Arc<Kept>> for Weight {
    fn weight(&self, _number: &u64, kept: &Arc<Kept>) -> u64 {
        let weight = match kept.as_ref() {
            Kept::Record(record) => record.weight(),
            Kept::Page(page) => page.weight(),
        };
        weight as u64
    }
}

/// Values by number, of which the ones that are asked for again stay.
pub(crate) type Budgeted = Cache<u64, Arc<Kept>, Weight, FxBuildHasher>;

/// An empty cache for so many bytes of values that take `typical` bytes each.
pub(crate) fn budgeted(bytes: usize, typical: usize) -> Budgeted {
    let options = OptionsBuilder::new()
        .shards(SHARDS)
        .estimated_items_capacity(bytes / typical + 1)
        .weight_capacity(bytes as u64)
        .build();
    let options = options.expect("all that must be set is");
    Cache::with_options(options, Weight, FxBuildHasher, DefaultLifecycle::default())
}
