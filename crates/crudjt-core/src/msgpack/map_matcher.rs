//! Matches maps against templates, so that a decoder of many maps with the same keys does not walk
//! over the keys again.
//!
//! A template is the bytes that packed maps of one shape have between their values; nested maps are
//! part of it. A map that matches is returned as leaves, one for each value, in order.
//!
//! Invariants: a map matches only if every byte of it is accounted for; the first bytes of a map
//! select a bucket of two templates, the one that matched last in front; the number of a text
//! stands for the same text until it is returned as new again.

#[cfg(test)]
mod tests;

use super::leaf::{Leaves, MAX_LEAVES, OTHER, leaf};
use super::text_table::{NEW_TEXT, TextTable};

/// How many buckets there are; a power of two.
const BUCKETS: usize = 128;

/// The bytes before each value, concatenated, and where those of each value end.
#[derive(Default)]
struct Template {
    bytes: Box<[u8]>,
    ends: Box<[usize]>,
}

/// The templates and texts of one decoder.
pub struct MapMatcher {
    templates: Vec<[Template; 2]>,
    texts: TextTable,
}

impl Default for MapMatcher {
    fn default() -> MapMatcher {
        let templates = (0..BUCKETS).map(|_| Default::default()).collect();
        MapMatcher { templates, texts: TextTable::default() }
    }
}

impl MapMatcher {
    /// The bucket of a map, from its number of entries and the first bytes of its first key.
    pub fn bucket(map: &[u8]) -> usize {
        let start = map.first_chunk::<5>().map_or(0, |[count, key @ ..]| {
            let [header, ..] = key;
            // The value after a short key must not count.
            let bytes = if header & 0xe0 == 0xa0 { 1 + u32::from(header & 0x1f) } else { 4 };
            let unused = 32_u32.saturating_sub(8 * bytes);
            (u32::from_le_bytes(*key) << unused) ^ u32::from(*count)
        });
        start.wrapping_mul(0x9e37_79b1) as usize >> 16 & (BUCKETS - 1)
    }

    /// Sets the template in front (0) or behind (1) in a bucket: the bytes before each value,
    /// concatenated, and how many each value has. Ignored if there are more than [`MAX_LEAVES`].
    pub fn learn(&mut self, bucket: usize, behind: usize, bytes: &[u8], lengths: &[u8]) {
        let ends = lengths.iter().scan(0, |end, length| {
            *end += usize::from(*length);
            Some(*end)
        });
        let template = Template { bytes: bytes.into(), ends: ends.collect() };
        let way = self.templates.get_mut(bucket).and_then(|ways| ways.get_mut(behind));
        if let Some(way) = way
            && lengths.len() <= MAX_LEAVES
        {
            *way = template;
        }
    }

    /// Writes the leaves of a map; `None` if it matches no template of its bucket. Returns whether
    /// it matched the one in front (0) or behind (1), which then comes to the front.
    pub fn find_leaves(&mut self, map: &[u8], leaves: &mut Leaves<'_>) -> Option<usize> {
        let ways = self.templates.get_mut(Self::bucket(map))?;
        let (way, count) = ways
            .iter()
            .enumerate()
            .find_map(|(way, template)| Some((way, template.find_leaves(map, leaves)?)))?;
        ways.rotate_left(way);
        let found = leaves.codes.iter_mut().zip(leaves.numbers.iter()).take(count);
        for (code, offset) in found.filter(|(code, _)| **code == NEW_TEXT) {
            let text = map.get(*offset as usize..).unwrap_or_default();
            *code = self.texts.code(text).unwrap_or(OTHER);
        }
        Some(way)
    }

    /// Makes every text new again: the decoder has dropped its texts.
    pub fn forget_texts(&mut self) {
        self.texts.clear();
    }
}

impl Template {
    /// The number of leaves of a map that matches; texts have no numbers yet.
    fn find_leaves(&self, map: &[u8], leaves: &mut Leaves<'_>) -> Option<usize> {
        let (mut at, mut start) = (0, 0);
        let places = leaves.codes.iter_mut().zip(leaves.numbers.iter_mut());
        for (end, (code, number)) in self.ends.iter().zip(places) {
            let literal = self.bytes.get(start..*end)?;
            if !map.get(at..)?.starts_with(literal) {
                return None;
            }
            at += literal.len();
            start = *end;
            (*code, *number, at) = leaf(map, at)?;
        }
        (at == map.len() && !self.ends.is_empty()).then_some(self.ends.len())
    }
}
