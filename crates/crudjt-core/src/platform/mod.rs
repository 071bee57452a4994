//! What the engine asks of the machine: time, the disk, the lock on a store, locks and atomics.

pub mod clock;
pub(crate) mod default_path;
mod environment;
pub(crate) mod owner_lock;
pub mod storage;
pub(crate) mod sync;

pub use environment::Environment;
