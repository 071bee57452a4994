//! A cache with a budget in bytes, used once for records and once for pages of the B-tree. Both
//! have values of one type: the cache's code is in the binary once for each type.

use std::sync::Arc;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};
use rustc_hash::FxBuildHasher;
use zeroize::Zeroizing;

use crate::crypto::keyring::DomainId;
use crate::record::Header;

/// Shards with a lock each, unless the budget is small. A constant: determining the number of
/// processors takes 5 kB of code.
const SHARDS: usize = 16;

/// Memory of a record besides its data.
const RECORD_OVERHEAD: usize = 200;
/// Memory of a page besides its bytes.
const PAGE_OVERHEAD: usize = 96;

/// A cached value.
pub(crate) enum CachedValue {
    Record(CachedRecord),
    Page(CachedPage),
}

/// A decrypted record.
pub(crate) struct CachedRecord {
    pub(crate) header: Header,
    pub(crate) domain: DomainId,
    pub(crate) data: Zeroizing<Box<[u8]>>,
}

impl CachedRecord {
    /// Its approximate memory, in bytes.
    fn weight(&self) -> usize {
        self.data.len() + RECORD_OVERHEAD
    }
}

/// The part of a page that its checksum covers.
pub(crate) struct CachedPage {
    pub(crate) sum: u128,
    pub(crate) bytes: Box<[u8]>,
}

impl CachedPage {
    /// Its approximate memory, in bytes.
    fn weight(&self) -> usize {
        self.bytes.len() + PAGE_OVERHEAD
    }
}

#[derive(Clone)]
pub(crate) struct Weight;

impl Weighter<u64, Arc<CachedValue>> for Weight {
    fn weight(&self, _number: &u64, value: &Arc<CachedValue>) -> u64 {
        let weight = match value.as_ref() {
            CachedValue::Record(record) => record.weight(),
            CachedValue::Page(page) => page.weight(),
        };
        weight as u64
    }
}

/// Values by number; those that are requested again stay.
pub(crate) type WeightedCache = Cache<u64, Arc<CachedValue>, Weight, FxBuildHasher>;

/// Creates a cache for `bytes` bytes of values that take `typical` bytes each.
pub(crate) fn weighted_cache(bytes: usize, typical: usize) -> WeightedCache {
    let options = OptionsBuilder::new()
        .shards(SHARDS)
        .estimated_items_capacity(bytes / typical + 1)
        .weight_capacity(bytes as u64)
        .build();
    let options = options.expect("all mandatory options are set");
    Cache::with_options(options, Weight, FxBuildHasher, DefaultLifecycle::default())
}
