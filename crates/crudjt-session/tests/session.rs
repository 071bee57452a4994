//! One session: greeting, operations, retransmissions, slow replies, and the end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::*;
use crudjt_session::{Ended, Progress};

#[test]
fn a_welcome_names_version_size_limit_and_whether_the_client_is_known() {
    let master = Master::new();
    let mut first = master.connect();
    let welcome = first.exchange(&hello_of(7, &[1; 16])).unwrap();
    assert_eq!(welcome[0].welcome, Some((1, false, 256)));
    drop(first);
    let welcome = master.connect().exchange(&hello(1)).unwrap();
    assert_eq!(welcome[0].welcome, Some((1, true, 256)));
}

#[test]
fn messages_have_the_bytes_of_the_protocol() {
    let master = Master::new();
    let mut session = master.sessions.open(std::sync::Arc::new(|| ())).unwrap();
    let mut out = Vec::new();
    session.receive(&hello(1)).unwrap();
    session.work(32, &mut out).unwrap();
    let welcome = [&[0x0a, 0x97, 0x80, 0, 8, 1, 0x12, 16][..], &MASTER, &[0x20, 0x80, 2]].concat();
    assert_eq!(out, welcome);
    let token = [b'A'; 22];
    let ops = [Op { token: token.to_vec(), ..Op::new(1, DELETE) }, Op::new(300, 99)];
    session.receive(&message(&ops)).unwrap();
    session.work(32, &mut out).unwrap();
    let text = b"This master does not support operation kind 99: upgrade it";
    let error = [&[0x0a, 22][..], b"ERR_CRUDJT_UNSUPPORTED", &[0x12, text.len() as u8], text];
    let error = error.concat();
    let second = [&[0x08, 0xac, 2, 0x3a, error.len() as u8 | 0x80, 0x80, 0][..], &error].concat();
    let replies = [
        &[0x21, 0x2c, 1, 0, 0, 0, 0, 0, 0][..],
        &[0x12, 0x82, 0x80, 0, 8, 1],
        &[0x12, second.len() as u8 | 0x80, 0x80, 0],
        &second,
    ];
    assert_eq!(out, replies.concat());
    session.goodbye(&mut out);
    assert_eq!(out, [0x1a, 0x83, 0x80, 0, 8, 0xac, 2]);
}

