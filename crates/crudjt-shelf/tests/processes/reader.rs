//! A reader: looks on the shelf, asks the master for what is not there, and holds every answer
//! against the board.

use std::collections::HashMap;
use std::time::Duration;

use crudjt_shelf::{Look, Memo, OUT_BYTES, ShelfClient};

use crate::Trial;
use crate::board::{Board, Count, DEAD, Row};
use crate::master::value_of;
use crate::wire::{Connection, READ, Request, SHELF};

/// Looks at the clock of the trial's end and writes its counts only so often.
const BATCH: usize = 256;

struct Reader {
    trial: Trial,
    board: Board,
    shelf: Option<ShelfClient>,
    connection: Connection,
    /// What it keeps of each token.
    kept: HashMap<[u8; 22], (Memo, u64)>,
    random: u64,
    found: u64,
    unchanged: u64,
}

/// Reads until the trial ends.
pub fn read(trial: &Trial, seed: u64) {
    let mut reader = Reader {
        trial: trial.clone(),
        board: trial.board(),
        shelf: None,
        connection: Connection::new(trial),
        kept: HashMap::new(),
        random: seed * 2 + 1,
        found: 0,
        unchanged: 0,
    };
    while !reader.board.stops() {
        if reader.shelf.is_none() {
            reader.shelf = reader.connect();
        }
        (0..BATCH).for_each(|_| reader.step());
        reader.board.add(Count::Found, std::mem::take(&mut reader.found));
        reader.board.add(Count::Unchanged, std::mem::take(&mut reader.unchanged));
        if reader.kept.len() > 10_000 {
            reader.kept.clear();
        }
    }
}

impl Reader {
    fn connect(&self) -> Option<ShelfClient> {
        let greeting = Request { kind: SHELF, ..Request::default() }.to_bytes();
        ShelfClient::connect(&self.trial.socket(), &greeting, Duration::from_secs(5)).ok()
    }

    fn step(&mut self) {
        let random = self.next_random();
        let Some(row) = self.board.pick(random) else { return };
        let token = self.board.token(row);
        let least = self.board.least(row);
        match self.look(&token) {
            Some(_) if self.board.is_counted(row) => {
                self.board.report("a record with a read limit was on the shelf");
            }
            Some(value) => self.board.check(row, least, value, "the shelf"),
            None if self.board.is_counted(row) => {}
            None => self.ask(row, &token, least),
        }
    }

    /// The value on the shelf, if there is one.
    fn look(&mut self, token: &[u8; 22]) -> Option<u64> {
        let kept = self.kept.get(token).copied();
        let mut out = [0; OUT_BYTES];
        match self.shelf.as_ref()?.read(token, kept.as_ref().map(|(memo, _)| memo), &mut out) {
            Look::Found { length, memo, .. } => {
                let value = value_of(&out[..length]);
                if value.is_none() {
                    self.board.report("a record that nobody wrote");
                }
                self.found += 1;
                self.kept.insert(*token, (memo, value?));
                value
            }
            Look::Unchanged { .. } => {
                self.unchanged += 1;
                kept.map(|(_, value)| value)
            }
            Look::Absent => None,
            Look::Ended => {
                self.board.add(Count::Ended, 1);
                self.shelf = None;
                None
            }
        }
    }

    fn ask(&mut self, row: Row, token: &[u8; 22], least: u64) {
        let request = Request { kind: READ, token: *token, ..Request::default() };
        if let Some(reply) = self.connection.call(request) {
            let value = if reply.is_live { reply.value } else { DEAD };
            self.board.check(row, least, value, "the master");
            self.board.add(Count::Asked, 1);
        }
    }

    fn next_random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}
