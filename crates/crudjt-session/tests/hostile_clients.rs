//! Hostile clients harm only themselves: what they can make a master hold, and how long a message of
//! theirs keeps it busy, is bounded.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::*;
use crudjt_session::{Ended, MAX_IDLE_MESSAGES, MAX_PENDING, MAX_QUEUED_MESSAGES, Progress};

/// Far more than any of these takes, and far less than a quadratic search does.
const SOON: Duration = Duration::from_secs(5);

fn soon<T>(act: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = act();
    assert!(start.elapsed() < SOON, "took {:?}", start.elapsed());
    result
}

#[test]
fn messages_that_ask_for_nothing_are_put_up_with_a_thousand_times_in_a_row() {
    let master = Master::new();
    for nothing in [Vec::new(), acknowledged(0), vec![4 * 8, 0]] {
        let mut connection = master.greeted(1);
        for number in 1..=3 {
            // The greeting and the operation count too.
            for _ in 0..MAX_IDLE_MESSAGES - 2 {
                assert_eq!(connection.exchange(&nothing), Ok(Vec::new()));
            }
            assert_eq!(connection.replies(&Op::read(number, b"x").encode()).len(), 1);
        }
        for _ in 0..MAX_IDLE_MESSAGES {
            assert_eq!(connection.exchange(&nothing), Ok(Vec::new()));
        }
        assert_eq!(connection.exchange(&nothing), Err(Ended::Overrun));
    }
}

#[test]
fn a_transport_is_told_to_stop_reading_and_a_queue_has_an_end() {
    let master = Master::new();
    let flood = |message: Vec<u8>| {
        let mut connection = master.greeted(1);
        let (mut taken, mut told) = (0, None);
        while let Ok(reads_on) = connection.session.receive(&message) {
            taken += 1;
            if !reads_on {
                told.get_or_insert(taken);
            }
        }
        assert_eq!(connection.session.receive(&message), Err(Ended::Overrun));
        (told.unwrap(), taken)
    };
    assert_eq!(flood(acknowledged(0)), (16, MAX_QUEUED_MESSAGES));
    assert_eq!(flood(vec![0x7a; 1 << 20]), (1, 4));
}

#[test]
fn a_message_of_small_fields_is_worked_off_in_time_that_grows_with_its_size() {
    let master = Master::new();
    let mut connection = master.greeted(1);
    let fields = acknowledged(3).repeat((1 << 20) / 9);
    soon(|| {
        for _ in 0..50 {
            assert!(connection.exchange(&fields).unwrap().is_empty());
        }
    });
}

#[test]
fn a_storm_of_retransmissions_is_answered_from_the_log_at_once() {
    let master = Master::new();
    let mut connection = master.greeted(1);
    let count = 8000;
    let ops: Vec<_> = (1..=count).map(|number| Op::read(number, b"x")).collect();
    connection.exchange(&message(&ops)).unwrap();
    // A message of 20 kB that repeats numbers, and evicts and replaces replies meanwhile.
    let storm: Vec<_> = (0..1000).map(|at| ops[(at * 7919) % ops.len()].clone()).collect();
    soon(|| {
        for round in 0..50 {
            let answered = connection.replies(&message(&storm));
            assert_eq!(answered.len(), storm.len());
            let next = Op::read(count + 1 + round, b"x").encode();
            let replies = connection.replies(&[acknowledged(round), next].concat());
            assert_eq!(replies.len(), 1);
        }
    });
}

#[test]
fn replies_to_repeated_large_reads_leave_in_bounded_messages() {
    let mut options = options();
    options.max_data_size = 9 * 65_536 + 16;
    let master = Master::with(options, 65_536);
    let mut connection = master.greeted(1);
    let data = [&[0x81, 0xa1, b'a', 0xc5, 0xea, 0x60][..], &[7; 60_000]].concat();
    let token = connection.reply(&Op { data: Some(data), ..Op::new(1, CREATE) }.encode()).token;
    let read = Op::read(2, &token).encode();
    connection.reply(&read);
    connection.session.receive(&read.repeat(1000)).unwrap();
    let (mut out, mut sent) = (Vec::new(), 0);
    while connection.session.work(128, &mut out).unwrap() == Progress::More {
        assert!(out.len() < 256 << 10);
        sent += out.len();
    }
    assert!(sent > 900 * 60_000);
}

#[test]
fn before_it_says_who_it_is_a_client_can_make_a_master_hold_a_kilobyte() {
    let master = Master::new();
    let mut connection = master.connect();
    assert_eq!(connection.session.receive(&vec![0x7a; 1025]), Err(Ended::Malformed));
    assert_eq!(connection.exchange(&hello(1)).unwrap().len(), 1);
    assert_eq!(connection.session.receive(&vec![0x7a; 1 << 20]), Ok(false));
}

#[test]
fn pending_operations_are_bounded_and_go_on_once_some_are_answered() {
    let master = Master::new();
    let mut connection = master.greeted(1);
    let count = 3 * MAX_PENDING as u64;
    let durable = |number| Op { durable: true, ..Op::create(number, 1) };
    let ops: Vec<_> = (1..=count).map(durable).collect();
    connection.session.receive(&message(&ops)).unwrap();
    let (mut out, mut late, mut most, mut begun) = (Vec::new(), 0, 0, 0);
    while late < count {
        late += connection.late().unwrap().len() as u64;
        let progress = connection.session.work(32, &mut out).unwrap();
        if let Some(sent) = Replies::read(&out) {
            begun = sent.taken.unwrap();
        }
        most = most.max(begun - late);
        if progress != Progress::More && late < begun {
            connection.bell.wait();
        }
    }
    assert!(most <= MAX_PENDING as u64 + 64 + 32, "{most} were pending");
    assert_eq!(master.live_tokens(), count);
}

#[test]
fn two_processes_with_the_id_of_one_client_never_get_each_others_replies() {
    let master = Master::new();
    let (mut alice_got, mut bob_got) = (Vec::new(), Vec::new());
    let mut others = 0;
    for number in 1..=100 {
        let mut alice = master.greeted(9);
        let reply = alice.reply(&Op::create(number, 1).encode());
        if reply.error.is_none() {
            alice_got.push(reply.token);
        }
        let mut bob = master.greeted(9);
        let reply = bob.reply(&Op::create(number, 2).encode());
        match reply.error {
            Some((code, _)) => {
                assert_eq!(code, "ERR_CRUDJT_UNAVAILABLE");
                others += 1;
            }
            None => bob_got.push(reply.token),
        }
    }
    assert_eq!((alice_got.len(), bob_got.len(), others), (100, 0, 100));
    assert_eq!(master.live_tokens(), 100);
}

#[test]
fn numbers_may_be_any_and_statistics_are_gathered_once_for_a_flood() {
    let master = Arc::new(Master::new());
    let mut connection = master.greeted(1);
    let far: Vec<_> = (0..1000u64).map(|at| Op::read((1 << 40) + at * (1 << 32), b"x")).collect();
    soon(|| assert_eq!(connection.replies(&message(&far)).len(), 1000));
    let stats: Vec<_> = (0..8000u64).map(|at| Op::new((1 << 50) + at, STATS)).collect();
    soon(|| {
        let mut late = connection.replies(&message(&stats)).len();
        while late < stats.len() {
            late += connection.wait_for(1).len();
        }
    });
}
