//! Operations of one client that run without a pause, with its reply log locked.

use std::mem::replace;
use std::sync::Arc;

use crate::clients::Client;
use crate::ended::Ended;
use crate::limits::LONG_MESSAGE;
use crate::operations::Ran;
use crate::protobuf::Reader;
use crate::queue::Queue;
use crate::refusal::Refusal;
use crate::replies::{Reply, put_taken};
use crate::reply_log::{Known, ReplyLog};
use crate::requests::{Field, Operation, next_field};
use crate::shared::Shared;
use crate::slow::Pending;

/// Why a slice ends before the queue does.
pub(crate) enum Stop {
    /// It has run what it may.
    Enough,
    /// The next operation finds no room in the store.
    NoRoom,
    /// The client has said goodbye.
    Left,
    /// The client asks for the shelf.
    Shelf,
}

/// A slice of a client's operations.
pub(crate) struct Slice<'a> {
    shared: &'a Shared,
    client: &'a Arc<Client>,
    log: &'a mut ReplyLog,
    /// The message of replies.
    out: &'a mut Vec<u8>,
    /// Why the next operation that needs room is refused, if it finds none.
    no_room: &'a mut Option<Refusal>,
    most: usize,
    run: usize,
    pending: Vec<Pending>,
}

impl<'a> Slice<'a> {
    /// Begins a slice of at most `most` operations.
    pub(crate) fn begin(
        shared: &'a Shared,
        client: &'a Arc<Client>,
        log: &'a mut ReplyLog,
        out: &'a mut Vec<u8>,
        no_room: &'a mut Option<Refusal>,
        most: usize,
    ) -> Slice<'a> {
        // The number is not known yet.
        put_taken(out, 0);
        Slice { shared, client, log, out, no_room, most, run: 0, pending: Vec::new() }
    }

    /// Whether any operation has run.
    pub(crate) fn has_run(&self) -> bool {
        self.run > 0
    }

    /// Completes the message, if any operation has run, and returns those that are answered later.
    pub(crate) fn end(self) -> Vec<Pending> {
        let mut taken = Vec::with_capacity(9);
        put_taken(&mut taken, self.log.highest);
        match self.out.get_mut(..taken.len()) {
            Some(begin) if self.run > 0 => begin.copy_from_slice(&taken),
            _ => self.out.clear(),
        }
        self.pending
    }

    /// Works on the queued messages; returns why it stopped, `None` at their end.
    pub(crate) fn run_queue(&mut self, queue: &mut Queue) -> Result<Option<Stop>, Ended> {
        while let Some(mut front) = queue.front() {
            let stop = self.run_message(&mut front)?;
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
    fn run_message(&mut self, message: &mut Reader<'_>) -> Result<Option<Stop>, Ended> {
        loop {
            if self.run == self.most || self.out.len() > LONG_MESSAGE {
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
                    self.run += 1;
                }
                Some(Field::Acknowledged(number)) => self.log.acknowledge(number),
                Some(Field::Goodbye) => return Ok(Some(Stop::Left)),
                Some(Field::Shelf) => return Ok(Some(Stop::Shelf)),
                Some(Field::Hello(_) | Field::Proof(_)) => return Err(Ended::Malformed),
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
        let highest = replace(&mut self.log.highest, number);
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
