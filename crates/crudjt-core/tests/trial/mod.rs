//! Trials by force: a simulated disk that loses power and fails, and what drives a store on it.
#![allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

pub mod damage;
pub mod disk;
pub mod faults;
pub mod full;
pub mod history;
pub mod inode;
pub mod names;
pub mod ownership;
pub mod power;
pub mod rng;
pub mod rotation;
pub mod shelf;
pub mod time;
