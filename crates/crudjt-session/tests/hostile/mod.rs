//! What is done with hostile bytes: the fuzz target in `fuzz/` runs it with bytes that libFuzzer
//! makes up, the test with those in `fuzz/corpus` and with any.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

pub mod session;
