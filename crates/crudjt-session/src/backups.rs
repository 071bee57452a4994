//! The backups that a master makes for its clients. A ticket requests one; it runs on a thread of
//! its own, since it may take longer than any call, and clients poll its state.
//!
//! Invariants: without a ticket nothing is written; one backup runs at a time; its result stays
//! available under the ticket's name until `MAX_BACKUPS` newer ones have been started.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;

use crate::refusal::Refusal;
use crate::served::Served;
use crate::ticket;

/// How many backups are remembered.
const MAX_BACKUPS: usize = 8;

/// How far a backup is.
#[derive(Clone)]
enum State {
    /// Records that were copied, and all of them.
    Running(u64, u64),
    /// Records and bytes of the copy.
    Done(u64, u64),
    Failed(Refusal),
}

/// A backup, by the name of its ticket.
type Backup = (Vec<u8>, Arc<Mutex<State>>);

/// The backups of one master.
pub(crate) struct Backups {
    served: Arc<dyn Served>,
    /// The oldest first.
    known: Mutex<VecDeque<Backup>>,
}

impl Backups {
    pub(crate) fn new(served: Arc<dyn Served>) -> Backups {
        Backups { served, known: Mutex::default() }
    }

    /// The store's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.served.store().path()
    }

    /// Starts the backup that a ticket requests, or returns how far it is.
    pub(crate) fn poll(&self, ticket: &[u8]) -> Result<[(&'static str, f64); 2], Refusal> {
        let mut known = self.known.lock();
        let found = known.iter().find(|(name, _)| name == ticket);
        let state = match found {
            Some((_, backup)) => backup.lock().clone(),
            None => self.start(ticket, &mut known)?,
        };
        match state {
            State::Running(done, total) => Ok([("done", done as f64), ("total", total as f64)]),
            State::Done(records, bytes) => {
                Ok([("records", records as f64), ("bytes", bytes as f64)])
            }
            State::Failed(refusal) => Err(refusal),
        }
    }

    fn start(&self, ticket: &[u8], known: &mut VecDeque<Backup>) -> Result<State, Refusal> {
        let target = ticket::consume(self.folder(), ticket).ok_or_else(no_ticket)?;
        if known.iter().any(|(_, backup)| matches!(*backup.lock(), State::Running(..))) {
            return Err(busy());
        }
        let state = State::Running(0, 0);
        let backup = Arc::new(Mutex::new(state.clone()));
        let (served, shared) = (Arc::clone(&self.served), Arc::clone(&backup));
        thread::Builder::new()
            .name("crudjt-backup".to_owned())
            .spawn(move || run(&*served, target, &shared))
            .map_err(|_| busy())?;
        known.push_back((ticket.to_vec(), backup));
        if known.len() > MAX_BACKUPS {
            known.pop_front();
        }
        Ok(state)
    }
}

fn run(served: &dyn Served, target: PathBuf, state: &Mutex<State>) {
    let mut progress = |done, total| *state.lock() = State::Running(done, total);
    let backup = || served.store().backup(&target, &mut progress);
    let ended = match catch_unwind(AssertUnwindSafe(backup)) {
        Ok(Ok(copy)) => State::Done(copy.records, copy.bytes),
        Ok(Err(error)) => State::Failed(error.into()),
        Err(_) => State::Failed(Refusal::internal()),
    };
    *state.lock() = ended;
}

fn no_ticket() -> Refusal {
    let text =
        "The ticket is not in the folder of this master's store: the master serves another store";
    Refusal::new("ERR_CRUDJT_UNAUTHENTICATED", text)
}

fn busy() -> Refusal {
    Refusal::new("ERR_CRUDJT_BUSY", "Another backup is running: try again when it has ended")
}
