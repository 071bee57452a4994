//! redb's file, read and written by this crate itself. `page.rs` is the only parser of pages,
//! `header.rs` of the header; nothing here knows the store's tables.

pub(super) mod allocator;
pub(super) mod block_file;
pub(super) mod block_format;
pub(super) mod catalog;
pub(super) mod copying_backend;
pub(super) mod fields;
pub(super) mod header;
pub(super) mod lookup;
pub(super) mod orphans;
pub(super) mod page;
pub(super) mod page_cache;
pub(super) mod page_number;
pub(super) mod page_ownership;
mod patched_file;
mod range;
pub(super) mod restore;
mod root_copy;
pub(super) mod walk;
pub(super) mod write_behind;
