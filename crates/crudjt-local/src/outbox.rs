//! Messages to a client, in frames that leave together.

use std::io;
use std::os::unix::net::UnixStream;

use rustix::io::Errno;
use rustix::net::{SendFlags, send};

use crate::limits::BUFFER;

/// Without it a socket whose peer is gone would raise a signal; Apple's systems have an option for that.
#[cfg(not(target_vendor = "apple"))]
const FLAGS: SendFlags = SendFlags::NOSIGNAL;
#[cfg(target_vendor = "apple")]
const FLAGS: SendFlags = SendFlags::empty();

/// What is to be sent.
#[derive(Default)]
pub(crate) struct Outbox(Vec<u8>);

impl Outbox {
    /// Adds a message, unless it is empty.
    pub(crate) fn add(&mut self, message: &[u8]) {
        if !message.is_empty() {
            self.0.extend_from_slice(&(message.len() as u32).to_le_bytes());
            self.0.extend_from_slice(message);
        }
    }

    /// Sends what was added; blocks as long as the socket's timeout allows.
    pub(crate) fn send(&mut self, socket: &UnixStream) -> io::Result<()> {
        let mut left = &self.0[..];
        while !left.is_empty() {
            match send(socket, left, FLAGS) {
                Ok(sent) => left = left.get(sent..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.0.clear();
        self.0.shrink_to(BUFFER);
        Ok(())
    }
}
