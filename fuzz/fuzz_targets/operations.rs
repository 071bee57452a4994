#![no_main]

#[path = "../../crates/crudjt-core/tests/common/mod.rs"]
mod common;
#[path = "../../crates/crudjt-core/tests/hostile/operations.rs"]
mod operations;
#[path = "../../crates/crudjt-core/tests/trial/mod.rs"]
mod trial;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| operations::run(bytes));
