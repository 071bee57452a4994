//! One connection of one client.

use std::collections::VecDeque;
use std::sync::Arc;

use crudjt_core::OUT_BYTES;

use crate::clients::{Attached, Client};
use crate::ended::Ended;
use crate::operations::Ran;
use crate::protobuf::Reader;
use crate::refusal::Refusal;
use crate::replies::{Reply, put_goodbye, put_taken, put_welcome};
use crate::reply_log::{Known, LONG_MESSAGE, ReplyLog, Wake};
use crate::requests::{Field, Hello, Operation, next_field};
use crate::sessions::Shared;
use crate::slow::{Pending, RoomWait};

/// From this many pending operations on, no other is started.
pub const MAX_PENDING: usize = 8192;
/// The most messages that are queued; the transport is told to stop reading before.
pub const MAX_QUEUED_MESSAGES: usize = 256;
/// The most bytes of messages that are queued: the largest message, and what comes with it.
const MAX_QUEUED_BYTES: usize = 4 << 20;
/// From so many messages or bytes on, reading is to stop.
const FULL_MESSAGES: usize = 16;
const FULL_BYTES: usize = 1 << 20;
/// The longest message before a client has said who it is.
const MAX_FIRST_MESSAGE: usize = 1024;
/// The longest message that a session writes: one that is nearly long, and the longest reply.
pub const MAX_REPLIES: usize = 1 << 20;
const _: () = assert!(LONG_MESSAGE + OUT_BYTES + 1024 < MAX_REPLIES);

/// What a session does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It waits for messages.
    Idle,
    /// It has more to do: [`Session::work`] is to be called again.
    More,
    /// It has more to do once it was woken. Nothing is to be read meanwhile.
    Waiting,
}

/// The master's side of one connection.
pub struct Session {
    shared: Arc<Shared>,
    wake: Wake,
    state: State,
    queue: Queue,
    /// Its wait for room in the store.
    room: Option<Arc<RoomWait>>,
    /// Why there is no room: the refusal of the next operation that needs some.
    no_room: Option<Refusal>,
}

enum State {
    /// The client has not said who it is.
    New,
    Open(Attached),
    /// The client has said goodbye.
    Left,
}

