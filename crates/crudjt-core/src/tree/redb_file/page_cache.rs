//! A cache of B-tree pages within a byte budget. It keeps pages that are read again, so branches stay
//! while leaves come and go.
//!
//! Invariant: a page is identified by its number and its checksum, so a commit invalidates nothing: a
//! page that was overwritten has another checksum and is no longer asked for.

use std::io;
use std::sync::Arc;

use super::block_format::BLOCK;
use super::page_number::PageRef;
use crate::cache::{CachedPage, CachedValue, WeightedCache, weighted_cache};

/// Pages by number.
pub(in crate::tree) struct PageCache(WeightedCache);

impl PageCache {
    pub(in crate::tree) fn new(bytes: usize) -> PageCache {
        PageCache(weighted_cache(bytes, BLOCK))
    }

    /// Calls `look` with the page `wanted`, which `read` provides unless it is cached.
    pub(super) fn with<T>(
        &self,
        wanted: PageRef,
        read: impl FnOnce() -> io::Result<Box<[u8]>>,
        look: impl FnOnce(&[u8]) -> T,
    ) -> io::Result<T> {
        let kept = self.0.get(&wanted.number);
        if let Some(CachedValue::Page(page)) = kept.as_deref()
            && page.sum == wanted.checksum
        {
            return Ok(look(&page.bytes));
        }
        let bytes = read()?;
        let answer = look(&bytes);
        let page = CachedPage { sum: wanted.checksum, bytes };
        self.0.insert(wanted.number, Arc::new(CachedValue::Page(page)));
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cached first byte of a page that a read would find to be `now`.
    fn get(cache: &PageCache, wanted: PageRef, now: Option<u8>) -> Option<u8> {
        let bytes = now.map(|byte| Box::from([byte; 4000])).ok_or(io::ErrorKind::Other);
        cache.with(wanted, || Ok(bytes?), |page| page[0]).ok()
    }

    #[test]
    fn a_page_that_was_written_over_is_read_again() {
        let cache = PageCache::new(1 << 20);
        let first = PageRef { number: 7, checksum: 1 };
        assert_eq!(get(&cache, first, Some(1)), Some(1));
        assert_eq!(get(&cache, first, Some(2)), Some(1));
        assert_eq!(get(&cache, PageRef { checksum: 2, ..first }, Some(2)), Some(2));
    }

    #[test]
    fn what_could_not_be_read_is_not_kept_and_the_budget_holds() {
        let cache = PageCache::new(64 << 10);
        let wanted = PageRef { number: 7, checksum: 1 };
        assert_eq!(get(&cache, wanted, None), None);
        assert_eq!(get(&cache, wanted, Some(3)), Some(3));
        (0..500).for_each(|number| {
            assert!(get(&cache, PageRef { number, checksum: 2 }, Some(1)).is_some())
        });
        assert!(cache.0.weight() <= 64 << 10);
    }
}
