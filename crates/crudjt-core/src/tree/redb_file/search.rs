//! Searching a page of redb's file (see `pages.rs`) for a key, in place: nothing is taken apart that
//! is not on the way. For tables with keys of 16 bytes and values of any width, as all of ours are.

use std::ops::Range;

use super::pages::{BRANCH, LEAF, Root, page_sum};

const KEY: usize = 16;
const LEAF_HEAD: usize = 4;
const BRANCH_HEAD: usize = 8;

/// What a page tells of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SearchStep {
    /// It is below this child, if anywhere.
    Down(Root),
    /// Its value stands here.
    Here(Range<usize>),
    Nowhere,
}

/// A page as far as its checksum covers it; `None` unless that is `sum`.
pub(super) fn sound(page: &[u8], sum: u128) -> Option<&[u8]> {
    let count = count(page)?;
    let end = match page.first() {
        Some(&LEAF) => value_start(page, count, count)?,
        Some(&BRANCH) => branch_keys(count) + KEY * count,
        _ => return None,
    };
    page.get(..end).filter(|covered| page_sum(covered) == sum)
}

/// Looks for a key in a page; `None` if the page can't be understood.
pub(super) fn step(page: &[u8], key: u128) -> Option<SearchStep> {
    let count = count(page)?;
    match page.first() {
        Some(&LEAF) => in_leaf(page, count, key),
        Some(&BRANCH) => in_branch(page, count, key).map(SearchStep::Down),
        _ => None,
    }
}

fn in_leaf(page: &[u8], count: usize, key: u128) -> Option<SearchStep> {
    let keys = leaf_keys(count);
    let at = first_not_below(page, keys, count, key)?;
    if at == count || key_at(page, keys, at)? != key {
        return Some(SearchStep::Nowhere);
    }
    Some(SearchStep::Here(value_start(page, count, at)?..value_start(page, count, at + 1)?))
}

/// The keys of a branch are the largest that the child before may have.
fn in_branch(page: &[u8], count: usize, key: u128) -> Option<Root> {
    let at = first_not_below(page, branch_keys(count), count, key)?;
    let sum = number(page, BRANCH_HEAD + 16 * at).map(u128::from_le_bytes)?;
    let child = number(page, BRANCH_HEAD + 16 * (count + 1) + 8 * at).map(u64::from_le_bytes)?;
    Some(Root { page: child, sum })
}

/// How many of the ascending keys are below this one.
fn first_not_below(page: &[u8], keys: usize, count: usize, key: u128) -> Option<usize> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = (low + high) / 2;
        if key_at(page, keys, middle)? < key {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Some(low)
}

fn count(page: &[u8]) -> Option<usize> {
    number(page, 2).map(u16::from_le_bytes).map(usize::from)
}

fn key_at(page: &[u8], keys: usize, at: usize) -> Option<u128> {
    number(page, keys + KEY * at).map(u128::from_le_bytes)
}

/// Where a leaf's value starts, or its last one ends.
fn value_start(page: &[u8], count: usize, at: usize) -> Option<usize> {
    match at.checked_sub(1) {
        None => Some(leaf_keys(count) + KEY * count),
        Some(before) => {
            let end = number(page, LEAF_HEAD + 4 * before).map(u32::from_le_bytes)?;
            usize::try_from(end).ok()
        }
    }
}

fn leaf_keys(count: usize) -> usize {
    LEAF_HEAD + 4 * count
}

fn branch_keys(count: usize) -> usize {
    BRANCH_HEAD + (16 + 8) * (count + 1)
}

fn number<const N: usize>(page: &[u8], at: usize) -> Option<[u8; N]> {
    page.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::tables::WIDTHS;
    use super::super::pages::Node;
    use super::*;

    fn leaf(rows: &[(u128, Vec<u8>)]) -> Vec<u8> {
        let mut page = vec![LEAF, 0];
        page.extend((rows.len() as u16).to_le_bytes());
        let mut end = leaf_keys(rows.len()) + KEY * rows.len();
        for (_, value) in rows {
            end += value.len();
            page.extend((end as u32).to_le_bytes());
        }
        rows.iter().for_each(|(key, _)| page.extend(key.to_le_bytes()));
        rows.iter().for_each(|(_, value)| page.extend(value));
        page
    }

    fn branch(children: &[Root], keys: &[u128]) -> Vec<u8> {
        let mut page = vec![BRANCH, 0];
        page.extend((keys.len() as u16).to_le_bytes());
        page.extend([0; 4]);
        children.iter().for_each(|child| page.extend(child.sum.to_le_bytes()));
        children.iter().for_each(|child| page.extend(child.page.to_le_bytes()));
        keys.iter().for_each(|key| page.extend(key.to_le_bytes()));
        page
    }

    fn keys() -> impl Strategy<Value = Vec<u128>> {
        prop::collection::btree_set(0..200u128, 1..40).prop_map(|keys| keys.into_iter().collect())
    }

    proptest! {
        #[test]
        fn a_leaf_gives_the_value_of_each_of_its_keys_and_of_no_other(keys in keys(), padding in 0..90usize) {
            let rows: Vec<_> = keys.iter().map(|key| (*key, vec![*key as u8; (key % 9) as usize])).collect();
            let mut page = leaf(&rows);
            let sum = page_sum(&page);
            page.resize(page.len() + padding, 7);
            let page = sound(&page, sum).expect("sound");
            for key in 0..201u128 {
                let found = match step(page, key).expect("a leaf") {
                    SearchStep::Here(range) => Some(page[range].to_vec()),
                    step => { prop_assert_eq!(step, SearchStep::Nowhere); None }
                };
                let expected = rows.iter().find(|row| row.0 == key).map(|row| row.1.clone());
                prop_assert_eq!(found, expected);
            }
            prop_assert!(matches!(Node::parse(page, WIDTHS, sum), Some(Node::Leaf(all)) if all.len() == rows.len()));
        }

        #[test]
        fn a_branch_leads_to_the_first_child_whose_key_is_not_below(keys in keys()) {
            let children: Vec<_> = (0..=keys.len() as u64).map(|page| Root { page, sum: u128::from(page) << 70 }).collect();
            let page = branch(&children, &keys);
            prop_assert!(sound(&page, page_sum(&page)).is_some());
            for key in 0..201u128 {
                let at = keys.partition_point(|largest| *largest < key);
                prop_assert_eq!(step(&page, key), Some(SearchStep::Down(children[at])));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(page in prop::collection::vec(any::<u8>(), 0..300), kind in 0..4u8, key in any::<u128>()) {
            let mut page = page;
            if let Some(first) = page.first_mut() { *first = kind; }
            let _ = (step(&page, key), sound(&page, key));
        }
    }
}
