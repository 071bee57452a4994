//! The reply logs of all clients of a master. The log of a connected client is kept; that of a
//! disconnected one is kept for a limited time, within limits of their number and of their total
//! size.
//!
//! Locks are taken in one order: that of the registry before that of a log.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crudjt_core::clock::Clock;
use parking_lot::Mutex;

use crate::limits::{MAX_DETACHED, MAX_TOTAL_BYTES, RETENTION};
use crate::reply_log::{ReplyLog, Stream, Wake};
use crate::requests::ID_BYTES;

pub(crate) type ClientId = [u8; ID_BYTES];

/// One client that has connected.
pub(crate) struct Client {
    id: ClientId,
    pub(crate) log: Mutex<ReplyLog>,
}

/// A stream of a client.
pub(crate) struct Attached {
    pub(crate) client: Arc<Client>,
    /// Identifies the stream among those of the client.
    pub(crate) generation: u64,
    /// Whether the log is that of an earlier stream.
    pub(crate) resumed: bool,
}

/// The clients of a master.
pub(crate) struct Clients {
    registry: Mutex<Registry>,
    total: Arc<AtomicUsize>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Registry {
    known: HashMap<ClientId, Entry>,
    /// Clients without a stream and since when, in milliseconds, in the order in which they lost it.
    detached: BTreeMap<u64, (ClientId, u64)>,
    /// The last number given to a stream or to a loss of one.
    last: u64,
}

struct Entry {
    client: Arc<Client>,
    /// The key in `detached`, if it is there.
    detached: Option<u64>,
}

impl Clients {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Clients {
        Clients { registry: Mutex::default(), total: Arc::default(), clock }
    }

    /// The bytes retained for all clients.
    pub(crate) fn retained_bytes(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }

    /// A client has connected: its log gets this stream; an earlier one is told that it is replaced.
    /// Returns once that carries out nothing any more.
    pub(crate) fn attach(&self, id: ClientId, wake: Wake) -> Attached {
        let mut registry = self.registry.lock();
        registry.evict_expired(self.clock.monotonic());
        registry.last += 1;
        let generation = registry.last;
        let resumed = registry.known.contains_key(&id);
        let entry = registry.known.entry(id).or_insert_with(|| {
            let log = Mutex::new(ReplyLog::new(Arc::clone(&self.total)));
            Entry { client: Arc::new(Client { id, log }), detached: None }
        });
        let client = Arc::clone(&entry.client);
        if let Some(key) = entry.detached.take() {
            registry.detached.remove(&key);
        }
        let replaced = client.log.lock().attach(Stream { generation, wake });
        drop(registry);
        if let Some(stream) = replaced {
            (stream.wake)();
        }
        Attached { client, generation, resumed }
    }

    /// A stream is lost: unless a newer one has replaced it, the log waits for the client's return.
    pub(crate) fn detach(&self, client: &Arc<Client>, generation: u64) {
        let mut registry = self.registry.lock();
        let mut log = client.log.lock();
        if !log.is_attached(generation) {
            return;
        }
        log.detach();
        drop(log);
        let now = self.clock.monotonic();
        registry.detach(client.id, now);
        registry.evict_expired(now);
    }

    /// A client does not come back: discards its log.
    pub(crate) fn release(&self, client: &Arc<Client>, generation: u64) {
        let mut registry = self.registry.lock();
        let mut log = client.log.lock();
        if log.is_attached(generation) {
            log.detach();
            log.discard();
            registry.known.remove(&client.id);
        }
    }

    /// Evicts replies until those of all clients are within their budget: first the logs of
    /// disconnected clients, then the oldest replies of connected ones. The caller holds no log.
    pub(crate) fn enforce_budget(&self) {
        if self.retained_bytes() <= MAX_TOTAL_BYTES {
            return;
        }
        let mut registry = self.registry.lock();
        // Somewhat more than needed, so that it is rarely needed.
        let is_enough = || self.retained_bytes() <= MAX_TOTAL_BYTES / 8 * 7;
        while !is_enough() && registry.evict_detached() {}
        for entry in registry.known.values() {
            let mut log = entry.client.log.lock();
            while !is_enough() && log.evict_lowest() {}
        }
    }
}

impl Registry {
    fn detach(&mut self, id: ClientId, now: u64) {
        self.last += 1;
        if let Some(entry) = self.known.get_mut(&id) {
            entry.detached = Some(self.last);
            self.detached.insert(self.last, (id, now));
        }
    }

    fn evict_expired(&mut self, now: u64) {
        let retention = RETENTION.as_millis() as u64;
        let is_due = |registry: &Registry| {
            let oldest = registry.detached.first_key_value();
            let has_expired = oldest.is_some_and(|(_, (_, since))| since + retention <= now);
            has_expired || registry.detached.len() > MAX_DETACHED
        };
        while is_due(self) && self.evict_detached() {}
    }

    /// Discards the log of the client that disconnected first; false if there is none.
    fn evict_detached(&mut self) -> bool {
        let Some((_, (id, _))) = self.detached.pop_first() else { return false };
        if let Some(entry) = self.known.remove(&id) {
            entry.client.log.lock().discard();
        }
        true
    }
}
