//! The connections of a listener.

use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crudjt_session::Sessions;
use parking_lot::{Condvar, Mutex};

use crate::connection::{Connection, Line};
use crate::limits::{MAX_CONNECTIONS, Patience, STACK};
use crate::peer::is_trusted;

/// All connections of a listener.
pub(crate) struct Connections {
    sessions: Sessions,
    patience: Patience,
    open: Mutex<Open>,
    closed: Condvar,
}

#[derive(Default)]
struct Open {
    lines: HashMap<u64, Arc<Line>>,
    last: u64,
}

impl Connections {
    pub(crate) fn new(sessions: Sessions, patience: Patience) -> Connections {
        Connections { sessions, patience, open: Mutex::default(), closed: Condvar::new() }
    }

    /// Serves a client, unless it is a stranger or one too many: then its socket is closed, and it
    /// goes to the port.
    pub(crate) fn accept(self: &Arc<Connections>, socket: UnixStream) {
        if is_trusted(&socket) && prepare(&socket, self.patience).is_ok() {
            self.start(socket);
        }
    }

    fn start(self: &Arc<Connections>, socket: UnixStream) -> Option<()> {
        let line = Arc::new(Line::new(socket).ok()?);
        let woken = Arc::clone(&line);
        let session = self.sessions.open(Arc::new(move || woken.bell.ring())).ok()?;
        let place = self.enter(&line)?;
        let connection = Connection::new(line, session, self.patience);
        let thread = thread::Builder::new().name("crudjt-local".to_owned()).stack_size(STACK);
        let serve = move || {
            _ = connection.serve();
            drop(place);
        };
        thread.spawn(serve).ok().map(drop)
    }

    fn enter(self: &Arc<Connections>, line: &Arc<Line>) -> Option<Place> {
        let mut open = self.open.lock();
        if open.lines.len() >= MAX_CONNECTIONS {
            return None;
        }
        open.last += 1;
        let number = open.last;
        open.lines.insert(number, Arc::clone(line));
        Some(Place { connections: Arc::clone(self), number })
    }

    /// Has every connection say goodbye, and waits for them to end; those that don't are cut.
    pub(crate) fn close(&self) {
        self.for_each(Line::close);
        // Each waits as long for its own client.
        self.wait_until_closed(self.patience.goodbye * 2);
        self.for_each(Line::cut);
        self.wait_until_closed(self.patience.goodbye * 2);
    }

    fn for_each(&self, act: impl Fn(&Line)) {
        self.open.lock().lines.values().for_each(|line| act(line));
    }

    fn wait_until_closed(&self, most: Duration) {
        let deadline = Instant::now() + most;
        let is_open = |open: &mut Open| !open.lines.is_empty();
        self.closed.wait_while_until(&mut self.open.lock(), is_open, deadline);
    }
}

/// A connection's place among those of the listener, until it ends.
struct Place {
    connections: Arc<Connections>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock();
        open.lines.remove(&self.number);
        self.connections.closed.notify_all();
    }
}

fn prepare(socket: &UnixStream, patience: Patience) -> std::io::Result<()> {
    // Some systems pass the listener's mode on.
    socket.set_nonblocking(false)?;
    #[cfg(target_vendor = "apple")]
    rustix::net::sockopt::set_socket_nosigpipe(socket, true)?;
    socket.set_write_timeout(Some(patience.reading))
}
