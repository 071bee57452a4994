//! Nobody is attached, and nothing carried out, before a client has proved the access key; and the
//! master proves it in turn.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use common::proof::*;
use common::*;
use crudjt_session::{Ended, MAX_SESSIONS};

const NONCE: &[u8] = &[3; 32];

/// What a stranger sends as its proof, by the nonces of both sides.
type Proof = fn([&[u8]; 2]) -> Vec<u8>;

fn refused(connection: &mut Connection, message: &[u8]) {
    let ended = connection.exchange(message).unwrap_err();
    assert_eq!((ended, ended.code()), (Ended::Unauthenticated, "ERR_CRUDJT_UNAUTHENTICATED"));
    assert!(!connection.session.is_admitted());
}

#[test]
fn who_proves_the_key_is_welcomed_with_the_proof_of_the_master_and_served() {
    let master = Master::guarded();
    let mut connection = master.connect();
    assert!(!connection.session.is_admitted());
    let challenge = connection.challenged(1, NONCE);
    assert_eq!(challenge.len(), 32);
    assert!(!connection.session.is_admitted());
    let nonces = [NONCE, &challenge];
    let welcome = connection.exchange(&proof_of(&mac(ACCESS_KEY, CLIENT, nonces, 1))).unwrap();
    assert_eq!(welcome[0].welcome, Some((1, false, MAX_DATA_SIZE as u64)));
    assert_eq!(welcome[0].proof, Some(mac(ACCESS_KEY, MASTER_LABEL, nonces, 1)));
    assert!(connection.session.is_admitted());
    assert_eq!(connection.reply(&Op::create(1, 1).encode()).token.len(), 22);
}

#[test]
fn a_wrong_proof_ends_the_session() {
    let master = Master::guarded();
    let wrong: [Proof; 8] = [
        |nonces| mac(b"another access key", CLIENT, nonces, 1),
        |nonces| mac(b"", CLIENT, nonces, 1),
        |nonces| mac(ACCESS_KEY, CLIENT, nonces, 2),
        |nonces| mac(ACCESS_KEY, CLIENT, [nonces[1], nonces[0]], 1),
        |nonces| mac(ACCESS_KEY, CLIENT, [nonces[0], &[0; 32]], 1),
        // What a master would have said.
        |nonces| mac(ACCESS_KEY, MASTER_LABEL, nonces, 1),
        |nonces| mac(ACCESS_KEY, CLIENT, nonces, 1)[..31].to_vec(),
        |_| Vec::new(),
    ];
    for proof in wrong {
        let mut connection = master.connect();
        let challenge = connection.challenged(1, NONCE);
        refused(&mut connection, &proof_of(&proof([NONCE, &challenge])));
    }
    for at in 0..32 {
        let mut connection = master.connect();
        let challenge = connection.challenged(1, NONCE);
        let mut proof = mac(ACCESS_KEY, CLIENT, [NONCE, &challenge], 1);
        proof[at] ^= 0x80;
        refused(&mut connection, &proof_of(&proof));
    }
}

#[test]
fn a_proof_that_was_heard_on_another_stream_is_worth_nothing() {
    let master = Master::guarded();
    let mut first = master.connect();
    let challenge = first.challenged(1, NONCE);
    let heard = proof_of(&mac(ACCESS_KEY, CLIENT, [NONCE, &challenge], 1));
    assert!(first.exchange(&heard).is_ok());
    let mut second = master.connect();
    assert_ne!(second.challenged(1, NONCE), challenge);
    refused(&mut second, &heard);
}

#[test]
fn the_proof_of_a_master_cannot_be_sent_back_as_that_of_a_client() {
    let master = Master::guarded();
    let mut client = master.connect();
    let challenge = client.challenged(1, NONCE);
    let proof = proof_of(&mac(ACCESS_KEY, CLIENT, [NONCE, &challenge], 1));
    let answer = client.exchange(&proof).unwrap()[0].proof.clone().unwrap();
    let mut stranger = master.connect();
    stranger.challenged(1, &challenge);
    refused(&mut stranger, &proof_of(&answer));
}

#[test]
fn nothing_but_the_proof_counts_before_it() {
    let master = Master::guarded();
    let create = Op::create(1, 1).encode();
    for message in [create.clone(), acknowledged(1), goodbye(), hello(1), hello_with(1, NONCE)] {
        let mut connection = master.connect();
        connection.challenged(1, NONCE);
        refused(&mut connection, &message);
    }
    for message in [create.clone(), acknowledged(1), goodbye(), proof_of(&[0; 32])] {
        assert_eq!(master.connect().exchange(&message), Err(Ended::Malformed));
    }
    let together = [hello_with(1, NONCE), create].concat();
    refused(&mut master.connect(), &together);
    assert_eq!(master.live_tokens(), 0);
}

