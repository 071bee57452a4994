//! The operations that a master runs for its clients. Their data is untrusted: it is checked in one
//! pass and stored as it came.

use std::cell::RefCell;
use std::sync::Arc;

use crudjt_core::{Change, Error, Limits, OUT_BYTES, Reading, Store, msgpack};

use crate::backups::Backups;
use crate::refusal::Refusal;
use crate::replies::Reply;
use crate::requests::{Operation, kind};
use crate::served::Served;
use crate::slow::PendingKind;

thread_local! {
    /// Room for any record; only its first pages are ever touched unless records are large.
    static RECORD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What running an operation came to.
pub(crate) enum Ran {
    /// The reply was appended.
    Answered,
    /// The reply comes when this is done; nothing was appended.
    Later(PendingKind),
    /// Nothing was done: the store has no room.
    Busy,
}

/// Why an operation was not answered with success.
enum Failure {
    Busy,
    Refused(Refusal),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Busy => Failure::Busy,
            error => Failure::Refused(error.into()),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(refusal)
    }
}

/// The operations on one store.
pub(crate) struct Operations {
    served: Arc<dyn Served>,
    backups: Backups,
    max_data_size: usize,
}

impl Operations {
    pub(crate) fn new(served: Arc<dyn Served>, max_data_size: usize) -> Operations {
        Operations { backups: Backups::new(Arc::clone(&served)), served, max_data_size }
    }

    pub(crate) fn store(&self) -> &Store {
        self.served.store()
    }

    /// Runs an operation and appends its reply to `out`.
    pub(crate) fn run(&self, operation: &Operation<'_>, out: &mut Vec<u8>) -> Ran {
        let before = out.len();
        let later = match self.dispatch(operation, out) {
            Ok(later) => later,
            Err(Failure::Busy) => {
                out.truncate(before);
                return Ran::Busy;
            }
            Err(Failure::Refused(refusal)) => {
                out.truncate(before);
                Reply::begin(out, operation.number).error(&refusal);
                return Ran::Answered;
            }
        };
        match later {
            Some(PendingKind::Sync(_)) => Ran::Later(PendingKind::Sync(out.split_off(before))),
            Some(kind) => Ran::Later(kind),
            None => Ran::Answered,
        }
    }

    fn dispatch(
        &self,
        operation: &Operation<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<PendingKind>, Failure> {
        let store = self.served.store();
        let reply = |out| Reply::begin(out, operation.number);
        let if_durable = operation.durable.then(|| PendingKind::Sync(Vec::new()));
        match operation.kind {
            kind::CREATE => {
                let limits = self.check(operation)?;
                reply(out).token(&store.create(operation.data, limits)?);
                Ok(if_durable)
            }
            kind::READ => read(store, operation, out).map(|()| None),
            kind::UPDATE => {
                check_token(operation)?;
                let limits = self.check(operation)?;
                let change =
                    if operation.keep { Change::Keep(limits) } else { Change::Replace(limits) };
                reply(out).result(store.update(operation.token, operation.data, change)?);
                Ok(if_durable)
            }
            kind::DELETE => {
                check_token(operation)?;
                reply(out).result(store.delete(operation.token)?);
                Ok(if_durable)
            }
            kind::FLUSH => {
                reply(out).empty();
                Ok(Some(PendingKind::Sync(Vec::new())))
            }
            kind::STATS => Ok(Some(PendingKind::Stats)),
            kind::BACKUP if operation.token.is_empty() => {
                reply(out).folder(&self.backups.folder().to_string_lossy());
                Ok(None)
            }
            kind::BACKUP => {
                reply(out).counters(&self.backups.poll(operation.token)?);
                Ok(None)
            }
            kind => Err(Refusal::unsupported(kind).into()),
        }
    }

    /// Checks the data and limits of a create or update.
    fn check(&self, operation: &Operation<'_>) -> Result<Limits, Refusal> {
        let limit = self.max_data_size;
        // Some clients encode each integer in nine bytes.
        if operation.data.len() > 9 * limit + 16 {
            return Err(Refusal::too_large(limit, None));
        }
        let size = msgpack::measure(operation.data).map_err(Refusal::invalid_data)?;
        if size > limit {
            return Err(Refusal::too_large(limit, Some(size)));
        }
        Ok(Limits {
            ttl: check_limit(operation.ttl, "ttl")?,
            reads: check_limit(operation.reads, "silence_read")?,
        })
    }
}

fn read(store: &Store, operation: &Operation<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    check_token(operation)?;
    RECORD.with_borrow_mut(|record| {
        if record.is_empty() {
            // Memory that is zero already, and not touched.
            *record = vec![0; OUT_BYTES];
        }
        let reading = match operation.shelve {
            true => store.read_to_shelf(operation.token, record)?,
            false => store.read(operation.token, None, record)?,
        };
        let reply = Reply::begin(out, operation.number);
        match reading {
            Reading::Found(meta, length) => {
                reply.data(record.get(..length).unwrap_or_default(), &meta);
            }
            Reading::Absent | Reading::Unchanged(..) => reply.empty(),
        }
        Ok(())
    })
}

/// Any text that is not empty passes: what is not a token of the store is not found.
fn check_token(operation: &Operation<'_>) -> Result<(), Refusal> {
    if operation.token.is_empty() { Err(Refusal::blank_token()) } else { Ok(()) }
}

/// A limit of 0, and one of 2^63 or more, which reads as negative, must not mean "none".
fn check_limit(limit: Option<i64>, name: &str) -> Result<Option<u64>, Refusal> {
    match limit {
        Some(..=0) => Err(Refusal::invalid_limit(name)),
        limit => Ok(limit.map(i64::cast_unsigned)),
    }
}
