#![no_main]

#[path = "../../crates/crudjt-core/tests/hostile/msgpack.rs"]
mod msgpack;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| msgpack::run(bytes));
