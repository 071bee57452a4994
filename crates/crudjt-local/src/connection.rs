//! One connection: a thread that waits for its client, and works.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crudjt_session::{Ended, Progress, Session};
use crudjt_shelf::{Memory, send_shelf};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::bell::Bell;
use crate::inbox::{Inbox, TooLong};
use crate::limits::{Patience, SLICE};
use crate::outbox::Outbox;

/// What others have of a connection.
pub(crate) struct Line {
    socket: UnixStream,
    pub(crate) bell: Bell,
    is_closing: AtomicBool,
}

impl Line {
    pub(crate) fn new(socket: UnixStream) -> io::Result<Line> {
        Ok(Line { socket, bell: Bell::new()?, is_closing: AtomicBool::new(false) })
    }

    /// Has the connection send its last messages, and end.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
        self.bell.ring();
    }

    /// Ends the connection, whatever it does.
    pub(crate) fn cut(&self) {
        _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// Why a connection ends other than by the client's or the listener's wish.
pub(crate) struct Failed;

impl From<io::Error> for Failed {
    fn from(_: io::Error) -> Failed {
        Failed
    }
}

impl From<Errno> for Failed {
    fn from(_: Errno) -> Failed {
        Failed
    }
}

impl From<Ended> for Failed {
    fn from(_: Ended) -> Failed {
        Failed
    }
}

impl From<TooLong> for Failed {
    fn from(TooLong: TooLong) -> Failed {
        Failed
    }
}

/// What a connection was woken by.
struct Woken {
    by_client: bool,
    by_bell: bool,
}

/// The thread's side of a connection.
pub(crate) struct Connection {
    line: Arc<Line>,
    session: Session,
    patience: Patience,
    progress: Progress,
    inbox: Inbox,
    outbox: Outbox,
    /// What the session writes.
    message: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(line: Arc<Line>, session: Session, patience: Patience) -> Connection {
        let (progress, inbox) = (Progress::Idle, Inbox::new());
        let (outbox, message) = (Outbox::default(), Vec::new());
        Connection { line, session, patience, progress, inbox, outbox, message }
    }

    /// Serves the client until either side ends the connection.
    pub(crate) fn serve(mut self, shelf: Option<&Memory>) -> Result<(), Failed> {
        let greeting = Instant::now() + self.patience.greeting;
        loop {
            let deadline = (!self.session.has_greeted()).then_some(greeting);
            let Woken { by_client, by_bell } = self.wait(deadline)?;
            if by_bell {
                self.line.bell.answer();
                self.send_late()?;
                if self.line.is_closing.load(Ordering::Acquire) {
                    return self.say_goodbye();
                }
            }
            if by_client && !self.inbox.fill(&self.line.socket)? {
                return Ok(());
            }
            self.work()?;
            if self.session.asks_for_shelf() {
                send_shelf(&self.line.socket, shelf.ok_or(Failed)?).map_err(|_| Failed)?;
            }
        }
    }

    /// Blocks until there is something to do. While the session waits, nothing is received.
    fn wait(&self, deadline: Option<Instant>) -> Result<Woken, Failed> {
        let is_waiting = self.progress == Progress::Waiting;
        let events = if is_waiting { PollFlags::empty() } else { PollFlags::IN };
        let line = &*self.line;
        let mut sources =
            [PollFd::new(&line.socket, events), PollFd::new(&line.bell.reader, PollFlags::IN)];
        wait_for(&mut sources, deadline)?;
        let [client, bell] = sources.map(|source| source.revents());
        if is_waiting && !client.is_empty() {
            // The client is gone.
            return Err(Failed);
        }
        Ok(Woken { by_client: !client.is_empty(), by_bell: !bell.is_empty() })
    }

    /// Works on what was received, and sends the replies of each slice.
    fn work(&mut self) -> Result<(), Failed> {
        while self.progress != Progress::Idle || self.feed()? {
            self.progress = self.session.work(SLICE, &mut self.message)?;
            self.send()?;
            if self.progress == Progress::Waiting {
                break;
            }
        }
        Ok(())
    }

    /// Hands messages to the session, as many as it takes; returns whether there were any.
    fn feed(&mut self) -> Result<bool, Failed> {
        let mut has_any = false;
        while let Some(message) = self.inbox.next(self.session.has_greeted())? {
            has_any = true;
            if !self.session.receive(message)? || !self.session.has_greeted() {
                break;
            }
        }
        Ok(has_any)
    }

    fn send_late(&mut self) -> Result<(), Failed> {
        loop {
            self.session.late(&mut self.message)?;
            if self.message.is_empty() {
                return Ok(());
            }
            self.send()?;
        }
    }

    fn send(&mut self) -> Result<(), Failed> {
        self.outbox.add(&self.message);
        Ok(self.outbox.send(&self.line.socket)?)
    }

    /// Tells the client how far it came. A socket that is closed with bytes unread, or written to once
    /// it is closed, may lose what its peer has not read yet: so it stays open for reading until the
    /// client has closed it too.
    fn say_goodbye(mut self) -> Result<(), Failed> {
        let deadline = Instant::now() + self.patience.goodbye;
        self.session.goodbye(&mut self.message);
        self.send()?;
        let Connection { line, session, mut inbox, .. } = self;
        drop(session);
        line.socket.shutdown(Shutdown::Write)?;
        loop {
            wait_for(&mut [PollFd::new(&line.socket, PollFlags::IN)], Some(deadline))?;
            inbox.discard();
            if !inbox.fill(&line.socket)? {
                return Ok(());
            }
        }
    }
}

/// Waits for any of `sources`, at most until `deadline`.
fn wait_for(sources: &mut [PollFd<'_>], deadline: Option<Instant>) -> Result<(), Failed> {
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match poll(sources, left.map(timespec).as_ref()) {
            Ok(0) => return Err(Failed),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: duration.as_secs() as _, tv_nsec: duration.subsec_nanos().into() }
}
