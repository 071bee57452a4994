//! The state of redb's allocator: which blocks of the file are free. Parsed only for the check of page
//! ownership; redb does not verify that it is consistent with itself or with the trees.
//!
//! ```text
//! rows:    u8 3, u32 region: the region; u8 4, u32 0: the tracker; u8 5, u32 0: u64 transaction
//! region:  u8 highest order (20), 3 × 0, u32 blocks, u32 ends of a bitmap for each order, bitmaps
//! tracker: u32 orders (21), u32 length of a bitmap for each order, bitmaps
//! bitmap:  u32 levels, u32 ends of levels, levels
//! level:   u32 bits, u64 words
//! ```
//!
//! In the last level of a region's bitmap a bit is 0 where 2^order blocks are free; in the tracker's,
//! where a region may have free pages. Bits of the levels above are 0 where the word below has a 0;
//! bits beyond the end are 1.

use std::ops::Range;

use super::catalog::Row;
use super::page_number::REGION_BLOCKS;
use crate::bytes::ByteReader;

const ORDERS: usize = 21;
const REGIONS_MAX: usize = 1 << 20;

/// The free blocks of a region.
#[derive(Default)]
pub(super) struct Region {
    /// Its number of blocks.
    pub(super) blocks: usize,
    /// For each order the words of the last level.
    orders: Vec<Vec<u64>>,
}

/// All regions, if the rows are one consistent state, of this transaction.
pub(super) fn regions(rows: &[Row], transaction: u64) -> Option<Vec<Region>> {
    let (last, rest) = rows.split_last()?;
    let (tracker, rest) = rest.split_last()?;
    let is_current = *last == (key(5, 0), transaction.to_le_bytes().to_vec());
    let is_known = tracker.0 == key(4, 0) && tracker_is_sound(&tracker.1, rest.len()).is_some();
    let region = |(number, (name, value)): (u32, &Row)| {
        Region::parse(value).filter(|_| *name == key(3, number))
    };
    let regions = (0..).zip(rest).map(region).collect::<Option<Vec<_>>>()?;
    (is_current && is_known).then_some(regions)
}

fn key(kind: u8, number: u32) -> Vec<u8> {
    [[kind].as_slice(), &number.to_le_bytes()].concat()
}

impl Region {
    fn parse(bytes: &[u8]) -> Option<Region> {
        let mut reader = ByteReader(bytes);
        let (highest, _, blocks) = (reader.u8()?, reader.take(3)?, reader.u32()? as usize);
        if usize::from(highest) + 1 != ORDERS || !(1..=REGION_BLOCKS).contains(&blocks) {
            return None;
        }
        let bitmaps = between(bytes, 8 + 4 * ORDERS, &ends(&mut reader, ORDERS)?)?;
        let order = |(order, bytes): (usize, &[u8])| {
            let (bits, words) = bitmap(bytes, REGION_BLOCKS >> order)?;
            let merged = order + 1 == ORDERS || words.iter().all(|word| !has_free_pair(*word));
            (bits == blocks >> order && merged).then_some(words)
        };
        let orders = bitmaps.into_iter().enumerate().map(order).collect::<Option<_>>()?;
        Some(Region { blocks, orders })
    }

    /// The free pages.
    pub(super) fn free(&self) -> impl Iterator<Item = Range<usize>> {
        self.orders
            .iter()
            .enumerate()
            .flat_map(|(order, words)| zeros(words).map(move |at| at << order..(at + 1) << order))
    }
}

/// Two free buddies would have been merged into a free page of the next order.
fn has_free_pair(word: u64) -> bool {
    !word & !word >> 1 & 0x5555_5555_5555_5555 != 0
}

fn tracker_is_sound(bytes: &[u8], regions: usize) -> Option<()> {
    let mut reader = ByteReader(bytes);
    let orders = reader.u32()? as usize;
    let lengths = ends(&mut reader, (orders == ORDERS).then_some(ORDERS)?)?;
    for length in lengths {
        let (bits, words) = bitmap(reader.take(length)?, REGIONS_MAX)?;
        let beyond = zeros(&words).any(|region| region >= regions);
        if bits < regions || beyond {
            return None;
        }
    }
    Some(())
}

/// The number of bits and the words of a bitmap's last level, if its levels are consistent and as many
/// as `capacity` bits take.
fn bitmap(bytes: &[u8], capacity: usize) -> Option<(usize, Vec<u64>)> {
    let mut reader = ByteReader(bytes);
    let levels = reader.u32()? as usize;
    if levels != levels_for(capacity) {
        return None;
    }
    let levels = between(bytes, 4 + 4 * levels, &ends(&mut reader, levels)?)?;
    let mut levels = levels.into_iter().map(level).collect::<Option<Vec<_>>>()?;
    let agree =
        levels.windows(2).all(|two| matches!(two, [above, below] if summarises(above, below)));
    levels.pop().filter(|(bits, _)| agree && *bits <= capacity)
}

fn levels_for(capacity: usize) -> usize {
    let whole = |bits: &usize| (*bits > 64).then(|| bits.div_ceil(64));
    std::iter::successors(Some(capacity), whole).count()
}

/// The number of bits and the words of a level; `None` if a bit beyond its end is 0.
fn level(bytes: &[u8]) -> Option<(usize, Vec<u64>)> {
    let (head, words) = bytes.split_first_chunk()?;
    let bits = u32::from_le_bytes(*head) as usize;
    let (words, rest) = words.as_chunks();
    let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let fits = rest.is_empty() && bits.div_ceil(64) <= words.len();
    (fits && zeros(&words).all(|at| at < bits)).then_some((bits, words))
}

/// Whether each bit of a level is 0 exactly where the word below has a 0.
fn summarises((bits, words): &(usize, Vec<u64>), below: &(usize, Vec<u64>)) -> bool {
    let is_full = |at: usize| words.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1);
    let agrees = |(at, word): (usize, &u64)| is_full(at) == (*word == u64::MAX);
    *bits == below.0.div_ceil(64) && below.1.iter().take(*bits).enumerate().all(agrees)
}

/// The positions of the zero bits.
fn zeros(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(at, word)| {
        let mut left = !word;
        std::iter::from_fn(move || {
            let bit = (left != 0).then_some(left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(at * 64 + bit)
        })
    })
}

fn ends(reader: &mut ByteReader<'_>, count: usize) -> Option<Vec<usize>> {
    (0..count).map(|_| reader.u32().map(|end| end as usize)).collect()
}

/// The pieces of `bytes` that end at `ends`; the first begins at `start`.
fn between<'b>(bytes: &'b [u8], start: usize, ends: &[usize]) -> Option<Vec<&'b [u8]>> {
    let mut start = start;
    ends.iter().map(|end| bytes.get(std::mem::replace(&mut start, *end)..*end)).collect()
}
