#![no_main]

#[path = "../../crates/crudjt-core/tests/hostile/token.rs"]
mod token;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| token::run(bytes));
