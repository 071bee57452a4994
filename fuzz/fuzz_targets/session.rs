#![no_main]

#[path = "../../crates/crudjt-session/tests/common/mod.rs"]
mod common;
#[path = "../../crates/crudjt-session/tests/hostile/session.rs"]
mod session;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| session::run(bytes));
