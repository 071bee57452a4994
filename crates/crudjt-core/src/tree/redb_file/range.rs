//! Visits the keys of a table up to a bound, without redb, in one commit.

use super::lookup::Lookup;
use super::page::{DEPTH_MAX, Page, Widths};
use super::page_number::PageRef;

impl Lookup {
    /// Calls `visit` with the keys up to `last` of the table with this root, by ascending key. Damaged
    /// pages are left out.
    pub(in crate::tree) fn keys_up_to(
        &self,
        root: Option<PageRef>,
        last: u128,
        visit: &mut dyn FnMut(u128),
    ) {
        if let Some(root) = root {
            self.visit_page(root, last, visit, DEPTH_MAX);
        }
    }

    fn visit_page(
        &self,
        page: PageRef,
        last: u128,
        visit: &mut dyn FnMut(u128),
        depth: usize,
    ) -> Option<()> {
        let bytes = self.read(page).ok()?;
        match Page::parse(&bytes, Widths::U128_TO_BYTES)? {
            Page::Leaf(leaf) => {
                let keys = leaf.rows()?.into_iter().filter_map(|(key, _)| number(key));
                keys.take_while(|key| *key <= last).for_each(visit);
            }
            Page::Branch(branch) => {
                let depth = depth.checked_sub(1)?;
                for (child, bound) in branch.children()? {
                    self.visit_page(child, last, visit, depth);
                    if bound.and_then(number).is_some_and(|bound| bound >= last) {
                        break;
                    }
                }
            }
        }
        Some(())
    }
}

fn number(key: &[u8]) -> Option<u128> {
    key.first_chunk().map(|bytes| u128::from_le_bytes(*bytes))
}