/// Messages that were received, and are not worked off.
#[derive(Default)]
struct Queue {
    /// Each with the offset of what is left of it.
    messages: VecDeque<(Vec<u8>, usize)>,
    bytes: usize,
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>, wake: Wake) -> Session {
        let (state, queue) = (State::New, Queue::default());
        Session { shared, wake, state, queue, room: None, no_room: None }
    }

    /// Queues a message, for [`Session::work`]. Returns whether the transport should read on; if
    /// not, it should once `work` returns [`Progress::Idle`].
    ///
    /// # Errors
    /// [`Ended`]: the connection is to be closed.
    pub fn receive(&mut self, message: &[u8]) -> Result<bool, Ended> {
        if matches!(self.state, State::New) && message.len() > MAX_FIRST_MESSAGE {
            return Err(Ended::Malformed);
        }
        // An empty message says nothing.
        if !message.is_empty() {
            self.queue.add(message)?;
        }
        Ok(!self.queue.is_full())
    }

    /// Works on the queued messages, up to `most` operations, and writes at most one message for
    /// the client into `out`, which is empty if there is none to send.
    ///
    /// # Errors
    /// [`Ended`]: the connection is to be closed.
    pub fn work(&mut self, most: usize, out: &mut Vec<u8>) -> Result<Progress, Ended> {
        out.clear();
        let shared = Arc::clone(&self.shared);
        let Some(_admitted) = shared.admit() else { return Ok(Progress::Waiting) };
        if let Some(wait) = &self.room {
            match wait.outcome() {
                None => return Ok(Progress::Waiting),
                Some(outcome) => self.no_room = outcome.err(),
            }
            self.room = None;
        }
        match self.state {
            State::New => self.greet(out),
            State::Open(_) => self.run(most, out),
            State::Left if self.queue.is_empty() => Ok(Progress::Idle),
            State::Left => Err(Ended::Malformed),
        }
    }

    /// Writes replies that have become available since, as one message, into `out`; that is empty
    /// once there are none.
    ///
    /// # Errors
    /// [`Ended::Replaced`]: the connection is to be closed.
    pub fn late(&mut self, out: &mut Vec<u8>) -> Result<(), Ended> {
        out.clear();
        if let State::Open(Attached { client, generation, .. }) = &self.state {
            let mut log = client.log.lock();
            if !log.is_attached(*generation) {
                return Err(Ended::Replaced);
            }
            if let Some(replies) = log.next_late() {
                put_taken(out, log.highest);
                out.extend_from_slice(&replies);
            }
        }
        Ok(())
    }

    /// Writes the last message of a master that stops in order into `out`.
    pub fn goodbye(&mut self, out: &mut Vec<u8>) {
        out.clear();
        if let State::Open(Attached { client, generation, .. }) = &self.state {
            let log = client.log.lock();
            if log.is_attached(*generation) {
                put_goodbye(out, log.highest);
            }
        }
    }

    /// Reads the client's first message.
    fn greet(&mut self, out: &mut Vec<u8>) -> Result<Progress, Ended> {
        let Some(mut front) = self.queue.front() else { return Ok(Progress::Idle) };
        match next_field(&mut front)? {
            None => {}
            Some(Field::Hello(bytes)) => {
                let Hello { version, client } = Hello::read(bytes)?;
                let attached = self.shared.clients.attach(client, Arc::clone(&self.wake));
                let Shared { master, max_data_size, .. } = &*self.shared;
                put_welcome(out, version, master, attached.resumed, *max_data_size);
                self.state = State::Open(attached);
            }
            Some(_) => return Err(Ended::Malformed),
        }
        let left = front.0.len();
        self.queue.keep(left);
        Ok(self.queue.progress())
    }

    /// Runs operations, and answers them.
    fn run(&mut self, most: usize, out: &mut Vec<u8>) -> Result<Progress, Ended> {
        let State::Open(attached) = &self.state else { return Ok(Progress::Idle) };
        let mut log = attached.client.log.lock();
        if !log.is_attached(attached.generation) {
            return Err(Ended::Replaced);
        }
        if log.pending() > MAX_PENDING {
            return Ok(Progress::Waiting);
        }
        put_taken(out, 0);
        let mut slice = Slice {
            shared: &self.shared,
            client: &attached.client,
            log: &mut log,
            no_room: &mut self.no_room,
            out,
            left: most,
            pending: Vec::new(),
        };
        let stop = slice.run_queue(&mut self.queue);
        let (has_run, pending) = (slice.left < most, slice.pending);
        finish(out, has_run, log.highest);
        drop(log);
        self.shared.slow.answer(pending);
        self.shared.clients.enforce_budget();
        match stop? {
            Some(Stop::Left) => self.leave(),
            Some(Stop::NoRoom) => {
                self.room = Some(self.shared.slow.wait_for_room(&self.wake));
                return Ok(Progress::Waiting);
            }
            Some(Stop::Enough) | None => {}
        }
        Ok(self.queue.progress())
    }

    /// The client has closed: nothing need be retained for it.
    fn leave(&mut self) {
        if let State::Open(attached) = &self.state {
            self.shared.clients.release(&attached.client, attached.generation);
            self.state = State::Left;
        }
    }
}

/// Completes a message of replies with the highest number that was started, or takes it back.
fn finish(out: &mut Vec<u8>, has_run: bool, highest: u64) {
    if !has_run {
        return out.clear();
    }
    let mut taken = Vec::with_capacity(16);
    put_taken(&mut taken, highest);
    if let Some(begin) = out.get_mut(..taken.len()) {
        begin.copy_from_slice(&taken);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let State::Open(attached) = &self.state {
            self.shared.clients.detach(&attached.client, attached.generation);
        }
        self.shared.leave();
    }
}

/// Why a slice ends before the queue does.
enum Stop {
    /// It has run what it may.
    Enough,
    /// The next operation finds no room in the store.
    NoRoom,
    /// The client has said goodbye.
    Left,
}

/// Operations that run without a pause, with their client's log locked.
struct Slice<'a> {
    shared: &'a Shared,
    client: &'a Arc<Client>,
    log: &'a mut ReplyLog,
    no_room: &'a mut Option<Refusal>,
    out: &'a mut Vec<u8>,
    /// How many more may run.
    left: usize,
    /// Those that are answered later.
    pending: Vec<Pending>,
}

