//! redb's file format, read and written by ourselves: pages, the search in them, the file's blocks.

pub(super) mod allocator;
pub(super) mod block_file;
pub(super) mod branches;
pub(super) mod header;
pub(super) mod lookup;
pub(super) mod page_cache;
pub(super) mod page_ownership;
pub(super) mod pages;
pub(super) mod root;
pub(super) mod search;
pub(super) mod walk;
pub(super) mod write_behind;
