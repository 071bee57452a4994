//! The trial's driver: writers, and the ends of masters and readers.

use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Trial;
use crate::board::{Board, Count, DEAD, Row};
use crate::wire::{CLOSE, CREATE, Connection, DELETE, NONE, READ, Request, UPDATE};

const READERS: u64 = 4;
const WRITERS: u64 = 2;
/// Tokens that each writer has at a time.
const OWN: usize = 24;

/// Lets everybody work for some time, or until somebody was given what was not true.
pub fn drive(trial: &Trial, time: Duration) -> Board {
    let board = trial.board();
    let mut cast = Cast::begin(trial);
    std::thread::scope(|scope| {
        for number in 0..WRITERS {
            scope.spawn(move || Writer::new(trial, number).work());
        }
        let end = Instant::now() + time;
        while Instant::now() < end && board.violations() == 0 {
            cast.next();
        }
        board.add(Count::Stop, 1);
    });
    cast.end();
    board
}

/// The processes.
struct Cast<'a> {
    trial: &'a Trial,
    board: Board,
    master: Child,
    /// Waits for the master's lock.
    next_master: Child,
    /// How many masters have opened the store.
    opened: u64,
    rotation: u64,
    readers: Vec<Child>,
    random: Random,
}

impl<'a> Cast<'a> {
    fn begin(trial: &'a Trial) -> Cast<'a> {
        let (board, master) = (trial.board(), trial.spawn("master", 1));
        wait_for(&board, 1);
        Cast {
            trial,
            board,
            master,
            next_master: trial.spawn("master", 1),
            opened: 1,
            rotation: 1,
            readers: (0..READERS).map(|number| trial.spawn("reader", number + 1)).collect(),
            random: Random(7),
        }
    }

    /// Waits for a while, then does something to somebody.
    fn next(&mut self) {
        std::thread::sleep(Duration::from_micros(self.random.below(250_000)));
        match self.random.below(6) {
            0 | 1 => {
                self.master.kill().unwrap();
                self.board.add(Count::MastersKilled, 1);
                self.replace_master();
            }
            2 => {
                self.close_master();
                self.board.add(Count::MastersClosed, 1);
                self.replace_master();
            }
            3 => {
                let number = self.random.below(READERS);
                let reader = &mut self.readers[number as usize];
                reader.kill().unwrap();
                reader.wait().unwrap();
                *reader = self.trial.spawn("reader", number + 10);
                self.board.add(Count::ReadersKilled, 1);
            }
            _ => self.stop_a_reader(),
        }
    }

    /// Asks until it has heard: a connection may be that of the master before.
    fn close_master(&mut self) {
        while self.master.try_wait().unwrap().is_none() {
            Connection::new(self.trial).call(Request { kind: CLOSE, ..Request::default() });
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// A reader that stands still in the middle of whatever it does, perhaps while the master changes.
    fn stop_a_reader(&mut self) {
        let number = self.random.below(READERS) as usize;
        let process = Pid::from_child(&self.readers[number]);
        kill_process(process, Signal::STOP).unwrap();
        std::thread::sleep(Duration::from_micros(self.random.below(30_000)));
        if self.random.below(3) == 0 {
            self.master.kill().unwrap();
            self.board.add(Count::MastersKilled, 1);
            self.replace_master();
            std::thread::sleep(Duration::from_micros(self.random.below(150_000)));
        }
        kill_process(process, Signal::CONT).unwrap();
        self.board.add(Count::ReadersStopped, 1);
    }

    /// The next one has waited for the lock; the one after it has perhaps another key. It comes when the
    /// next one is there, since who waits does not do so in order.
    fn replace_master(&mut self) {
        self.master.wait().unwrap();
        self.opened += 1;
        wait_for(&self.board, self.opened);
        if self.random.below(2) == 0 {
            self.rotation += 1;
            self.board.add(Count::Rotations, 1);
        }
        let after = self.trial.spawn("master", self.rotation);
        self.master = std::mem::replace(&mut self.next_master, after);
    }

    fn end(mut self) {
        for reader in &mut self.readers {
            let status = reader.wait().unwrap();
            if !status.success() {
                self.board.report(&format!("a reader ended with {status}"));
            }
        }
        for master in [&mut self.master, &mut self.next_master] {
            if let Some(status) = master.try_wait().unwrap() {
                self.board.report(&format!("a master ended with {status}"));
            }
            master.kill().unwrap();
            master.wait().unwrap();
        }
    }
}

/// Waits until so many masters have opened the store.
fn wait_for(board: &Board, opened: u64) {
    while board.count(Count::Opened) < opened {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A writer of tokens of its own.
struct Writer {
    board: Board,
    connection: Connection,
    /// The tokens, and their values.
    own: Vec<(Row, u64)>,
    random: Random,
}

impl Writer {
    fn new(trial: &Trial, number: u64) -> Writer {
        let (board, connection) = (trial.board(), Connection::new(trial));
        Writer { board, connection, own: Vec::new(), random: Random(number + 1) }
    }

    fn work(mut self) {
        while !self.board.stops() {
            match self.random.below(40) {
                0 if self.board.has_room() => self.read_counted(),
                1 if self.board.has_room() => self.let_expire(),
                2..8 if self.own.len() == OWN && self.board.has_room() => self.delete(),
                _ if self.own.len() < OWN => self.create(),
                _ => self.update(),
            }
            self.board.add(Count::Changes, 1);
        }
    }

    fn call(&mut self, kind: u64, row: Row, value: u64) -> Option<bool> {
        let token = self.board.token(row);
        let reply = self.connection.call(Request { kind, token, value, ttl: NONE, reads: NONE });
        if reply.is_none() {
            self.board.add(Count::Unknown, 1);
        }
        Some(reply?.is_live)
    }

    fn create_with(&mut self, ttl: u64, reads: u64) -> Option<[u8; 22]> {
        let request = Request { kind: CREATE, value: 1, ttl, reads, ..Request::default() };
        Some(self.connection.call(request)?.token)
    }

    fn create(&mut self) {
        if let Some(token) = self.create_with(NONE, NONE) {
            self.own.push((self.board.add_row(&token, false, 1), 1));
        }
    }

    fn update(&mut self) {
        let at = self.random.below(self.own.len() as u64) as usize;
        let (row, value) = &mut self.own[at];
        *value += 1;
        let (row, value) = (*row, *value);
        self.board.begin(row, value);
        match self.call(UPDATE, row, value) {
            Some(true) => self.board.done(row, value),
            Some(false) => self.board.report("a live token was not found"),
            None => {}
        }
    }

    fn delete(&mut self) {
        let at = self.random.below(self.own.len() as u64) as usize;
        let (row, _) = self.own.swap_remove(at);
        self.board.begin(row, DEAD);
        match self.call(DELETE, row, 0) {
            Some(true) => self.board.done(row, DEAD),
            Some(false) => self.board.report("a live token was not found"),
            None => {}
        }
    }

    /// Three reads, counted by the master alone whoever looks on the shelf meanwhile.
    fn read_counted(&mut self) {
        let Some(token) = self.create_with(NONE, 3) else { return };
        let row = self.board.add_row(&token, true, DEAD);
        for left in [Some(2), Some(1), Some(0), None] {
            let request =
                Request { kind: READ, token: self.board.token(row), ..Request::default() };
            let Some(reply) = self.connection.call(request) else { return };
            if reply.is_live.then_some(reply.reads) != left {
                self.board.report(&format!("{reply:?}, not {left:?} reads left"));
            }
            self.board.add(Count::CountedReads, 1);
        }
    }

    /// A token that dies by itself at any moment from now on.
    fn let_expire(&mut self) {
        if let Some(token) = self.create_with(1, NONE) {
            self.board.add_row(&token, false, DEAD);
        }
    }
}

/// xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % limit
    }
}
