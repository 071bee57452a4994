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
pub(crate) enum CachedValue {
    Record(CachedRecord),
    Page(CachedPage),
}

/// An opened record.
pub(crate) struct CachedRecord {
    pub(crate) header: Header,
    pub(crate) domain: DomainId,
    pub(crate) data: Zeroizing<Box<[u8]>>,
}

impl CachedRecord {
    /// The memory that it takes, about.
    fn weight(&self) -> usize {
        self.data.len() + RECORD_OVERHEAD
    }
}

/// A page as far as its checksum covers it.
pub(crate) struct CachedPage {
    pub(crate) sum: u128,
    pub(crate) bytes: Box<[u8]>,
}

impl CachedPage {
    /// The memory that it takes, about.
    fn weight(&self) -> usize {
        self.bytes.len() + PAGE_OVERHEAD
    }
}

#[derive(Clone)]
pub(crate) struct Weight;

impl Weighter<u64, Arc<CachedValue>> for Weight {
    fn weight(&self, _number: &u64, kept: &Arc<CachedValue>) -> u64 {
        let weight = match kept.as_ref() {
            CachedValue::Record(record) => record.weight(),
            CachedValue::Page(page) => page.weight(),
        };
        weight as u64
    }
}

/// Values by number, of which the ones that are asked for again stay.
pub(crate) type WeightedCache = Cache<u64, Arc<CachedValue>, Weight, FxBuildHasher>;

/// An empty cache for so many bytes of values that take `typical` bytes each.
pub(crate) fn weighted_cache(bytes: usize, typical: usize) -> WeightedCache {
    let options = OptionsBuilder::new()
        .shards(SHARDS)
        .estimated_items_capacity(bytes / typical + 1)
        .weight_capacity(bytes as u64)
        .build();
    let options = options.expect("all that must be set is");
    Cache::with_options(options, Weight, FxBuildHasher, DefaultLifecycle::default())
}
