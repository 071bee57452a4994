//! Clients whose connections are cut anywhere, who send again what was not answered, are held against
//! a model: each operation is carried out exactly once, in order, and answered always the same.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, HashMap};

use common::proof::*;
use common::*;
use crudjt_session::Ended;
use proptest::prelude::*;

/// How many reads each token has.
const READS: u64 = 5;

#[derive(Debug, Clone)]
enum Step {
    /// The client's program makes a call, with one of its tokens.
    Call { client: usize, kind: u64, token: usize, value: u8, durable: bool },
    /// The client sends up to so many operations that this connection has not seen.
    Send { client: usize, most: usize },
    /// The master works on what it has received.
    Work { client: usize, slices: usize },
    /// What the master has sent reaches the client, who acknowledges it if told to.
    Deliver { client: usize, acknowledge: bool },
    /// The connection is lost, with all that is on its way; the client connects anew.
    Cut { client: usize },
    /// The client connects anew though the master has not noticed that the connection is lost.
    Replace { client: usize },
    /// Somebody without the access key connects with the client's id.
    Impersonate { client: usize, wrong: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..2usize;
    prop_oneof![
        6 => (client.clone(), 0..4u64, any::<usize>(), 0..128u8, prop::bool::weighted(0.1)).prop_map(
            |(client, kind, token, value, durable)| Step::Call { client, kind, token, value, durable }
        ),
        4 => (client.clone(), 1..8usize).prop_map(|(client, most)| Step::Send { client, most }),
        4 => (client.clone(), 1..3usize).prop_map(|(client, slices)| Step::Work { client, slices }),
        4 => (client.clone(), any::<bool>())
            .prop_map(|(client, acknowledge)| Step::Deliver { client, acknowledge }),
        1 => client.clone().prop_map(|client| Step::Cut { client }),
        1 => client.clone().prop_map(|client| Step::Replace { client }),
        1 => (client, any::<u8>())
            .prop_map(|(client, wrong)| Step::Impersonate { client, wrong }),
    ]
}

/// What a reply must say.
#[derive(Debug, Clone)]
enum Expected {
    Token,
    Data(Option<(u8, u64)>),
    Result(bool),
}

/// A token as the model has it: its value and reads left, unless it is dead.
struct ModelToken {
    token: Vec<u8>,
    state: Option<(u8, u64)>,
}

/// A client: its program, its unanswered operations, and its end of the connection.
struct Client {
    id: u8,
    connection: Connection,
    last: u64,
    unanswered: BTreeMap<u64, (Op, Expected)>,
    sent: u64,
    /// Messages of the master that are on their way.
    inbox: Vec<Reply>,
    tokens: Vec<ModelToken>,
    /// Tokens that a call in progress makes.
    created: HashMap<u64, u8>,
    /// The bytes of each reply that the master has sent, whether or not it arrived.
    replied: HashMap<u64, Vec<u8>>,
}

impl Client {
    fn new(master: &Master, id: u8) -> Client {
        Client {
            id,
            connection: master.greeted(id),
            last: 0,
            unanswered: BTreeMap::new(),
            sent: 0,
            inbox: Vec::new(),
            tokens: Vec::new(),
            created: HashMap::new(),
            replied: HashMap::new(),
        }
    }

    fn call(&mut self, kind: u64, token: usize, value: u8, durable: bool) {
        self.last += 1;
        let number = self.last;
        if kind == CREATE || self.tokens.is_empty() {
            let op = Op { reads: Some(READS), durable, ..Op::create(number, value) };
            self.created.insert(number, value);
            self.unanswered.insert(number, (op, Expected::Token));
            return;
        }
        let at = token % self.tokens.len();
        let ModelToken { token, state } = &mut self.tokens[at];
        let op = Op { token: token.clone(), durable, ..Op::new(number, kind) };
        let (op, expected) = match kind {
            READ => {
                let expected = state.map(|(value, reads)| (value, reads - 1));
                *state = expected.filter(|(_, reads)| *reads > 0);
                (op, Expected::Data(expected))
            }
            UPDATE => {
                let lived = state.is_some();
                *state = state.map(|_| (value, READS));
                (Op { data: Some(data(value)), reads: Some(READS), ..op }, Expected::Result(lived))
            }
            _ => (op, Expected::Result(state.take().is_some())),
        };
        self.unanswered.insert(number, (op, expected));
    }

