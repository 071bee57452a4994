#![no_main]

#[path = "../../crates/crudjt-core/tests/hostile/parsing.rs"]
mod parsing;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsing::run(bytes));
