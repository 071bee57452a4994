//! Clients of a local socket, well-behaved and hostile.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crudjt_core::storage::sim::SimDisk;
use crudjt_core::{JournalMode, Options, Secret, Store};
use crudjt_local::{Listener, MAX_CONNECTIONS, MAX_MESSAGE, Patience};
use crudjt_session::{Served, Sessions, Settings};

/// Only what hangs ends by it.
const LONG: Duration = Duration::from_secs(60);

struct Shared(Arc<Store>);

impl Served for Shared {
    fn store(&self) -> &Store {
        &self.0
    }
}

/// A master with a local socket.
struct Master {
    store: Arc<Store>,
    sessions: Sessions,
    listener: Listener,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Master {
    fn new(patience: Patience) -> Master {
        let folder = tempfile::tempdir().unwrap();
        let secret = Secret::from_base64("hJ2kQ9c0V7mXrT5wYb1uLz8nPd3gFs6eAo4iKxM7qRE=").unwrap();
        let mut options = Options::new(PathBuf::from("/local").join(folder.path()), vec![secret]);
        options.journal = JournalMode::Plain;
        options.environment.storage = Arc::new(SimDisk::new(true));
        let store = Arc::new(Store::open(options).unwrap());
        let sessions = Sessions::new(Arc::new(Shared(store.clone())), Settings::new(256, [7; 16]));
        let path = folder.path().join("s");
        let listener = Listener::bind(&path, sessions.clone(), patience, None).unwrap();
        Master { store, sessions, listener, path, _folder: folder }
    }

    fn connect(&self) -> UnixStream {
        let socket = UnixStream::connect(&self.path).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        socket.set_write_timeout(Some(LONG)).unwrap();
        socket
    }

    /// A client that has been welcomed.
    fn greeted(&self, id: u8) -> UnixStream {
        let mut socket = self.connect();
        send(&mut socket, &hello(id));
        assert_eq!(receive(&mut socket).unwrap()[0], 0x0a, "a Welcome");
        socket
    }

    fn stop(&self) {
        self.listener.stop();
        self.sessions.halt();
        self.listener.close();
    }

    fn live_tokens(&self) -> u64 {
        self.store.stats().unwrap().live_tokens
    }
}

fn patient() -> Patience {
    Patience { greeting: LONG, reading: LONG, goodbye: LONG }
}

fn frame(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_le_bytes()[..], message].concat()
}

fn send(socket: &mut UnixStream, message: &[u8]) {
    socket.write_all(&frame(message)).unwrap();
}

/// The next message; `None` at the end.
fn receive(socket: &mut UnixStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    if let Err(error) = socket.read_exact(&mut length) {
        assert_ne!(error.kind(), ErrorKind::WouldBlock, "it hangs");
        return None;
    }
    let mut message = vec![0; u32::from_le_bytes(length) as usize];
    socket.read_exact(&mut message).ok()?;
    Some(message)
}

fn is_closed(socket: &mut UnixStream) -> bool {
    receive(socket).is_none()
}

fn hello(id: u8) -> Vec<u8> {
    [&[0x0a, 20, 0x08, 1, 0x12, 16][..], &[id; 16]].concat()
}

/// A create of an empty map; a `durable` one waits for the disk.
fn create(number: u8, is_durable: bool) -> Vec<u8> {
    let mut operation = vec![0x08, number, 0x10, 0, 0x22, 1, 0x80];
    if is_durable {
        operation.extend([0x40, 1]);
    }
    [&[0x1a, operation.len() as u8][..], &operation].concat()
}

fn creates(numbers: std::ops::RangeInclusive<u8>) -> Vec<u8> {
    numbers.flat_map(|number| create(number, false)).collect()
}

/// Whether a message is the goodbye after `taken` operations.
fn is_goodbye(message: &[u8], taken: u8) -> bool {
    message == [0x1a, 0x82, 0x80, 0, 0x08, taken]
}

#[test]
fn operations_are_answered_wherever_their_bytes_are_cut() {
    let master = Master::new(patient());
    let mut socket = master.greeted(1);
    let bytes = [frame(&creates(1..=40)), frame(&create(41, true)), frame(&[])].concat();
    for (index, piece) in bytes.chunks(7).enumerate() {
        socket.write_all(piece).unwrap();
        if index % 5 == 0 {
            thread::yield_now();
        }
    }
    let mut tokens = 0;
    while tokens < 41 {
        let message = receive(&mut socket).unwrap();
        tokens += message.windows(2).filter(|bytes| bytes == &[0x12, 22]).count();
    }
    assert_eq!(master.live_tokens(), 41);
}

#[test]
fn a_client_that_moves_ends_its_former_connection() {
    let master = Master::new(patient());
    let mut former = master.greeted(1);
    let _next = master.greeted(1);
    assert!(is_closed(&mut former));
}

