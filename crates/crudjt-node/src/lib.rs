//! Binding of the crudjt engine to Node: turns calls into engine calls and engine errors into
//! coded JavaScript errors, and holds no logic of its own.
//!
//! Hot calls are raw Node-API functions over one scratch buffer ([`hot_unsafe`], [`outline_unsafe`]);
//! everything that may wait runs off the JavaScript thread ([`job`]) and
//! resolves to an outcome, because a rejection would lose the engine's error code.
#![cfg_attr(
    test,
    allow(dead_code, unused_imports, reason = "the derive macro exports nothing in a test build")
)]

mod events;
mod exit_unsafe;
mod failure;
mod functions_unsafe;
mod handle;
mod hot_unsafe;
mod job;
mod offline;
mod open;
mod outline_unsafe;
mod scratch;
mod scratch_unsafe;
mod stats;
mod store;
mod teardown;
mod values_unsafe;
