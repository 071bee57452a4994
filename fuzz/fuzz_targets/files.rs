#![no_main]

#[path = "../../crates/crudjt-core/tests/common/mod.rs"]
mod common;
#[path = "../../crates/crudjt-core/tests/hostile/files.rs"]
mod files;
#[path = "../../crates/crudjt-core/tests/trial/mod.rs"]
mod trial;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| files::run(bytes));
