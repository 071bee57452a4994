//! What the fuzz targets found worth keeping, replayed: the files in `fuzz/corpus` go through what
//! the targets do with them. `npm run fuzz` looks for more.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod hostile;
mod trial;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let count = files.inspect(|file| replay_file(file, run)).count();
    assert!(count > 0, "{} is empty", folder.display());
}

fn replay_file(file: &Path, run: fn(&[u8])) {
    let bytes = fs::read(file).unwrap();
    catch_unwind(AssertUnwindSafe(|| run(&bytes))).unwrap_or_else(|panic| {
        eprintln!("{} failed", file.display());
        resume_unwind(panic)
    });
}

#[test]
fn any_text_is_a_canonical_token_or_refused() {
    replay("token", hostile::token::run);
}

#[test]
fn any_bytes_parse_to_what_they_encode_or_are_refused() {
    replay("parsing", hostile::parsing::run);
}

#[test]
fn any_messagepack_is_accepted_as_by_rmpv() {
    replay("msgpack", hostile::msgpack::run);
}

#[test]
fn any_files_open_as_a_store_that_shows_what_was_written_or_are_refused() {
    replay("files", hostile::files::run);
}

#[test]
fn any_run_of_operations_and_faults_agrees_with_the_model() {
    replay("operations", hostile::operations::run);
}
