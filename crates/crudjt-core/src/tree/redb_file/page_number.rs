//! Page numbers of redb's file: 20 bits index, 20 bits region, …, 5 bits order. The page has 2^order
//! blocks.

/// The largest page is 2^12 blocks, 16 MiB: a forged number must not allocate more.
const ORDER_MAX: u64 = 12;
const ORDER_SHIFT: u32 = 59;
/// Blocks of a region, redb's default. The last region may have fewer.
pub(super) const REGION_BLOCKS: usize = 1 << 20;

/// A page and the checksum that its parent records for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tree) struct PageRef {
    pub(super) number: u64,
    pub(super) checksum: u128,
}

/// Where a page lies in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageExtent {
    pub(super) region: usize,
    /// Its first block within the region.
    pub(super) start: usize,
    /// Its number of blocks.
    pub(super) count: usize,
}

impl PageExtent {
    /// `None` for a number that no page has.
    pub(super) fn of(number: u64) -> Option<PageExtent> {
        let (order, region) = (number >> ORDER_SHIFT, number >> 20 & 0xF_FFFF);
        if order > ORDER_MAX {
            return None;
        }
        let index = number & 0xF_FFFF >> order;
        let start = usize::try_from(index << order).ok()?;
        Some(PageExtent { region: usize::try_from(region).ok()?, start, count: 1 << order })
    }

    /// Every page that could begin in a block of the file, by ascending size.
    pub(super) fn all_at(block: u64) -> impl Iterator<Item = PageExtent> {
        let at = block.saturating_sub(1) as usize;
        let (region, start) = (at / REGION_BLOCKS, at % REGION_BLOCKS);
        let counts = (0..=ORDER_MAX).map(|order| 1 << order);
        counts.take_while(move |count| start.is_multiple_of(*count)).map(move |count| PageExtent {
            region,
            start,
            count,
        })
    }

    /// Its first block within the file.
    pub(super) fn block(self) -> u64 {
        1 + (self.region * REGION_BLOCKS + self.start) as u64
    }
}