#[test]
fn who_cannot_prove_anything_is_refused_at_once() {
    let master = Master::guarded();
    refused(&mut master.connect(), &hello(1));
    for length in [0, 31, 33] {
        let hello = hello_with(1, &vec![3; length]);
        assert_eq!(master.connect().exchange(&hello), Err(Ended::Malformed));
    }
}

#[test]
fn a_second_proof_is_no_message_and_without_a_key_so_is_the_first() {
    for master in [Master::new(), Master::guarded()] {
        let mut connection = master.greeted(1);
        assert_eq!(connection.exchange(&proof_of(&[0; 32])), Err(Ended::Malformed));
    }
    assert_eq!(Master::new().connect().exchange(&proof_of(&[0; 32])), Err(Ended::Malformed));
}

#[test]
fn a_master_without_a_key_welcomes_whoever_could_prove_one_and_proves_nothing() {
    let master = Master::new();
    let mut connection = master.connect();
    let sent = connection.exchange(&hello_with(1, NONCE)).unwrap();
    assert!(sent[0].welcome.is_some() && sent[0].proof.is_none());
}

#[test]
fn a_client_that_has_shown_the_key_to_the_transport_need_not_prove_it() {
    let master = Master::guarded();
    for message in [hello(1), hello_with(2, NONCE)] {
        let mut connection = master.connect_admitted();
        assert!(connection.session.is_admitted());
        assert!(connection.exchange(&message).unwrap()[0].welcome.is_some());
        assert_eq!(connection.reply(&Op::create(1, 1).encode()).token.len(), 22);
    }
}

#[test]
fn a_stranger_with_the_id_of_a_client_replaces_nothing_and_resumes_nothing() {
    let master = Master::guarded();
    let mut client = master.greeted(1);
    let created = client.reply(&Op::create(1, 1).encode());
    let retained = master.sessions.retained_bytes();
    for _ in 0..3 {
        let mut stranger = master.connect();
        let challenge = stranger.challenged(1, NONCE);
        assert!(stranger.late().unwrap().is_empty() && stranger.goodbye().is_none());
        let wrong = mac(b"another access key", CLIENT, [NONCE, &challenge], 1);
        refused(&mut stranger, &proof_of(&wrong));
    }
    assert_eq!(master.sessions.retained_bytes(), retained);
    assert_eq!(client.reply(&Op::read(2, &created.token).encode()).data, Some(data(1)));
    // Nor does one that stays, or that says goodbye, take the client's log away.
    let mut stranger = master.connect();
    stranger.challenged(1, NONCE);
    drop(client);
    assert!(master.connect().greet(1).unwrap().1);
}

#[test]
fn strangers_do_not_count_among_the_sessions() {
    let master = Master::guarded();
    let strangers: Vec<_> = (0..=MAX_SESSIONS).map(|_| master.connect()).collect();
    let clients: Vec<_> = (0..MAX_SESSIONS).map(|_| master.greeted(1)).collect();
    assert_eq!(master.connect().greet(1), Err(Ended::TooMany));
    let open = |wake| master.sessions.open_admitted(wake).map(drop);
    assert_eq!(open(Arc::new(|| {})), Err(Ended::TooMany));
    drop(strangers);
    assert_eq!(master.connect().greet(1), Err(Ended::TooMany));
    drop(clients);
    assert!(master.connect().greet(1).is_ok());
}

#[test]
fn before_the_proof_a_stranger_can_make_a_master_hold_a_kilobyte() {
    let master = Master::guarded();
    let long = vec![0x7a; 1025];
    let mut connection = master.connect();
    assert_eq!(connection.session.receive(&long), Err(Ended::Malformed));
    connection.challenged(1, NONCE);
    assert_eq!(connection.session.receive(&long), Err(Ended::Malformed));
    // One message at a time, of fields that mean nothing.
    let nothing = [0xfa, 1, 0];
    for _ in 0..3 {
        assert_eq!(connection.session.receive(&nothing), Ok(true));
        assert_eq!(connection.session.receive(&nothing), Err(Ended::Overrun));
        assert_eq!(connection.work(), Ok(Vec::new()));
    }
    assert_eq!(connection.greet(1), Err(Ended::Unauthenticated));
    let mut greeted = master.greeted(1);
    assert_eq!(greeted.session.receive(&vec![0x7a; 1 << 20]), Ok(false));
}

#[test]
fn a_master_that_stops_tells_a_stranger_nothing() {
    let master = Master::guarded();
    let mut connection = master.connect();
    let challenge = connection.challenged(1, NONCE);
    master.sessions.halt();
    let proof = proof_of(&mac(ACCESS_KEY, CLIENT, [NONCE, &challenge], 1));
    assert_eq!(connection.exchange(&proof), Ok(Vec::new()));
    assert_eq!(connection.goodbye(), None);
}