impl Slice<'_> {
    /// Works on the queued messages; returns why it stopped, `None` at their end.
    fn run_queue(&mut self, queue: &mut Queue) -> Result<Option<Stop>, Ended> {
        while let Some(mut front) = queue.front() {
            let stop = self.run(&mut front)?;
            let left = front.0.len();
            queue.keep(left);
            if stop.is_some() {
                return Ok(stop);
            }
        }
        Ok(None)
    }

    /// Works on a message until its end, or returns why it stopped; the reader is then before what
    /// comes next.
    fn run(&mut self, message: &mut Reader<'_>) -> Result<Option<Stop>, Ended> {
        loop {
            if self.left == 0 || self.out.len() > LONG_MESSAGE {
                return Ok(Some(Stop::Enough));
            }
            let before = message.0;
            match next_field(message)? {
                None => return Ok(None),
                Some(Field::Operation(bytes)) => {
                    if !self.run_once(bytes)? {
                        message.0 = before;
                        return Ok(Some(Stop::NoRoom));
                    }
                    self.left -= 1;
                }
                Some(Field::Acknowledged(number)) => self.log.acknowledge(number),
                Some(Field::Goodbye) => return Ok(Some(Stop::Left)),
                Some(Field::Hello(_)) => return Err(Ended::Malformed),
            }
        }
    }

    /// Runs an operation unless it is a retransmission; false if there is no room for it.
    fn run_once(&mut self, bytes: &[u8]) -> Result<bool, Ended> {
        let operation = Operation::read(bytes)?;
        let (number, hash) = (operation.number, self.shared.hash(bytes));
        match self.log.look_up(number, hash) {
            Known::New => return Ok(self.start(&operation, hash)),
            Known::Pending => {}
            Known::Answered(reply) => self.out.extend_from_slice(reply),
            Known::Evicted => Reply::begin(self.out, number).error(&Refusal::evicted()),
            Known::Another => Reply::begin(self.out, number).error(&Refusal::another()),
        }
        Ok(true)
    }

    fn start(&mut self, operation: &Operation<'_>, hash: u64) -> bool {
        let (number, start) = (operation.number, self.out.len());
        // Before it runs: whatever happens then, it does not run again.
        let highest = std::mem::replace(&mut self.log.highest, number);
        match self.shared.operations.run(operation, self.out) {
            Ran::Answered => {}
            Ran::Later(kind) => {
                self.log.begin(number, hash);
                self.pending.push(Pending { client: Arc::clone(self.client), number, kind });
                return true;
            }
            Ran::Busy => match self.no_room.take() {
                Some(refusal) => Reply::begin(self.out, number).error(&refusal),
                None => {
                    self.log.highest = highest;
                    return false;
                }
            },
        }
        self.log.retain(number, hash, self.out.get(start..).unwrap_or_default());
        true
    }
}

impl Queue {
    fn add(&mut self, message: &[u8]) -> Result<(), Ended> {
        let bytes = self.bytes + message.len();
        if bytes > MAX_QUEUED_BYTES || self.messages.len() >= MAX_QUEUED_MESSAGES {
            return Err(Ended::Overrun);
        }
        self.bytes = bytes;
        self.messages.push_back((message.to_vec(), 0));
        Ok(())
    }

    /// What is left of the first message.
    fn front(&self) -> Option<Reader<'_>> {
        let (message, at) = self.messages.front()?;
        Some(Reader(message.get(*at..).unwrap_or_default()))
    }

    /// Keeps the last bytes of the first message, if any.
    fn keep(&mut self, left: usize) {
        if let Some((message, at)) = self.messages.front_mut() {
            *at = message.len() - left;
            if left == 0 {
                self.bytes -= message.len();
                self.messages.pop_front();
            }
        }
    }

    fn progress(&self) -> Progress {
        if self.is_empty() { Progress::Idle } else { Progress::More }
    }

    fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    fn is_full(&self) -> bool {
        self.messages.len() >= FULL_MESSAGES || self.bytes >= FULL_BYTES
    }
}
