//! A client that waits for its replies, for calls without an event loop.

use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};

use crate::inbox::Inbox;
use crate::outbox::Outbox;
use crate::peer::is_trusted;

/// Why a caller has received nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoMessage {
    /// The connection is lost.
    Lost,
    /// Nothing has come within the timeout.
    TimedOut,
}

impl From<io::Error> for NoMessage {
    fn from(error: io::Error) -> NoMessage {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => NoMessage::TimedOut,
            _ => NoMessage::Lost,
        }
    }
}

/// A connection to a local socket, whose calls block.
pub struct Caller {
    socket: UnixStream,
    inbox: Inbox,
    outbox: Outbox,
}

impl Caller {
    /// Connects to the socket of a process of this user or of root, without waiting for it to accept. `timeout` is how long each system
    /// call may block, from a millisecond on.
    ///
    /// # Errors
    /// If nobody listens at `path`, or somebody else does.
    pub fn connect(path: &Path, timeout: Duration) -> io::Result<Caller> {
        let socket = connect_at_once(path)?;
        if !is_trusted(&socket) {
            return Err(ErrorKind::PermissionDenied.into());
        }
        #[cfg(target_vendor = "apple")]
        rustix::net::sockopt::set_socket_nosigpipe(&socket, true)?;
        socket.set_read_timeout(Some(timeout))?;
        socket.set_write_timeout(Some(timeout))?;
        Ok(Caller { socket, inbox: Inbox::new(), outbox: Outbox::default() })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`NoMessage`]: it may have been sent in part, and the connection is of no further use.
    pub fn send(&mut self, message: &[u8]) -> Result<(), NoMessage> {
        self.outbox.add(message);
        Ok(self.outbox.send(&self.socket)?)
    }

    /// The connection itself, on which nothing may have come that was not received.
    pub fn into_stream(self) -> UnixStream {
        self.socket
    }

    /// Waits for the next message.
    ///
    /// # Errors
    /// [`NoMessage`]; after a timeout it may be called again.
    pub fn receive(&mut self) -> Result<&[u8], NoMessage> {
        loop {
            match self.inbox.is_complete() {
                Ok(true) => break,
                Ok(false) if self.inbox.fill(&self.socket)? => {}
                _ => return Err(NoMessage::Lost),
            }
        }
        self.inbox.next(true).ok().flatten().ok_or(NoMessage::Lost)
    }
}

/// Connects, or fails if the listener's queue is full: a master that is stopped accepts nobody, and the
/// standard library would wait for it without end.
fn connect_at_once(path: &Path) -> io::Result<UnixStream> {
    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    let socket = UnixStream::from(socket);
    socket.set_nonblocking(true)?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    socket.set_nonblocking(false)?;
    Ok(socket)
}
