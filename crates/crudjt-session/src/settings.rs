//! How a master serves its store.

use std::sync::Arc;

use crudjt_core::MacKey;
use crudjt_core::clock::{Clock, SystemClock};

use crate::requests::ID_BYTES;

/// How a master serves its store.
pub struct Settings {
    /// The most bytes of a token's data, by their most compact encoding.
    pub max_data_size: usize,
    /// Random bytes that identify this instance of the master, from its start to its end.
    pub master: [u8; ID_BYTES],
    /// The key that clients must prove, and that is proved to them; `None` admits everybody.
    pub access_key: Option<MacKey>,
    /// What tells how long a client has been gone.
    pub clock: Arc<dyn Clock>,
}

impl Settings {
    /// Those of a master with the system's clock, which admits everybody.
    pub fn new(max_data_size: usize, master: [u8; ID_BYTES]) -> Settings {
        Settings { max_data_size, master, access_key: None, clock: Arc::new(SystemClock) }
    }
}
