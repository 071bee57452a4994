//! The deduplication state of one client, so that each of its operations runs exactly once: the
//! highest number that was started, the pending operations, and the replies that the client has not
//! acknowledged.
//!
//! Invariants: a number runs only if it is higher than all before it. A client's numbers arrive in
//! ascending order, so any other number has run or is pending, and never runs again. Retained
//! replies stay within a budget, lowest numbers are evicted first; each step costs the same however
//! many there are, but for the depth of a tree.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::limits::{LONG_MESSAGE, MAX_RETAINED_BYTES};

/// The approximate memory overhead of a retained reply.
const REPLY_OVERHEAD: usize = 96;

/// Tells a transport that [`crate::Session::late`] and [`crate::Session::work`] have something to do.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// How many operations of a process came again, by what was known of them, and the streams on which
/// any did: each of those followed a connection that was lost between an operation and its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retransmissions {
    /// The reply was sent again.
    pub answered: u64,
    /// The operation was still pending.
    pub pending: u64,
    /// The reply was gone.
    pub evicted: u64,
    /// Streams with at least one.
    pub streams: u64,
}

static ANSWERED: AtomicU64 = AtomicU64::new(0);
static PENDING: AtomicU64 = AtomicU64::new(0);
static EVICTED: AtomicU64 = AtomicU64::new(0);
static STREAMS: AtomicU64 = AtomicU64::new(0);

impl Retransmissions {
    /// The counts since the process began.
    pub fn so_far() -> Retransmissions {
        Retransmissions {
            answered: ANSWERED.load(Ordering::Relaxed),
            pending: PENDING.load(Ordering::Relaxed),
            evicted: EVICTED.load(Ordering::Relaxed),
            streams: STREAMS.load(Ordering::Relaxed),
        }
    }
}

/// What is known of a number.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known<'a> {
    New,
    Pending,
    Answered(&'a [u8]),
    Evicted,
    /// The number is that of another operation.
    Another,
}

/// A reply, with the hash of its operation.
struct Retained {
    hash: u64,
    reply: Box<[u8]>,
}

/// The stream of a client that its replies go to.
pub(crate) struct Stream {
    pub(crate) generation: u64,
    pub(crate) wake: Wake,
}

/// The reply log of one client.
pub(crate) struct ReplyLog {
    /// The highest number that was started.
    pub(crate) highest: u64,
    /// Without a stream, replies are only retained.
    pub(crate) stream: Option<Stream>,
    /// Encoded replies to pending operations that the stream has not collected, message by message.
    late: VecDeque<Vec<u8>>,
    retained: BTreeMap<u64, Retained>,
    bytes: usize,
    /// The bytes of all logs of a master.
    total: Arc<AtomicUsize>,
    /// The hashes of the operations that wait for the disk.
    pending: HashMap<u64, u64>,
    /// The client does not come back, or is not known any more: nothing is retained.
    is_discarded: bool,
    has_retransmissions: bool,
}

impl ReplyLog {
    pub(crate) fn new(total: Arc<AtomicUsize>) -> ReplyLog {
        ReplyLog {
            highest: 0,
            stream: None,
            late: VecDeque::new(),
            retained: BTreeMap::new(),
            bytes: 0,
            total,
            pending: HashMap::new(),
            is_discarded: false,
            has_retransmissions: false,
        }
    }

    /// The number of pending operations.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// What is known of a number; a new one must be started before the next is looked up.
    pub(crate) fn look_up(&mut self, number: u64, hash: u64) -> Known<'_> {
        if number > self.highest {
            return Known::New;
        }
        if !self.has_retransmissions {
            count(&STREAMS);
        }
        self.has_retransmissions = true;
        if let Some(pending) = self.pending.get(&number) {
            count(&PENDING);
            return if *pending == hash { Known::Pending } else { Known::Another };
        }
        let Some(retained) = self.retained.get(&number) else {
            count(&EVICTED);
            return Known::Evicted;
        };
        count(&ANSWERED);
        if retained.hash == hash { Known::Answered(&retained.reply) } else { Known::Another }
    }

    /// Keeps a reply until the client acknowledges it.
    pub(crate) fn retain(&mut self, number: u64, hash: u64, reply: &[u8]) {
        if self.is_discarded {
            return;
        }
        self.resize(self.bytes + reply.len() + REPLY_OVERHEAD);
        self.retained.insert(number, Retained { hash, reply: reply.into() });
        while self.bytes > MAX_RETAINED_BYTES && self.evict_lowest() {}
    }

    /// An operation becomes pending, until `complete`.
    pub(crate) fn begin(&mut self, number: u64, hash: u64) {
        self.pending.insert(number, hash);
    }

    /// A pending operation has its reply; returns whom to wake.
    pub(crate) fn complete(&mut self, number: u64, reply: &[u8]) -> Option<Wake> {
        let hash = self.pending.remove(&number)?;
        self.retain(number, hash, reply);
        let stream = self.stream.as_ref()?;
        let is_first = self.late.is_empty();
        match self.late.back_mut() {
            Some(last) if last.len() < LONG_MESSAGE => last.extend_from_slice(reply),
            _ => self.late.push_back(reply.to_vec()),
        }
        is_first.then(|| Arc::clone(&stream.wake))
    }

    /// The late replies of the next message.
    pub(crate) fn next_late(&mut self) -> Option<Vec<u8>> {
        self.late.pop_front()
    }

    /// The client has received every reply up to a number.
    pub(crate) fn acknowledge(&mut self, number: u64) {
        while self.retained.first_key_value().is_some_and(|(lowest, _)| *lowest <= number) {
            self.evict_lowest();
        }
    }

    /// A stream of the client begins; returns that which it replaces. The client sends again what
    /// was not answered, so what the former stream did not collect is retained only.
    pub(crate) fn attach(&mut self, stream: Stream) -> Option<Stream> {
        self.late.clear();
        self.has_retransmissions = false;
        self.stream.replace(stream)
    }

    /// The client's stream is gone.
    pub(crate) fn detach(&mut self) {
        self.late.clear();
        self.stream = None;
    }

    /// Whether the client's stream is of a generation.
    pub(crate) fn is_attached(&self, generation: u64) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.generation == generation)
    }

    /// Evicts the retained reply with the lowest number; false if there is none.
    pub(crate) fn evict_lowest(&mut self) -> bool {
        let Some((_, retained)) = self.retained.pop_first() else { return false };
        self.resize(self.bytes - retained.reply.len() - REPLY_OVERHEAD);
        true
    }

    /// Retains nothing any more.
    pub(crate) fn discard(&mut self) {
        self.is_discarded = true;
        self.retained.clear();
        self.resize(0);
    }

    fn resize(&mut self, bytes: usize) {
        // Both wrap, so that the sum does not.
        self.total.fetch_add(bytes.wrapping_sub(self.bytes), Ordering::Relaxed);
        self.bytes = bytes;
    }
}

impl Drop for ReplyLog {
    fn drop(&mut self) {
        self.resize(0);
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
