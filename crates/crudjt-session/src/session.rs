//! One connection of one client.

use std::mem;
use std::sync::Arc;

use crudjt_core::MAC_BYTES;

use crate::clients::Attached;
use crate::ended::Ended;
use crate::limits::{MAX_FIRST_MESSAGE, MAX_IDLE_MESSAGES, MAX_PENDING};
use crate::proof::Challenge;
use crate::queue::Queue;
use crate::refusal::Refusal;
use crate::replies::{Welcome, put_challenge, put_goodbye, put_taken, put_welcome};
use crate::reply_log::Wake;
use crate::requests::{Field, Hello, next_field};
use crate::shared::Shared;
use crate::slice::{Slice, Stop};
use crate::slow::RoomWait;

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
    /// Whether the client must prove the access key before it is attached.
    must_prove: bool,
    /// Whether it counts among the sessions of the master.
    is_counted: bool,
    queue: Queue,
    /// How many messages have come since an operation ran.
    idle_messages: usize,
    /// Its wait for room in the store.
    room: Option<Arc<RoomWait>>,
    /// Why there is no room: the refusal of the next operation that needs some.
    no_room: Option<Refusal>,
    asks_for_shelf: bool,
}

enum State {
    /// The client has not said who it is.
    New,
    /// The client has to prove the access key.
    Challenged(Challenge),
    Open(Attached),
    /// The client has said goodbye.
    Left,
}

impl Session {
    /// Strangers do not count among the sessions: they must not keep clients out.
    pub(crate) fn new(shared: Arc<Shared>, wake: Wake, must_prove: bool) -> Result<Session, Ended> {
        let mut session = Session {
            shared,
            wake,
            state: State::New,
            must_prove,
            is_counted: false,
            queue: Queue::default(),
            idle_messages: 0,
            room: None,
            no_room: None,
            asks_for_shelf: false,
        };
        if !must_prove {
            session.enter()?;
        }
        Ok(session)
    }

    /// Whether the client need not prove the access key, or has.
    pub fn is_admitted(&self) -> bool {
        !self.must_prove || self.has_greeted()
    }

    /// Whether the client is attached: it has said who it is, and proved the access key if it must.
    pub fn has_greeted(&self) -> bool {
        matches!(self.state, State::Open(_) | State::Left)
    }

    /// Whether the client has asked for the shelf since this was last called.
    pub fn asks_for_shelf(&mut self) -> bool {
        mem::take(&mut self.asks_for_shelf)
    }

    /// Queues a message, for [`Session::work`]. Returns whether the transport should read on; if
    /// not, it should once `work` returns [`Progress::Idle`].
    ///
    /// # Errors
    /// [`Ended`]: the connection is to be closed.
    pub fn receive(&mut self, message: &[u8]) -> Result<bool, Ended> {
        if !self.has_greeted() && message.len() > MAX_FIRST_MESSAGE {
            return Err(Ended::Malformed);
        }
        if !self.is_admitted() && !self.queue.is_empty() {
            return Err(Ended::Overrun);
        }
        self.idle_messages += 1;
        if self.idle_messages > MAX_IDLE_MESSAGES {
            return Err(Ended::Overrun);
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
            State::Challenged(_) => self.admit(out),
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
        let hello = match next_field(&mut front)? {
            None => None,
            Some(Field::Hello(bytes)) => Some(Hello::read(bytes)?),
            Some(_) => return Err(Ended::Malformed),
        };
        let left = front.0.len();
        self.queue.keep(left);
        match hello {
            Some(hello) if self.must_prove => {
                let challenge = Challenge::new(hello)?;
                put_challenge(out, challenge.nonce());
                self.state = State::Challenged(challenge);
            }
            Some(hello) => self.welcome(&hello, None, out),
            None => {}
        }
        Ok(self.progress())
    }

    /// Reads the client's proof of the access key.
    fn admit(&mut self, out: &mut Vec<u8>) -> Result<Progress, Ended> {
        let (State::Challenged(challenge), Some(key)) = (&self.state, &self.shared.access_key)
        else {
            return Err(Ended::Unauthenticated);
        };
        let Some(mut front) = self.queue.front() else { return Ok(Progress::Idle) };
        match next_field(&mut front)? {
            None => self.queue.keep(0),
            Some(Field::Proof(proof)) if challenge.is_met(key, proof) => {
                let (hello, answer) = (challenge.hello(), challenge.answer(key));
                let left = front.0.len();
                self.queue.keep(left);
                self.enter()?;
                self.welcome(&hello, Some(answer), out);
            }
            Some(_) => return Err(Ended::Unauthenticated),
        }
        Ok(self.progress())
    }

    /// Attaches the client, whose earlier stream ends.
    fn welcome(&mut self, hello: &Hello, proof: Option<[u8; MAC_BYTES]>, out: &mut Vec<u8>) {
        let attached = self.shared.clients.attach(hello.client, Arc::clone(&self.wake));
        let Shared { master, max_data_size, .. } = &*self.shared;
        let (version, resumed) = (hello.version, attached.resumed);
        put_welcome(
            out,
            &Welcome { version, master, resumed, max_data_size: *max_data_size, proof },
        );
        self.state = State::Open(attached);
    }

    /// Counts it among the sessions of the master.
    fn enter(&mut self) -> Result<(), Ended> {
        self.shared.enter()?;
        self.is_counted = true;
        Ok(())
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
        let (shared, no_room) = (&self.shared, &mut self.no_room);
        let mut slice = Slice::begin(shared, &attached.client, &mut log, out, no_room, most);
        let stop = slice.run_queue(&mut self.queue);
        if slice.has_run() {
            self.idle_messages = 0;
        }
        let pending = slice.end();
        drop(log);
        self.shared.slow.answer(pending);
        self.shared.clients.enforce_budget();
        match stop? {
            Some(Stop::Left) => self.leave(),
            Some(Stop::Shelf) => self.asks_for_shelf = true,
            Some(Stop::NoRoom) => {
                self.room = Some(self.shared.slow.wait_for_room(&self.wake));
                return Ok(Progress::Waiting);
            }
            Some(Stop::Enough) | None => {}
        }
        Ok(self.progress())
    }

    fn progress(&self) -> Progress {
        if self.queue.is_empty() { Progress::Idle } else { Progress::More }
    }

    /// The client has closed: nothing need be retained for it.
    fn leave(&mut self) {
        if let State::Open(attached) = &self.state {
            self.shared.clients.release(&attached.client, attached.generation);
            self.state = State::Left;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let State::Open(attached) = &self.state {
            self.shared.clients.detach(&attached.client, attached.generation);
        }
        if self.is_counted {
            self.shared.leave();
        }
    }
}