#[test]
fn what_is_no_message_ends_the_connection_and_nothing_of_it_is_carried_out() {
    let master = Master::new(patient());
    let too_long = ((MAX_MESSAGE + 1) as u32).to_le_bytes().to_vec();
    let second_hello = [create(1, false), hello(1)].concat();
    for (index, bytes) in
        [too_long, vec![0xff; 4], frame(&[0xff; 9]), frame(&second_hello)].iter().enumerate()
    {
        let mut socket = master.greeted(index as u8);
        socket.write_all(bytes).unwrap();
        while receive(&mut socket).is_some() {}
    }
    // The operation before the second Hello is a message of its own right up to there.
    assert!(master.live_tokens() <= 1);
    let mut half = master.greeted(9);
    half.write_all(&frame(&create(1, false))[..9]).unwrap();
    drop(half);
    let before = master.live_tokens();
    master.stop();
    assert_eq!(master.live_tokens(), before);
}

#[test]
fn who_does_not_greet_is_disconnected() {
    let master = Master::new(Patience { greeting: Duration::from_millis(50), ..patient() });
    assert!(is_closed(&mut master.connect()));
    let mut garbage = master.connect();
    garbage.write_all(&[1, 0]).unwrap();
    assert!(is_closed(&mut garbage));
    let mut long = master.connect();
    send(&mut long, &[0; 1025]);
    assert!(is_closed(&mut long));
    let mut other = master.connect();
    send(&mut other, &create(1, false));
    assert!(is_closed(&mut other));
    assert_eq!(master.live_tokens(), 0);
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody_and_is_disconnected() {
    let master = Master::new(Patience { reading: Duration::from_millis(200), ..patient() });
    let mut deaf = master.greeted(1);
    // Until the master has stopped reading, or has given it up.
    let mut other = master.greeted(2);
    let begin = Instant::now();
    let mut number = 0_u64;
    loop {
        number += 1;
        // Reads of no token: each is answered with many more bytes than none.
        let mut operation = vec![0x08];
        operation.extend(varint(number));
        operation.extend([0x10, 1]);
        let message = [&[0x1a, operation.len() as u8][..], &operation].concat();
        if deaf.write_all(&frame(&message)).is_err() {
            break;
        }
        assert!(begin.elapsed() < LONG);
    }
    send(&mut other, &create(1, false));
    assert!(receive(&mut other).is_some());
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

#[test]
fn no_more_than_the_limit_are_served_and_others_once_there_is_room() {
    let master = Master::new(patient());
    let mut sockets: Vec<_> = (0..MAX_CONNECTIONS).map(|_| master.connect()).collect();
    for (index, socket) in sockets.iter_mut().enumerate() {
        let mut id = hello(0);
        id[6..8].copy_from_slice(&(index as u16).to_le_bytes());
        send(socket, &id);
        assert!(receive(socket).is_some());
    }
    assert!(is_closed(&mut master.connect()));
    drop(sockets.pop());
    loop {
        let mut socket = master.connect();
        if socket.write_all(&frame(&hello(9))).is_ok() && receive(&mut socket).is_some() {
            break;
        }
        thread::yield_now();
    }
}

#[test]
fn a_master_that_stops_answers_what_it_began_and_says_how_far_it_came() {
    let master = Master::new(patient());
    let mut idle = master.greeted(1);
    let mut busy = master.greeted(2);
    send(&mut busy, &[create(1, true), create(2, false)].concat());
    let clients = thread::spawn(move || {
        let mut last = Vec::new();
        while let Some(message) = receive(&mut busy) {
            last.push(message);
        }
        drop(busy);
        assert!(is_goodbye(&receive(&mut idle).unwrap(), 0));
        assert!(is_closed(&mut idle));
        last
    });
    // It has the operations once the first is there.
    while master.live_tokens() < 2 {
        thread::yield_now();
    }
    master.stop();
    let messages = clients.join().unwrap();
    let tokens: usize = messages
        .iter()
        .map(|message| message.windows(2).filter(|bytes| bytes == &[0x12, 22]).count())
        .sum();
    assert_eq!(tokens, 2);
    assert!(is_goodbye(messages.last().unwrap(), 2));
    assert!(UnixStream::connect(&master.path).is_err());
}

#[test]
fn a_master_stops_although_its_clients_do_not_close() {
    let goodbye = Duration::from_millis(50);
    let master = Master::new(Patience { goodbye, ..patient() });
    let (_silent, _greeted) = (master.connect(), master.greeted(1));
    let mut flooding = master.greeted(2);
    flooding.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
    while flooding.write_all(&frame(&creates(1..=100))).is_ok() {}
    master.stop();
}
