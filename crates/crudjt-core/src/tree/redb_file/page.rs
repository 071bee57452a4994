//! The parser of a page in redb's file, format version 3: typed views that borrow the page's bytes.
//!
//! ```text
//! leaf:   u8 1, 0, u16 rows, [u32 ends of keys], [u32 ends of values], keys, values
//! branch: u8 2, 0, u16 keys, 4 × 0, u128 checksums and u64 numbers of keys + 1 children,
//!         [u32 ends of keys], keys
//! ```
//!
//! Ends are stored only for fields of variable width. A page's checksum covers it up to its last end.
//! A view never panics on malformed bytes: a field that lies outside the page is `None`.
//!
//! Inlining is forced: optimised for size, the views would be passed through memory, which adds 7 % to
//! the instructions of a read from the B-tree.

use twox_hash::XxHash3_128;

use super::fields::{Fields, Layout, array};
use super::page_number::PageRef;

const LEAF: u8 = 1;
const BRANCH: u8 = 2;
const LEAF_HEADER: usize = 4;
const BRANCH_HEADER: usize = 8;
/// No B-tree of a store is deeper: bounds the walk through a forged one.
pub(super) const DEPTH_MAX: usize = 40;

pub(super) fn page_checksum(bytes: &[u8]) -> u128 {
    XxHash3_128::oneshot(bytes)
}

/// Bytes of each key and each value of a table; `None` for a variable width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tree) struct Widths {
    pub(in crate::tree) key: Option<usize>,
    pub(in crate::tree) value: Option<usize>,
}

impl Widths {
    /// Those of a table from `u128` to `&[u8]`.
    pub(in crate::tree) const U128_TO_BYTES: Widths = Widths { key: Some(16), value: None };
}

/// A view of a page.
#[derive(Clone, Copy)]
pub(super) enum Page<'p> {
    Leaf(Leaf<'p>),
    Branch(Branch<'p>),
}

impl<'p> Page<'p> {
    /// Views a page of a table. Does not compare its checksum.
    #[inline(always)]
    pub(super) fn parse(bytes: &'p [u8], widths: Widths) -> Option<Page<'p>> {
        let &[kind, _, low, high] = bytes.first_chunk()?;
        let count = usize::from(u16::from_le_bytes([low, high]));
        match kind {
            LEAF => Leaf::parse(bytes, widths, count).map(Page::Leaf),
            BRANCH => Branch::parse(bytes, widths.key, count).map(Page::Branch),
            _ => None,
        }
    }

    /// The bytes that a page's checksum covers; `None` unless `checksum` is theirs.
    pub(super) fn verified(bytes: &[u8], widths: Widths, checksum: u128) -> Option<&[u8]> {
        let last = match Page::parse(bytes, widths)? {
            Page::Leaf(leaf) => leaf.values,
            Page::Branch(branch) => branch.keys,
        };
        let covered = bytes.get(..last.boundary(last.count)?)?;
        (page_checksum(covered) == checksum).then_some(covered)
    }

    /// Searches for a key in a page of a table with `u128` keys; `None` if the page is malformed.
    #[inline(always)]
    pub(super) fn search(self, key: u128) -> Option<Step<'p>> {
        match self {
            Page::Leaf(leaf) => match leaf.keys.find(key)? {
                (at, true) => leaf.values.get(at).map(Step::Found),
                _ => Some(Step::Absent),
            },
            Page::Branch(branch) => branch.child(branch.keys.find(key)?.0).map(Step::Child),
        }
    }
}

/// The rows of a leaf, by ascending key.
#[derive(Clone, Copy)]
pub(super) struct Leaf<'p> {
    keys: Fields<'p>,
    values: Fields<'p>,
}

impl<'p> Leaf<'p> {
    #[inline(always)]
    fn parse(bytes: &'p [u8], widths: Widths, count: usize) -> Option<Leaf<'p>> {
        let (key_layout, at) = Layout::parse(bytes, LEAF_HEADER, widths.key, count)?;
        let (value_layout, start) = Layout::parse(bytes, at, widths.value, count)?;
        let keys = Fields { bytes, start, count, layout: key_layout };
        let values = Fields { start: keys.boundary(count)?, layout: value_layout, ..keys };
        Some(Leaf { keys, values })
    }

    /// The keys and values; `None` if one of them is malformed.
    pub(super) fn rows(self) -> Option<Vec<(&'p [u8], &'p [u8])>> {
        let row = |at| Some((self.keys.get(at)?, self.values.get(at)?));
        (0..self.keys.count).map(row).collect()
    }
}

/// A child and its upper bound, which the last child of a branch does not have.
pub(super) type Child<'p> = (PageRef, Option<&'p [u8]>);

/// The children of a branch and the keys between them: a key is the upper bound of the child before
/// it.
#[derive(Clone, Copy)]
pub(super) struct Branch<'p> {
    checksums: &'p [[u8; 16]],
    numbers: &'p [[u8; 8]],
    keys: Fields<'p>,
}

