//! What a master keeps for its clients stays within its budgets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::*;
use crudjt_session::{
    Ended, MAX_DETACHED, MAX_RETAINED_BYTES, MAX_SESSIONS, MAX_TOTAL_BYTES, RETENTION,
};

const BIG: usize = 60_000;

/// A master with a record whose reading takes a reply of 60 kB.
fn with_big_record() -> (Master, Vec<u8>) {
    let mut options = options();
    options.max_data_size = 9 * 65_536 + 16;
    let master = Master::with(options, 65_536);
    let mut connection = master.greeted(255);
    let header = [0x81, 0xa1, b'a', 0xc5, (BIG >> 8) as u8, BIG as u8];
    let data = [&header[..], &[7; BIG]].concat();
    let token = connection.reply(&Op { data: Some(data), ..Op::new(1, CREATE) }.encode()).token;
    connection.exchange(&goodbye()).unwrap();
    (master, token)
}

/// Reads under these numbers.
fn reads(numbers: std::ops::RangeInclusive<u64>, token: &[u8]) -> Vec<u8> {
    message(&numbers.map(|number| Op::read(number, token)).collect::<Vec<_>>())
}

#[test]
fn a_client_that_acknowledges_nothing_loses_its_oldest_replies() {
    let (master, token) = with_big_record();
    let mut connection = master.greeted(1);
    connection.exchange(&reads(1..=100, &token)).unwrap();
    assert!(master.sessions.retained_bytes() <= MAX_RETAINED_BYTES);
    assert!(master.sessions.retained_bytes() > MAX_RETAINED_BYTES * 9 / 10);
    assert_eq!(connection.reply(&reads(1..=1, &token)).code(), "ERR_CRUDJT_OUTCOME_UNKNOWN");
    assert_eq!(connection.reply(&reads(100..=100, &token)).data.unwrap().len(), BIG + 6);
    connection.exchange(&acknowledged(100)).unwrap();
    assert_eq!(master.sessions.retained_bytes(), 0);
}

#[test]
fn all_clients_together_stay_within_a_budget_and_those_that_are_gone_lose_first() {
    let (master, token) = with_big_record();
    let mut gone = master.greeted(1);
    gone.exchange(&reads(1..=60, &token)).unwrap();
    drop(gone);
    let clients: Vec<_> = (2..40)
        .map(|client| {
            let mut connection = master.greeted(client);
            connection.exchange(&reads(1..=60, &token)).unwrap();
            assert!(master.sessions.retained_bytes() <= MAX_TOTAL_BYTES);
            connection
        })
        .collect();
    let welcome = master.connect().exchange(&hello(1)).unwrap();
    assert_eq!(welcome[0].welcome.map(|(_, resumed, _)| resumed), Some(false));
    assert!(master.sessions.retained_bytes() > MAX_TOTAL_BYTES / 2);
    drop(clients);
}

#[test]
fn a_client_that_is_gone_is_known_for_a_minute() {
    let master = Master::new();
    let is_known = |client: &[u8; 16]| {
        let welcome = master.connect().exchange(&hello_of(1, client)).unwrap();
        welcome[0].welcome.unwrap().1
    };
    assert!(!is_known(&[1; 16]));
    master.clock.advance(RETENTION.as_millis() as u64 - 1);
    assert!(is_known(&[1; 16]));
    master.clock.advance(RETENTION.as_millis() as u64);
    assert!(!is_known(&[1; 16]));
    for other in 0..MAX_DETACHED as u64 {
        let id = [other.to_le_bytes(), [2; 8]].concat();
        assert!(!is_known(&id.try_into().unwrap()));
    }
    assert!(!is_known(&[1; 16]));
}

#[test]
fn a_client_that_says_goodbye_is_charged_nothing_any_more() {
    let (master, token) = with_big_record();
    let mut connection = master.greeted(1);
    connection.exchange(&reads(1..=20, &token)).unwrap();
    let durable = Op { durable: true, ..Op::create(21, 1) };
    assert!(master.sessions.retained_bytes() > 20 * BIG);
    connection.exchange(&[durable.encode(), goodbye()].concat()).unwrap();
    assert_eq!(master.sessions.retained_bytes(), 0);
    assert_eq!(connection.exchange(&reads(22..=40, &token)), Err(Ended::Malformed));
    drop(connection);
    master.sessions.halt();
    assert_eq!(master.sessions.retained_bytes(), 0);
    let welcome = master.connect();
    drop(welcome);
}

#[test]
fn a_pending_operation_of_a_forgotten_client_is_charged_to_nobody() {
    let master = Master::new();
    let mut connection = master.greeted(1);
    let durable = |number| Op { durable: true, ..Op::create(number, 1) };
    connection.exchange(&message(&(1..=500).map(durable).collect::<Vec<_>>())).unwrap();
    drop(connection);
    master.clock.advance(RETENTION.as_millis() as u64);
    drop(master.greeted(2));
    master.sessions.halt();
    assert_eq!((master.sessions.retained_bytes(), master.live_tokens()), (0, 500));
}

#[test]
fn a_master_has_a_limit_of_sessions() {
    let master = Master::new();
    let sessions: Vec<_> = (0..MAX_SESSIONS).map(|_| master.connect()).collect();
    let open = || master.sessions.open(std::sync::Arc::new(|| ())).map(drop);
    assert_eq!(open(), Err(Ended::TooMany));
    drop(sessions);
    assert_eq!(open(), Ok(()));
}