    fn send(&mut self, most: usize) {
        let ops: Vec<Op> = self
            .unanswered
            .range(self.sent + 1..)
            .take(most)
            .map(|(_, (op, _))| op.clone())
            .collect();
        let Some(last) = ops.last() else { return };
        self.sent = last.number;
        self.connection.session.receive(&message(&ops)).unwrap();
    }

    fn work(&mut self, slices: usize) {
        let mut out = Vec::new();
        for _ in 0..slices {
            self.connection.session.work(3, &mut out).unwrap();
            self.hear(
                Replies::read(&out).into_iter().flat_map(|message| message.replies).collect(),
            );
        }
        let late = self.connection.late().unwrap();
        self.hear(late);
    }

    /// Replies leave the master: the same number has the same reply always.
    fn hear(&mut self, replies: Vec<Reply>) {
        for reply in replies {
            let first = self.replied.entry(reply.number).or_insert_with(|| reply.bytes.clone());
            assert_eq!(*first, reply.bytes, "number {} is answered anew", reply.number);
            self.inbox.push(reply);
        }
    }

    fn deliver(&mut self, acknowledge: bool) {
        for reply in std::mem::take(&mut self.inbox) {
            if let Some((_, expected)) = self.unanswered.remove(&reply.number) {
                self.check(reply, &expected);
            }
        }
        if acknowledge {
            let lowest = self.unanswered.keys().next().map_or(self.last, |lowest| lowest - 1);
            self.connection.session.receive(&acknowledged(lowest)).unwrap();
        }
    }

    fn check(&mut self, reply: Reply, expected: &Expected) {
        assert_eq!(reply.error, None);
        match expected {
            Expected::Token => {
                let value = self.created.remove(&reply.number).unwrap();
                self.tokens.push(ModelToken { token: reply.token, state: Some((value, READS)) });
            }
            Expected::Data(expected) => {
                let found = reply.data.map(|bytes| (bytes[3], reply.reads.unwrap()));
                assert_eq!(found, *expected);
            }
            Expected::Result(expected) => assert_eq!(reply.result, *expected),
        }
    }

    /// Connects anew; the former connection is lost before or after the master notices.
    fn reconnect(&mut self, master: &Master, is_noticed: bool) {
        self.inbox.clear();
        self.sent = 0;
        if is_noticed {
            // A session that is dropped is replaced by one without a client.
            drop(std::mem::replace(&mut self.connection, master.connect()));
        }
        let mut former = std::mem::replace(&mut self.connection, master.connect());
        assert!(self.connection.greet(self.id).unwrap().1);
        if !is_noticed {
            assert_eq!(former.work(), Err(Ended::Replaced));
        }
    }

    /// A stranger says that it is this client; what it sends for a proof is wrong.
    fn impersonate(&self, master: &Master, wrong: u8) {
        let mut stranger = master.connect();
        stranger.challenged(self.id, &[wrong; 32]);
        let message = match wrong % 3 {
            0 => proof_of(&[wrong; 32]),
            1 => goodbye(),
            _ => Op::create(self.last + 1, 1).encode(),
        };
        assert_eq!(stranger.exchange(&message), Err(Ended::Unauthenticated));
    }

    fn finish(&mut self) {
        while !self.unanswered.is_empty() {
            self.send(100);
            self.work(200);
            self.deliver(true);
            if !self.unanswered.is_empty()
                && self.unanswered.keys().all(|number| *number <= self.sent)
            {
                self.connection.bell.wait();
            }
        }
    }
}

fn run(steps: Vec<Step>) {
    let master = Master::guarded();
    let mut clients = [Client::new(&master, 1), Client::new(&master, 2)];
    for step in steps {
        match step {
            Step::Call { client, kind, token, value, durable } => {
                clients[client].call(kind, token, value, durable);
            }
            Step::Send { client, most } => clients[client].send(most),
            Step::Work { client, slices } => clients[client].work(slices),
            Step::Deliver { client, acknowledge } => clients[client].deliver(acknowledge),
            Step::Cut { client } => clients[client].reconnect(&master, true),
            Step::Replace { client } => clients[client].reconnect(&master, false),
            Step::Impersonate { client, wrong } => clients[client].impersonate(&master, wrong),
        }
    }
    for client in &mut clients {
        client.finish();
    }
    let alive =
        |client: &Client| client.tokens.iter().filter(|token| token.state.is_some()).count() as u64;
    assert_eq!(master.live_tokens(), clients.iter().map(alive).sum());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn each_operation_is_carried_out_exactly_once(steps in proptest::collection::vec(step(), 0..150)) {
        run(steps);
    }
}
