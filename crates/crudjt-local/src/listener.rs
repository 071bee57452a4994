//! A listening socket, and the thread that accepts its connections.

use std::io;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crudjt_session::Sessions;
use crudjt_shelf::Memory;
use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags, poll};

use crate::bell::Bell;
use crate::connections::Connections;
use crate::limits::{Patience, SHORTAGE, STACK};

/// A local socket that serves sessions. It does not remove its file.
pub struct Listener {
    connections: Arc<Connections>,
    acceptor: Arc<Acceptor>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

struct Acceptor {
    bell: Bell,
    is_stopped: AtomicBool,
}

impl Listener {
    /// Creates a socket at a path that does not exist, and serves those who connect. Clients that ask
    /// for it are sent the shelf.
    ///
    /// # Errors
    /// If the socket cannot be created there, or the process can have no more descriptors or threads.
    pub fn bind(
        path: &Path,
        sessions: Sessions,
        patience: Patience,
        shelf: Option<Memory>,
    ) -> io::Result<Listener> {
        let socket = UnixListener::bind(path)?;
        // A client that has gone again must not block the thread.
        socket.set_nonblocking(true)?;
        let connections = Arc::new(Connections::new(sessions, patience, shelf));
        let acceptor = Acceptor { bell: Bell::new()?, is_stopped: AtomicBool::new(false) };
        let acceptor = Arc::new(acceptor);
        let (shared, served) = (Arc::clone(&acceptor), Arc::clone(&connections));
        let thread = thread::Builder::new().name("crudjt-accept".to_owned()).stack_size(STACK);
        let accepting = thread.spawn(move || shared.run(&socket, &served))?;
        Ok(Listener { connections, acceptor, accepting: Mutex::new(Some(accepting)) })
    }

    /// Accepts no more connections; those that are open go on.
    pub fn stop(&self) {
        self.acceptor.is_stopped.store(true, Ordering::Release);
        self.acceptor.bell.ring();
        if let Some(thread) = self.accepting.lock().take() {
            // It ends at once. If it panicked, there is nothing to do about it here.
            _ = thread.join();
        }
    }

    /// Sends every client its last replies and the master's goodbye, and ends all connections. The
    /// sessions must have been halted. Blocks for seconds at most; idempotent.
    pub fn close(&self) {
        self.stop();
        self.connections.close();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.close();
    }
}

impl Acceptor {
    fn run(&self, socket: &UnixListener, connections: &Arc<Connections>) {
        let mut sources =
            [PollFd::new(socket, PollFlags::IN), PollFd::new(&self.bell.reader, PollFlags::IN)];
        while !self.is_stopped.load(Ordering::Acquire) {
            if poll(&mut sources, None).is_err() {
                continue;
            }
            match socket.accept() {
                Ok((client, _)) => connections.accept(client),
                Err(error) if is_shortage(&error) => thread::sleep(SHORTAGE),
                Err(_) => {}
            }
        }
    }
}

/// Whether the process or the system can have no more descriptors or memory: the socket stays readable.
fn is_shortage(error: &io::Error) -> bool {
    error.kind() != io::ErrorKind::WouldBlock
}
