//! What the tests of sessions share: a store on a simulated disk, messages of clients, and replies.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

pub mod proof;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use crudjt_core::clock::ManualClock;
use crudjt_core::storage::sim::SimDisk;
use crudjt_core::{JournalMode, Options, Secret, Store};
use crudjt_session::{Ended, Progress, Session, Sessions, Settings, Wake};

pub const MAX_DATA_SIZE: usize = 256;
pub const MASTER: [u8; 16] = [7; 16];

pub const CREATE: u64 = 0;
pub const READ: u64 = 1;
pub const UPDATE: u64 = 2;
pub const DELETE: u64 = 3;
pub const FLUSH: u64 = 4;
pub const STATS: u64 = 5;
pub const BACKUP: u64 = 6;

static STORES: AtomicU64 = AtomicU64::new(0);

/// Options of a store of its own on a simulated disk.
pub fn options() -> Options {
    let path = PathBuf::from(format!("/sessions/{}", STORES.fetch_add(1, Ordering::Relaxed)));
    let secret = Secret::from_base64("hJ2kQ9c0V7mXrT5wYb1uLz8nPd3gFs6eAo4iKxM7qRE=").unwrap();
    let mut options = Options::new(path, vec![secret]);
    options.journal = JournalMode::Plain;
    options.max_data_size = 9 * MAX_DATA_SIZE + 16;
    options.environment.storage = Arc::new(SimDisk::new(true));
    options
}

/// A master of a store.
pub struct Master {
    pub store: Arc<Store>,
    pub sessions: Sessions,
    pub clock: Arc<ManualClock>,
}

struct Served(Arc<Store>);

impl crudjt_session::Served for Served {
    fn store(&self) -> &Store {
        &self.0
    }
}

impl Master {
    pub fn new() -> Master {
        Master::with(options(), MAX_DATA_SIZE)
    }

    pub fn with(options: Options, max_data_size: usize) -> Master {
        Master::serving(options, Settings::new(max_data_size, MASTER))
    }

    /// One with an access key.
    pub fn guarded() -> Master {
        Master::serving(options(), proof::guarded(Settings::new(MAX_DATA_SIZE, MASTER)))
    }

    fn serving(options: Options, settings: Settings) -> Master {
        let clock = ManualClock::new(1_800_000_000_000);
        let store = Arc::new(Store::open(options).unwrap());
        let settings = Settings { clock: clock.clone(), ..settings };
        let sessions = Sessions::new(Arc::new(Served(store.clone())), settings);
        Master { store, sessions, clock }
    }

    pub fn connect(&self) -> Connection {
        self.connection(|wake| self.sessions.open(wake))
    }

    /// The connection of a client that has shown the access key to the transport.
    pub fn connect_admitted(&self) -> Connection {
        self.connection(|wake| self.sessions.open_admitted(wake))
    }

    fn connection(&self, open: impl FnOnce(Wake) -> Result<Session, Ended>) -> Connection {
        let bell = Arc::new(Bell::default());
        let ring = bell.clone();
        let session = open(Arc::new(move || ring.ring())).unwrap();
        Connection { session, bell, out: Vec::new() }
    }

    /// A connection that has said who it is, and proved the access key if there is one.
    pub fn greeted(&self, client: u8) -> Connection {
        let mut connection = self.connect();
        connection.greet(client).unwrap();
        connection
    }

    pub fn live_tokens(&self) -> u64 {
        self.store.stats().unwrap().live_tokens
    }
}

/// Counts the times that a transport was woken.
#[derive(Default)]
pub struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    pub fn ring(&self) {
        *self.rung.lock().unwrap() = true;
        self.changed.notify_all();
    }

    /// Blocks until it has rung since the last time.
    pub fn wait(&self) {
        let rung = self.changed.wait_while(self.rung.lock().unwrap(), |rung| !*rung);
        *rung.unwrap() = false;
    }
}

/// A transport of one connection.
pub struct Connection {
    pub session: Session,
    pub bell: Arc<Bell>,
    out: Vec<u8>,
}

impl Connection {
    /// Receives a message and works until there is nothing to do; returns what the master sends.
    pub fn exchange(&mut self, message: &[u8]) -> Result<Vec<Replies>, Ended> {
        self.session.receive(message)?;
        self.work()
    }

