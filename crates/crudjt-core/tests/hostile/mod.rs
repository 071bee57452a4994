//! What is done with hostile bytes, a module each: the fuzz targets in `fuzz/` run these with bytes
//! that libFuzzer makes up, the tests with those in `fuzz/corpus`.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

pub mod files;
pub mod msgpack;
pub mod operations;
pub mod parsing;
pub mod token;
