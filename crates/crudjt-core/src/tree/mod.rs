//! The B-tree: holds the records of every memtable that was checkpointed.
//!
//! Invariants: the applied mark is committed in the same transaction as the records that it covers; a
//! view is published to readers only after its commit is durable; every call of redb is guarded against
//! panics. After a failed access redb refuses all others, so the file is then opened anew, at its
//! newest commit.

mod append;
mod commit;
mod database;
mod guard;
mod rebuild;
mod redb_file;
mod root_check;
mod snapshot;
mod tables;
mod transaction;
mod tree_file;
mod writer;

pub(crate) use commit::{Batch, Committed};
pub(crate) use database::Tree;
pub(crate) use rebuild::{OpenedTree, remove_fresh};
pub(crate) use redb_file::block_format::make_checksums_fit;
pub(crate) use redb_file::walk::{Damage, RowVisitor};
pub(crate) use snapshot::Snapshot;
pub(crate) use tables::{AppliedMark, EpochCount, Rows, TableName, expiry_key, id_of};
pub(crate) use tree_file::{TreeFile, store_of_tree};

/// The name of the B-tree's file.
pub(crate) const TREE_FILE: &str = "records";
/// The name of a file that is to replace it.
pub(crate) const FRESH_TREE: &str = "records.new";
/// The names of those that had damaged blocks and were replaced: the first one, and the last one.
pub(crate) const DAMAGED_TREES: [&str; 2] = ["records.damaged", "records.damaged-2"];
/// Bytes of a block of the file.
pub(crate) const BLOCK_BYTES: u64 = redb_file::block_format::BLOCK as u64;