impl<'p> Branch<'p> {
    #[inline(always)]
    fn parse(bytes: &'p [u8], width: Option<usize>, count: usize) -> Option<Branch<'p>> {
        let (checksums, at) = array(bytes, BRANCH_HEADER, count + 1)?;
        let (numbers, at) = array(bytes, at, count + 1)?;
        let (layout, start) = Layout::parse(bytes, at, width, count)?;
        Some(Branch { checksums, numbers, keys: Fields { bytes, start, count, layout } })
    }

    #[inline(always)]
    fn child(self, at: usize) -> Option<PageRef> {
        let number = u64::from_le_bytes(*self.numbers.get(at)?);
        Some(PageRef { number, checksum: u128::from_le_bytes(*self.checksums.get(at)?) })
    }

    /// All children; `None` if one is malformed.
    pub(super) fn children(self) -> Option<Vec<Child<'p>>> {
        let bound = |at| (at < self.keys.count).then(|| self.keys.get(at));
        let child =
            |at| Some((self.child(at)?, bound(at).map_or(Some(None), |key| key.map(Some))?));
        (0..=self.keys.count).map(child).collect()
    }
}

/// Where a search goes from a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<'p> {
    Child(PageRef),
    Found(&'p [u8]),
    Absent,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WIDTHS: Widths = Widths::U128_TO_BYTES;

    fn leaf(rows: &[(u128, Vec<u8>)]) -> Vec<u8> {
        let mut page = vec![LEAF, 0];
        page.extend((rows.len() as u16).to_le_bytes());
        let mut end = LEAF_HEADER + (4 + 16) * rows.len();
        for (_, value) in rows {
            end += value.len();
            page.extend((end as u32).to_le_bytes());
        }
        rows.iter().for_each(|(key, _)| page.extend(key.to_le_bytes()));
        rows.iter().for_each(|(_, value)| page.extend(value));
        page
    }

    fn branch(children: &[PageRef], keys: &[u128]) -> Vec<u8> {
        let mut page = vec![BRANCH, 0];
        page.extend((keys.len() as u16).to_le_bytes());
        page.extend([0; 4]);
        children.iter().for_each(|child| page.extend(child.checksum.to_le_bytes()));
        children.iter().for_each(|child| page.extend(child.number.to_le_bytes()));
        keys.iter().for_each(|key| page.extend(key.to_le_bytes()));
        page
    }

    fn step(page: &[u8], key: u128) -> Option<Step<'_>> {
        Page::parse(page, WIDTHS)?.search(key)
    }

    fn keys() -> impl Strategy<Value = Vec<u128>> {
        prop::collection::btree_set(0..200u128, 1..40).prop_map(|keys| keys.into_iter().collect())
    }

    proptest! {
        #[test]
        fn a_leaf_gives_the_value_of_each_of_its_keys_and_of_no_other(keys in keys(), padding in 0..90usize) {
            let rows: Vec<_> = keys.iter().map(|key| (*key, vec![*key as u8; (key % 9) as usize])).collect();
            let mut page = leaf(&rows);
            let checksum = page_checksum(&page);
            page.resize(page.len() + padding, 7);
            let page = Page::verified(&page, WIDTHS, checksum).expect("sound");
            for key in 0..201u128 {
                let found = match step(page, key).expect("a leaf") {
                    Step::Found(value) => Some(value.to_vec()),
                    step => { prop_assert_eq!(step, Step::Absent); None }
                };
                let expected = rows.iter().find(|row| row.0 == key).map(|row| row.1.clone());
                prop_assert_eq!(found, expected);
            }
            let Some(Page::Leaf(leaf)) = Page::parse(page, WIDTHS) else { panic!("a leaf") };
            prop_assert_eq!(leaf.rows().map(|all| all.len()), Some(rows.len()));
        }

        #[test]
        fn a_branch_leads_to_the_first_child_whose_key_is_not_below(keys in keys()) {
            let children: Vec<_> = (0..=keys.len() as u64)
                .map(|number| PageRef { number, checksum: u128::from(number) << 70 })
                .collect();
            let page = branch(&children, &keys);
            prop_assert!(Page::verified(&page, WIDTHS, page_checksum(&page)).is_some());
            for key in 0..201u128 {
                let at = keys.partition_point(|largest| *largest < key);
                prop_assert_eq!(step(&page, key), Some(Step::Child(children[at])));
            }
            let Some(Page::Branch(branch)) = Page::parse(&page, WIDTHS) else { panic!("a branch") };
            let listed: Vec<_> = branch.children().expect("children").into_iter().map(|(child, _)| child).collect();
            prop_assert_eq!(listed, children);
        }

        #[test]
        fn no_bytes_make_it_panic(page in prop::collection::vec(any::<u8>(), 0..300), kind in 0..4u8, key in any::<u128>(), widths in any::<[bool; 2]>()) {
            let mut page = page;
            if let Some(first) = page.first_mut() { *first = kind; }
            let _ = (step(&page, key), Page::verified(&page, WIDTHS, key));
            let widths = Widths { key: widths[0].then_some(usize::MAX), value: widths[1].then_some(1) };
            match Page::parse(&page, widths) {
                Some(Page::Leaf(leaf)) => drop(leaf.rows()),
                Some(Page::Branch(branch)) => drop(branch.children()),
                None => {}
            }
        }
    }
}
