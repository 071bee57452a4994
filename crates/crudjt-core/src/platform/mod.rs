//! What the engine needs from the operating system: time, files, the lock on a store, mutexes and
//! atomics.

pub(crate) mod canonical;
pub mod clock;
pub(crate) mod default_path;
pub(crate) mod owned_storage;
pub(crate) mod owner_lock;
pub mod storage;
pub(crate) mod sync;
