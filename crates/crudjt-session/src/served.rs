//! What a master serves.

use crudjt_core::Store;

/// What has the store that a master serves.
pub trait Served: Send + Sync + 'static {
    /// The store.
    fn store(&self) -> &Store;
}

impl Served for Store {
    fn store(&self) -> &Store {
        self
    }
}