    /// Works until there is nothing to do but to wait for something slow.
    pub fn work(&mut self) -> Result<Vec<Replies>, Ended> {
        let mut sent = Vec::new();
        loop {
            let progress = self.session.work(32, &mut self.out)?;
            sent.extend(Replies::read(&self.out));
            if progress != Progress::More {
                return Ok(sent);
            }
        }
    }

    /// The replies to an exchange, without waiting for slow ones.
    pub fn replies(&mut self, message: &[u8]) -> Vec<Reply> {
        self.exchange(message).unwrap().into_iter().flat_map(|message| message.replies).collect()
    }

    /// The only reply.
    pub fn reply(&mut self, message: &[u8]) -> Reply {
        let mut replies = self.replies(message);
        assert_eq!(replies.len(), 1);
        replies.remove(0)
    }

    /// The slow replies that have come.
    pub fn late(&mut self) -> Result<Vec<Reply>, Ended> {
        let mut replies = Vec::new();
        loop {
            self.session.late(&mut self.out)?;
            match Replies::read(&self.out) {
                Some(message) => replies.extend(message.replies),
                None => return Ok(replies),
            }
        }
    }

    /// Waits for so many slow replies.
    pub fn wait_for(&mut self, count: usize) -> Vec<Reply> {
        let mut replies = self.late().unwrap();
        while replies.len() < count {
            self.bell.wait();
            replies.extend(self.late().unwrap());
        }
        replies
    }

    pub fn goodbye(&mut self) -> Option<u64> {
        self.session.goodbye(&mut self.out);
        Replies::read(&self.out).and_then(|message| message.goodbye)
    }
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number_field(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field * 8);
    varint(out, value);
}

fn bytes_field(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field * 8 + 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// The first message of client number `client`.
pub fn hello(client: u8) -> Vec<u8> {
    hello_of(1, &[client; 16])
}

pub fn hello_of(version: u64, client: &[u8]) -> Vec<u8> {
    let (mut hello, mut out) = (Vec::new(), Vec::new());
    number_field(&mut hello, 1, version);
    bytes_field(&mut hello, 2, client);
    bytes_field(&mut out, 1, &hello);
    out
}

pub fn acknowledged(number: u64) -> Vec<u8> {
    let mut out = vec![2 * 8 + 1];
    out.extend_from_slice(&number.to_le_bytes());
    out
}

pub fn goodbye() -> Vec<u8> {
    vec![4 * 8, 1]
}

/// An operation; a message is one or several of them one after the other.
#[derive(Debug, Clone, Default)]
pub struct Op {
    pub number: u64,
    pub kind: u64,
    pub token: Vec<u8>,
    pub data: Option<Vec<u8>>,
    pub ttl: Option<u64>,
    pub reads: Option<u64>,
    pub keep: bool,
    pub durable: bool,
    pub shelve: bool,
}

impl Op {
    pub fn new(number: u64, kind: u64) -> Op {
        Op { number, kind, ..Op::default() }
    }

    pub fn create(number: u64, value: u8) -> Op {
        Op { data: Some(data(value)), ..Op::new(number, CREATE) }
    }

    pub fn read(number: u64, token: &[u8]) -> Op {
        Op { token: token.to_vec(), ..Op::new(number, READ) }
    }

    pub fn encode(&self) -> Vec<u8> {
        let (mut op, mut out) = (Vec::new(), Vec::new());
        number_field(&mut op, 1, self.number);
        number_field(&mut op, 2, self.kind);
        bytes_field(&mut op, 3, &self.token);
        if let Some(data) = &self.data {
            bytes_field(&mut op, 4, data);
        }
        for (field, limit) in [(5, self.ttl), (6, self.reads)] {
            if let Some(limit) = limit {
                number_field(&mut op, field, limit);
            }
        }
        number_field(&mut op, 7, self.keep.into());
        number_field(&mut op, 8, self.durable.into());
        if self.shelve {
            number_field(&mut op, 16, 1);
        }
        bytes_field(&mut out, 3, &op);
        out
    }
}

pub fn message(ops: &[Op]) -> Vec<u8> {
    ops.iter().flat_map(Op::encode).collect()
}

/// The MessagePack of `{a: value}`; `value` below 128.
pub fn data(value: u8) -> Vec<u8> {
    vec![0x81, 0xa1, b'a', value]
}

/// A message of the master.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replies {
    pub welcome: Option<Welcome>,
    /// The master's proof of the access key, in the welcome.
    pub proof: Option<Vec<u8>>,
    /// The master's random bytes.
    pub challenge: Option<Vec<u8>>,
    pub replies: Vec<Reply>,
    pub goodbye: Option<u64>,
    pub taken: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    pub bytes: Vec<u8>,
    pub number: u64,
    pub token: Vec<u8>,
    pub result: bool,
    pub data: Option<Vec<u8>>,
    pub ttl: Option<u64>,
    pub reads: Option<u64>,
    pub error: Option<(String, String)>,
    pub counters: HashMap<String, f64>,
    pub folder: String,
}

