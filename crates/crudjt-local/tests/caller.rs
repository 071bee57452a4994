//! Calls that block: none of them blocks for longer than its timeout, whatever listens.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crudjt_local::{Caller, NoMessage};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};

/// Only what hangs ends by it.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(20);

fn listener() -> (tempfile::TempDir, PathBuf, UnixListener) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    (folder, path, listener)
}

fn frame(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_le_bytes()[..], message].concat()
}

/// Serves one connection.
fn serve(listener: UnixListener, work: impl FnOnce(UnixStream) + Send + 'static) {
    thread::spawn(move || work(listener.accept().unwrap().0));
}

#[test]
fn messages_arrive_whole_however_they_are_cut() {
    let (_folder, path, listener) = listener();
    serve(listener, |mut socket| {
        let mut received = [0; 7];
        socket.read_exact(&mut received).unwrap();
        assert_eq!(received.as_slice(), frame(b"ask"));
        for byte in [frame(b"one"), frame(b""), frame(b"three")].concat() {
            socket.write_all(&[byte]).unwrap();
        }
    });
    let mut caller = Caller::connect(&path, LONG).unwrap();
    caller.send(b"ask").unwrap();
    for expected in [&b"one"[..], b"", b"three"] {
        assert_eq!(caller.receive().unwrap(), expected);
    }
    assert_eq!(caller.receive(), Err(NoMessage::Lost));
}

#[test]
fn a_message_that_does_not_come_is_told_from_a_connection_that_is_lost() {
    let (_folder, path, listener) = listener();
    let mut caller = Caller::connect(&path, SHORT).unwrap();
    assert_eq!(caller.receive(), Err(NoMessage::TimedOut));
    let (mut socket, _) = listener.accept().unwrap();
    socket.write_all(&frame(b"late")).unwrap();
    assert_eq!(caller.receive(), Ok(&b"late"[..]));
    socket.write_all(&[5, 0, 0, 0, 1]).unwrap();
    drop(socket);
    assert_eq!(caller.receive(), Err(NoMessage::Lost));
    assert_eq!(caller.send(b"ask"), Err(NoMessage::Lost));
}

#[test]
fn a_message_that_is_announced_as_too_long_loses_the_connection() {
    let (_folder, path, listener) = listener();
    serve(listener, |mut socket| socket.write_all(&u32::MAX.to_le_bytes()).unwrap());
    let mut caller = Caller::connect(&path, LONG).unwrap();
    assert_eq!(caller.receive(), Err(NoMessage::Lost));
}

#[test]
fn a_listener_that_accepts_nobody_does_not_block() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    listen(&listener, 1).unwrap();
    let begin = Instant::now();
    let waiting: Vec<Caller> = (0..100).map_while(|_| Caller::connect(&path, SHORT).ok()).collect();
    assert!((1..100).contains(&waiting.len()), "{} wait", waiting.len());
    assert!(begin.elapsed() < LONG);
}

#[test]
fn nobody_listens() {
    let (folder, path, listener) = listener();
    drop(listener);
    assert!(Caller::connect(&path, LONG).is_err());
    assert!(Caller::connect(&folder.path().join("missing"), LONG).is_err());
}
