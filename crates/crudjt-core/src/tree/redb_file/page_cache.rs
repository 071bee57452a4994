//! Pages of the B-tree that were read, within a budget of bytes. Branches stay, leaves come and go:
//! the cache keeps what is asked for again.
//!
//! Invariant: a page is known by its number and its checksum, so no commit has to take any out: one
//! that was written over has another checksum and is not what is asked for any more.

use std::io;
use std::sync::Arc;

use super::block_file::BLOCK;
use super::pages::Root;
use crate::cache::{CachedPage, CachedValue, WeightedCache, weighted_cache};

/// Pages by number.
pub(in crate::tree) struct PageCache(WeightedCache);

impl PageCache {
    pub(in crate::tree) fn new(bytes: usize) -> PageCache {
        PageCache(weighted_cache(bytes, BLOCK))
    }

    /// Has `look` look at the page that `wanted` speaks of, which `read` reads unless it is here.
    pub(super) fn with<T>(
        &self,
        wanted: Root,
        read: impl FnOnce() -> io::Result<Box<[u8]>>,
        look: impl FnOnce(&[u8]) -> T,
    ) -> io::Result<T> {
        let kept = self.0.get(&wanted.page);
        if let Some(CachedValue::Page(page)) = kept.as_deref()
            && page.sum == wanted.sum
        {
            return Ok(look(&page.bytes));
        }
        let bytes = read()?;
        let answer = look(&bytes);
        self.0.insert(
            wanted.page,
            Arc::new(CachedValue::Page(CachedPage { sum: wanted.sum, bytes })),
        );
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the cache has of a page that could be read with this in it now.
    fn get(cache: &PageCache, wanted: Root, now: Option<u8>) -> Option<u8> {
        let bytes = now.map(|byte| Box::from([byte; 4000])).ok_or(io::ErrorKind::Other);
        cache.with(wanted, || Ok(bytes?), |page| page[0]).ok()
    }

    #[test]
    fn a_page_that_was_written_over_is_read_again() {
        let cache = PageCache::new(1 << 20);
        let first = Root { page: 7, sum: 1 };
        assert_eq!(get(&cache, first, Some(1)), Some(1));
        assert_eq!(get(&cache, first, Some(2)), Some(1));
        assert_eq!(get(&cache, Root { sum: 2, ..first }, Some(2)), Some(2));
    }

    #[test]
    fn what_could_not_be_read_is_not_kept_and_the_budget_holds() {
        let cache = PageCache::new(64 << 10);
        let wanted = Root { page: 7, sum: 1 };
        assert_eq!(get(&cache, wanted, None), None);
        assert_eq!(get(&cache, wanted, Some(3)), Some(3));
        (0..500).for_each(|page| assert!(get(&cache, Root { page, sum: 2 }, Some(1)).is_some()));
        assert!(cache.0.weight() <= 64 << 10);
    }
}