#[test]
fn operations_are_carried_out_and_answered_in_their_order() {
    let master = Master::new();
    let mut connection = master.greeted(1);
    let create = Op { reads: Some(3), ttl: Some(60), ..Op::create(1, 5) };
    let token = connection.reply(&create.encode()).token;
    assert_eq!(token.len(), 22);
    let ops = [
        Op::read(2, &token),
        Op { token: token.clone(), keep: true, ..Op::create(3, 6) },
        Op::read(4, &token),
        Op { token: token.clone(), ..Op::new(5, DELETE) },
        Op::read(6, &token),
    ];
    let ops = ops.map(|op| if op.number == 3 { Op { kind: UPDATE, ..op } } else { op });
    let sent = connection.exchange(&message(&ops)).unwrap();
    assert_eq!((sent.len(), sent[0].taken), (1, Some(6)));
    let replies = &sent[0].replies;
    assert_eq!(replies.iter().map(|reply| reply.number).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    let found = |reply: &Reply| (reply.data.clone(), reply.ttl, reply.reads);
    assert_eq!(found(&replies[0]), (Some(data(5)), Some(60), Some(2)));
    assert!(replies[1].result && replies[3].result);
    assert_eq!(found(&replies[2]), (Some(data(6)), Some(60), Some(1)));
    assert_eq!(found(&replies[4]), (None, None, None));
}

#[test]
fn many_operations_are_answered_a_slice_at_a_time() {
    let master = Master::new();
    let mut connection = master.greeted(1);
    let ops: Vec<_> = (1..=100).map(|number| Op::create(number, 1)).collect();
    let sent = connection.exchange(&message(&ops)).unwrap();
    assert_eq!(
        sent.iter().map(|message| message.taken.unwrap()).collect::<Vec<_>>(),
        [32, 64, 96, 100]
    );
    assert_eq!(sent.iter().map(|message| message.replies.len()).sum::<usize>(), 100);
}

#[test]
fn a_retransmitted_operation_gets_its_first_reply_and_does_not_run_again() {
    let master = Master::new();
    let mut first = master.greeted(1);
    let token = first.reply(&Op { reads: Some(5), ..Op::create(1, 1) }.encode()).token;
    let read = Op::read(2, &token).encode();
    let reply = first.reply(&read);
    assert_eq!(first.reply(&read), reply);
    let mut second = master.greeted(1);
    assert_eq!(second.reply(&read), reply);
    assert_eq!(second.reply(&Op::read(3, &token).encode()).reads, Some(3));
    assert!(second.exchange(&acknowledged(2)).unwrap().is_empty());
    assert_eq!(second.reply(&read).code(), "ERR_CRUDJT_OUTCOME_UNKNOWN");
    assert_eq!(second.reply(&Op::read(4, &token).encode()).reads, Some(2));
}

#[test]
fn another_operation_with_a_known_number_is_refused_and_not_carried_out() {
    let master = Master::new();
    let mut alice = master.greeted(1);
    let first = alice.reply(&Op::create(1, 1).encode());
    let mut bob = master.greeted(1);
    let refused = bob.reply(&Op::create(1, 2).encode());
    assert_eq!((refused.code(), refused.token.len()), ("ERR_CRUDJT_UNAVAILABLE", 0));
    assert_eq!((bob.reply(&Op::create(1, 1).encode()), master.live_tokens()), (first, 1));
    let pending = Op { durable: true, ..Op::create(2, 1) };
    bob.exchange(&pending.encode()).unwrap();
    let other = bob.replies(&Op { durable: true, ..Op::create(2, 2) }.encode());
    assert!(other.iter().all(|reply| reply.code() == "ERR_CRUDJT_UNAVAILABLE"));
}

#[test]
fn slow_operations_are_answered_later_and_do_not_delay_fast_ones() {
    let master = Master::new();
    let mut connection = master.greeted(1);
    let ops = [
        Op::new(1, FLUSH),
        Op { durable: true, ..Op::create(2, 1) },
        Op::new(3, STATS),
        Op::create(4, 1),
    ];
    let sent = connection.exchange(&message(&ops)).unwrap();
    assert_eq!((sent.len(), sent[0].taken), (1, Some(4)));
    assert_eq!(sent[0].replies[0].number, 4);
    let mut late = connection.wait_for(3);
    late.sort_by_key(|reply| reply.number);
    assert_eq!(late.iter().map(|reply| reply.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((late[1].token.len(), late[2].counters["live_tokens"]), (22, 2.0));
    assert_eq!(connection.reply(&ops[1].encode()), late[1]);
}

#[test]
fn a_durable_operation_whose_stream_is_lost_is_answered_on_the_next_one() {
    let master = Master::new();
    let mut first = master.greeted(1);
    let durable = Op { durable: true, ..Op::create(1, 1) }.encode();
    assert!(first.replies(&durable).is_empty());
    drop(first);
    let mut second = master.greeted(1);
    let mut replies = second.replies(&durable);
    if replies.is_empty() {
        replies = second.wait_for(1);
    }
    assert_eq!((replies.len(), replies[0].number, replies[0].token.len()), (1, 1, 22));
    assert_eq!(master.live_tokens(), 1);
}

#[test]
fn a_newer_stream_of_a_client_ends_the_older_one() {
    let master = Master::new();
    let mut first = master.greeted(1);
    let mut other = master.greeted(2);
    let mut second = master.greeted(1);
    first.bell.wait();
    assert_eq!(first.late(), Err(Ended::Replaced));
    assert_eq!(first.exchange(&Op::create(1, 1).encode()), Err(Ended::Replaced));
    drop(first);
    assert_eq!(second.reply(&Op::create(1, 1).encode()).token.len(), 22);
    assert_eq!((other.late(), master.live_tokens()), (Ok(Vec::new()), 1));
}

#[test]
fn a_message_that_is_none_or_is_out_of_place_ends_the_session() {
    let create = Op::create(1, 1).encode();
    let wrong: [&[Vec<u8>]; 13] = [
        std::slice::from_ref(&create),
        &[acknowledged(5)],
        &[goodbye()],
        &[hello(1), hello(1)],
        &[hello_of(1, &[1; 15])],
        &[hello_of(1, &[1; 17])],
        &[hello_of(0, &[1; 16])],
        &[hello(1), Op::create(0, 1).encode()],
        &[hello(1), vec![0xff; 100]],
        &[hello(1), vec![0x1a, 0x7f, 8, 1]],
        &[hello(1), vec![7, 1]],
        &[hello(1), goodbye(), create.clone()],
        &[hello(1), [goodbye(), create.clone()].concat()],
    ];
    for messages in wrong {
        let master = Master::new();
        let mut connection = master.connect();
        let mut ended = Ok(Vec::new());
        for message in messages {
            assert!(ended.is_ok(), "{messages:?}");
            ended = connection.exchange(message);
        }
        assert_eq!(ended, Err(Ended::Malformed), "{messages:?}");
        assert_eq!(master.live_tokens(), 0);
    }
}

#[test]
fn what_a_newer_version_may_add_is_ignored() {
    let master = Master::new();
    let mut connection = master.connect();
    let unknown = [&[0x7a, 2, 1, 2, 0x79][..], &[0; 8], &[0x7d, 0, 0, 0, 0, 0x78, 5]].concat();
    let welcome = connection.exchange(&[&unknown[..], &hello(1)].concat()).unwrap();
    assert!(welcome[0].welcome.is_some());
    let sent = connection.exchange(&[&Op::create(1, 1).encode(), &unknown[..]].concat()).unwrap();
    assert_eq!(sent[0].replies.len(), 1);
    assert!(connection.exchange(&unknown).unwrap().is_empty());
}

#[test]
fn errors_are_replies_with_a_code_and_the_session_continues() {
    let master = Master::new();
    let mut connection = master.greeted(1);
    let given = |bytes: &[u8]| Op { data: Some(bytes.to_vec()), ..Op::new(0, CREATE) };
    let mut deep = vec![0x81, 0xa1, b'a'];
    deep.extend([0x91; 130]);
    deep.push(1);
    let long = [&[0x81, 0xa1, b'a', 0xda, 1, 44][..], &[b'x'; 300]].concat();
    let wrong = [
        (
            Op::new(0, CREATE),
            "ERR_CRUDJT_DATA",
            "data can't be stored: it is not one complete MessagePack value with UTF-8 text",
        ),
        (given(&[0xc0]), "ERR_CRUDJT_DATA", "Must be a Hash (Object)"),
        (
            given(&deep),
            "ERR_CRUDJT_DATA",
            "data can't be stored: it is nested deeper than 128 levels",
        ),
        (
            given(&long),
            "ERR_CRUDJT_DATA_TOO_LARGE",
            "Hash can not be bigger than 256 bytesize: it takes 306 bytes as MessagePack; store less, or raise the store's max_data_size (to 16384, say)",
        ),
        (
            given(&[0x80; 5000]),
            "ERR_CRUDJT_DATA_TOO_LARGE",
            "Hash can not be bigger than 256 bytesize: it takes far more as MessagePack; store less: max_data_size can be 65536 at most",
        ),
        (
            Op { ttl: Some(0), ..Op::create(0, 1) },
            "ERR_CRUDJT_LIMIT",
            "ttl should be greater than 0 and less than 2^64: send -1 for no limit",
        ),
        (
            Op { reads: Some(u64::MAX), ..Op::create(0, 1) },
            "ERR_CRUDJT_LIMIT",
            "silence_read should be greater than 0 and less than 2^64: send -1 for no limit",
        ),
        (Op::new(0, READ), "ERR_CRUDJT_TOKEN", "token can't be blank"),
        (Op { kind: UPDATE, ..Op::create(0, 1) }, "ERR_CRUDJT_TOKEN", "token can't be blank"),
        (Op::new(0, DELETE), "ERR_CRUDJT_TOKEN", "token can't be blank"),
        (
            Op { token: vec![b'A'; 22], ..Op::new(0, BACKUP) },
            "ERR_CRUDJT_UNAUTHENTICATED",
            "The ticket is not in the folder of this master's store: the master serves another store",
        ),
        (
            Op::new(0, 99),
            "ERR_CRUDJT_UNSUPPORTED",
            "This master does not support operation kind 99: upgrade it",
        ),
    ];
    for (number, (op, code, text)) in (1..).zip(wrong) {
        let reply = connection.reply(&Op { number, ..op }.encode());
        assert_eq!(reply.error, Some((code.to_owned(), text.to_owned())));
    }
    assert_eq!(connection.reply(&Op::create(100, 1).encode()).token.len(), 22);
    assert_eq!(connection.reply(&Op::read(101, b"no token").encode()).error, None);
}

#[test]
fn a_master_that_stops_answers_what_it_began_and_begins_nothing_else() {
    let master = Master::new();
    let mut connection = master.greeted(1);
    let mut silent = master.connect();
    connection.exchange(&Op { durable: true, ..Op::create(7, 1) }.encode()).unwrap();
    master.sessions.halt();
    assert!(connection.exchange(&Op::create(8, 1).encode()).unwrap().is_empty());
    assert_eq!(connection.late().unwrap()[0].number, 7);
    assert_eq!((connection.goodbye(), silent.goodbye()), (Some(7), None));
    assert_eq!(master.live_tokens(), 1);
}

#[test]
fn a_write_that_finds_no_room_waits_and_what_comes_after_it_too() {
    let mut options = options();
    options.environment.segment_bytes = 1 << 20;
    // Without it, room for the next segment is made only by those who wait for it.
    options.environment.spare_thread = false;
    let master = Master::with(options, MAX_DATA_SIZE);
    let mut connection = master.greeted(1);
    let big = [&[0x81, 0xa1, b'a', 0xc4, 240][..], &[7; 240]].concat();
    let create = |number| Op { data: Some(big.clone()), ..Op::new(number, CREATE) };
    let (mut answered, mut waits, mut out) = (Vec::new(), 0, Vec::new());
    for from in (1..20_000).step_by(100) {
        let ops: Vec<_> = (from..from + 100).map(create).collect();
        connection.session.receive(&message(&ops)).unwrap();
        loop {
            let progress = connection.session.work(32, &mut out).unwrap();
            let sent = Replies::read(&out);
            answered.extend(sent.into_iter().flat_map(|message| message.replies));
            match progress {
                Progress::Idle => break,
                Progress::More => {}
                Progress::Waiting => {
                    waits += 1;
                    connection.bell.wait();
                }
            }
        }
    }
    assert!(waits > 0, "the store always had room");
    assert!(answered.iter().map(|reply| reply.number).eq(1..=20_000));
    assert!(answered.iter().all(|reply| reply.token.len() == 22));
    assert_eq!(master.live_tokens(), 20_000);
}
