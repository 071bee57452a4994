//! A cache with a budget in bytes: what is kept of records and of the B-tree's pages lies in one each.
//! Both have values of one type, for the cache's code is in the binary once for each.

use std::sync::Arc;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};
use rustc_hash::FxBuildHasher;
use zeroize::Zeroizing;

use crate::crypto::keyring::DomainId;
use crate::record::Header;

/// Parts that have a lock each, unless the budget is small. Not as many as there are processors:
/// asking for their number takes 5 kB of code.
const SHARDS: usize = 16;

/// Memory that a record takes besides its data.
const RECORD_OVERHEAD: usize = 200;
/// Memory that a page takes besides its bytes.
const PAGE_OVERHEAD: usize = 96;

/// What is kept.
pub(crate) enum Kept {
    Record(Opened),
    Page(Page),
}

/// An opened record.
pub(crate) struct Opened {
    pub(crate) header: Header,
    pub(crate) domain: DomainId,
    pub(crate) data: Zeroizing<Box<[u8]>>,
}

impl Opened {
    /// The memory that it takes, about.
    fn weight(&self) -> usize {
        self.data.len() + RECORD_OVERHEAD
    }
}

/// A page as far as its checksum covers it.
pub(crate) struct Page {
    pub(crate) sum: u128,
    pub(crate) bytes: Box<[u8]>,
}

impl Page {
    /// The memory that it takes, about.
    fn weight(&self) -> usize {
        self.bytes.len() + PAGE_OVERHEAD
    }
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