impl Reply {
    pub fn code(&self) -> &str {
        self.error.as_ref().map_or("", |(code, _)| code)
    }
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    fn number(&self) -> u64 {
        let Value::Number(number) = self else { panic!("not a number") };
        *number
    }

    fn bytes(&self) -> &'a [u8] {
        let Value::Bytes(bytes) = self else { panic!("not bytes") };
        bytes
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes().to_vec()).unwrap()
    }
}

/// The fields of a message, by a reader that shares nothing with that under test.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Value<'_>)> {
    let mut fields = Vec::new();
    let varint = |bytes: &mut &[u8]| {
        let length = bytes.iter().position(|byte| *byte < 0x80).unwrap() + 1;
        let (taken, rest) = bytes.split_at(length);
        *bytes = rest;
        taken.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
    };
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut bytes)),
            1 => {
                let (fixed, rest) = bytes.split_first_chunk().unwrap();
                bytes = rest;
                Value::Number(u64::from_le_bytes(*fixed))
            }
            2 => {
                let length = varint(&mut bytes) as usize;
                let (value, rest) = bytes.split_at(length);
                bytes = rest;
                Value::Bytes(value)
            }
            other => panic!("wire type {other}"),
        };
        fields.push((tag >> 3, value));
    }
    fields
}

impl Replies {
    /// A message, unless it is empty: then there is none.
    pub fn read(bytes: &[u8]) -> Option<Replies> {
        if bytes.is_empty() {
            return None;
        }
        let mut message = Replies::default();
        for (field, value) in fields(bytes) {
            match field {
                1 => (message.welcome, message.proof) = welcome(value.bytes()),
                2 => message.replies.push(Reply::read(value.bytes())),
                3 => {
                    message.goodbye = fields(value.bytes()).first().map(|(_, taken)| taken.number())
                }
                4 => message.taken = Some(value.number()),
                5 => message.challenge = Some(fields(value.bytes())[0].1.bytes().to_vec()),
                other => panic!("field {other}"),
            }
        }
        Some(message)
    }
}

/// Version, whether resumed, size limit.
pub type Welcome = (u64, bool, u64);

/// A welcome, and the master's proof in it.
fn welcome(bytes: &[u8]) -> (Option<Welcome>, Option<Vec<u8>>) {
    let (mut welcome, mut proof) = ((0, false, 0), None);
    for (field, value) in fields(bytes) {
        match field {
            1 => welcome.0 = value.number(),
            2 => assert_eq!(value.bytes(), MASTER),
            3 => welcome.1 = value.number() == 1,
            4 => welcome.2 = value.number(),
            5 => proof = Some(value.bytes().to_vec()),
            other => panic!("field {other}"),
        }
    }
    (Some(welcome), proof)
}

impl Reply {
    fn read(bytes: &[u8]) -> Reply {
        let mut reply = Reply { bytes: bytes.to_vec(), ..Reply::default() };
        for (field, value) in fields(bytes) {
            match field {
                1 => reply.number = value.number(),
                2 => reply.token = value.bytes().to_vec(),
                3 => reply.result = value.number() == 1,
                4 => reply.data = Some(value.bytes().to_vec()),
                5 => reply.ttl = Some(value.number()),
                6 => reply.reads = Some(value.number()),
                7 => {
                    let error = fields(value.bytes());
                    reply.error = Some((error[0].1.text(), error[1].1.text()));
                }
                8 => {
                    let counter = fields(value.bytes());
                    let number = f64::from_bits(counter[1].1.number());
                    reply.counters.insert(counter[0].1.text(), number);
                }
                9 => reply.folder = value.text(),
                other => panic!("field {other}"),
            }
        }
        reply
    }
}
