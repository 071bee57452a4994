//! The Node-API binding of the engine: translates calls and errors, and holds no logic of its own.
//!
//! The hot path consists of raw Node-API functions over a scratch buffer ([`hot_path_unsafe`],
//! [`map_matcher_unsafe`]). Everything that may block runs off the JavaScript thread ([`job`]) and
//! resolves to an outcome, because a rejection would lose the engine's error code.
#![cfg_attr(
    test,
    allow(dead_code, unused_imports, reason = "the derive macro exports nothing in a test build")
)]

#[cfg(unix)]
mod caller_unsafe;
mod events;
mod exit_unsafe;
mod external_memory;
mod failure;
mod functions_unsafe;
mod handle;
mod hot_path_unsafe;
mod job;
#[cfg(unix)]
mod local;
mod maintenance;
mod map_matcher_unsafe;
mod open;
mod scratch;
mod scratch_unsafe;
mod session_unsafe;
mod sessions;
mod stats;
mod store;
mod teardown;
mod values_unsafe;
