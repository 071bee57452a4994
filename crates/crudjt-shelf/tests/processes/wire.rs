//! Calls of the trial's master: one message each way, of fixed size.

use std::io::{Read, Result, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::Trial;
use crate::board::Board;

pub const CREATE: u64 = 1;
pub const READ: u64 = 2;
pub const UPDATE: u64 = 3;
pub const DELETE: u64 = 4;
/// Asks for the shelf; nothing is sent after it.
pub const SHELF: u64 = 5;
/// Ends the master in order.
pub const CLOSE: u64 = 6;

/// No limit.
pub const NONE: u64 = 0;

#[derive(Debug, Clone, Copy, Default)]
pub struct Request {
    pub kind: u64,
    pub token: [u8; 22],
    pub value: u64,
    pub ttl: u64,
    pub reads: u64,
}

impl Request {
    pub const SIZE: usize = 56;

    pub fn to_bytes(self) -> [u8; Request::SIZE] {
        let mut bytes = [0; Request::SIZE];
        for (at, word) in [self.kind, self.value, self.ttl, self.reads].into_iter().enumerate() {
            bytes[at * 8..at * 8 + 8].copy_from_slice(&word.to_le_bytes());
        }
        bytes[32..54].copy_from_slice(&self.token);
        bytes
    }

    pub fn read(stream: &mut UnixStream) -> Result<Request> {
        let mut bytes = [0; Request::SIZE];
        stream.read_exact(&mut bytes)?;
        let word = |at: usize| u64::from_le_bytes(bytes[at * 8..at * 8 + 8].try_into().unwrap());
        let token = bytes[32..54].try_into().unwrap();
        Ok(Request { kind: word(0), value: word(1), ttl: word(2), reads: word(3), token })
    }
}

/// What a master answers: whether there was a live token, its value and reads left, or a new token.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reply {
    pub is_live: bool,
    pub value: u64,
    pub reads: u64,
    pub token: [u8; 22],
}

impl Reply {
    const SIZE: usize = 48;

    pub fn send(self, stream: &mut UnixStream) -> Result<()> {
        let mut bytes = [0; Reply::SIZE];
        bytes[..8].copy_from_slice(&u64::from(self.is_live).to_le_bytes());
        bytes[8..16].copy_from_slice(&self.value.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.reads.to_le_bytes());
        bytes[24..46].copy_from_slice(&self.token);
        stream.write_all(&bytes)
    }
}

/// A connection to whatever master there is.
pub struct Connection {
    trial: Trial,
    board: Board,
    stream: Option<UnixStream>,
}

impl Connection {
    pub fn new(trial: &Trial) -> Connection {
        Connection { trial: trial.clone(), board: trial.board(), stream: None }
    }

    /// Calls the master; `None` if what came of it is unknown. Waits for a master to call.
    pub fn call(&mut self, request: Request) -> Option<Reply> {
        while self.stream.is_none() {
            if self.board.stops() {
                return None;
            }
            self.stream = UnixStream::connect(self.trial.socket()).ok();
            if self.stream.is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        let stream = self.stream.as_mut()?;
        let called = stream.write_all(&request.to_bytes()).and_then(|()| {
            let mut bytes = [0; Reply::SIZE];
            stream.read_exact(&mut bytes).map(|()| bytes)
        });
        let Ok(bytes) = called else {
            self.stream = None;
            return None;
        };
        let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let token = bytes[24..46].try_into().unwrap();
        Some(Reply { is_live: word(0) > 0, value: word(8), reads: word(16), token })
    }
}
