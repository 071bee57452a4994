//! Connections on threads of their own: a client that moves to another one while the master still
//! works for the former, and a master that stops meanwhile.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::collections::HashMap;
use std::thread;

use common::*;
use crudjt_session::{Ended, Progress};

const COUNT: u64 = 400;

fn creates() -> Vec<u8> {
    let one = |number| Op { durable: number % 50 == 0, ..Op::create(number, 1) };
    message(&(1..=COUNT).map(one).collect::<Vec<_>>())
}

/// Receives a message and works until the session ends or all is answered.
fn serve(connection: &mut Connection, message: &[u8]) -> Result<HashMap<u64, Vec<u8>>, Ended> {
    let (mut replies, mut out) = (HashMap::new(), Vec::new());
    connection.session.receive(message)?;
    while replies.len() < COUNT as usize {
        let progress = connection.session.work(8, &mut out)?;
        let sent = Replies::read(&out).into_iter().flat_map(|message| message.replies);
        replies.extend(sent.chain(connection.late()?).map(|reply| (reply.number, reply.bytes)));
        if progress != Progress::More && replies.len() < COUNT as usize {
            connection.bell.wait();
        }
    }
    Ok(replies)
}

#[test]
fn what_two_connections_of_a_client_ask_for_at_once_is_carried_out_once() {
    for _ in 0..100 {
        let master = Master::new();
        let mut first = master.greeted(1);
        let served = thread::scope(|scope| {
            let former = scope.spawn(|| serve(&mut first, &creates()));
            let mut second = master.greeted(1);
            let replies = serve(&mut second, &creates()).unwrap();
            if let Ok(former) = former.join().unwrap() {
                assert_eq!(former, replies);
            }
            replies
        });
        assert_eq!((served.len() as u64, master.live_tokens()), (COUNT, COUNT));
    }
}

#[test]
fn a_master_that_stops_has_answered_what_its_goodbye_says_it_took() {
    for _ in 0..100 {
        let master = Master::new();
        let mut connection = master.greeted(1);
        thread::scope(|scope| {
            let work = scope.spawn(|| {
                let (mut answered, mut out) = (0, Vec::new());
                connection.session.receive(&creates()).unwrap();
                while connection.session.work(8, &mut out).unwrap() == Progress::More {
                    answered += Replies::read(&out).map_or(0, |sent| sent.replies.len());
                }
                // What the last call has written, unless the master had stopped before it.
                answered += Replies::read(&out).map_or(0, |sent| sent.replies.len());
                (answered, connection)
            });
            master.sessions.halt();
            let (answered, mut connection) = work.join().unwrap();
            let answered = (answered + connection.late().unwrap().len()) as u64;
            assert_eq!(connection.goodbye(), Some(answered));
            assert_eq!(master.live_tokens(), answered);
        });
    }
}
