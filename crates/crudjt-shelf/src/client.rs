//! A client's connection to the shelf of a master: brings the descriptor, and stays open as the
//! master's sign of life, since the system closes it however the master ends.

use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::clock::SystemClock;
use crate::descriptor::receive_shelf;
use crate::error::{Error, Result};
use crate::lease::Life;
use crate::mapped_unsafe::Mapped;
use crate::memory::map;
use crate::reader::{Look, Memo, ShelfReader};

/// A client's shelf.
pub struct ShelfClient {
    reader: ShelfReader<Mapped>,
}

impl ShelfClient {
    /// Connects to a socket on which a master sends its shelf to whoever says `greeting`; waits at
    /// most for `patience` for it.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::NoDescriptor`], [`Error::NotAShelf`], [`Error::Version`] or
    /// [`Error::OtherClock`] if what comes is of no use.
    pub fn connect(path: &Path, greeting: &[u8], patience: Duration) -> Result<ShelfClient> {
        let mut stream =
            UnixStream::connect(path).map_err(Error::io("connect to the master's socket"))?;
        let asked = stream.set_read_timeout(Some(patience));
        let asked = asked.and_then(|()| stream.set_write_timeout(Some(patience)));
        let asked = asked.and_then(|()| stream.write_all(greeting));
        asked.map_err(Error::io("ask the master for its shelf"))?;
        ShelfClient::receive(stream)
    }

    /// Receives the shelf on a stream that the master keeps open as long as it lives, and on which it
    /// sends nothing else.
    ///
    /// # Errors
    /// As [`ShelfClient::connect`].
    pub fn receive(stream: UnixStream) -> Result<ShelfClient> {
        let descriptor = receive_shelf(&stream)?;
        let (words, bytes) = map(descriptor.as_fd())?;
        let life = Arc::new(OpenStream(stream));
        Ok(ShelfClient { reader: ShelfReader::begin(words, bytes, Box::new(SystemClock), life)? })
    }

    /// Looks for a token's record; see [`ShelfReader::read`].
    pub fn read(&self, token: &[u8], memo: Option<&Memo>, out: &mut [u8]) -> Look {
        self.reader.read(token, memo, out)
    }
}

/// A stream on which nothing comes until its other end is closed.
struct OpenStream(UnixStream);

impl Life for OpenStream {
    fn is_alive(&self) -> bool {
        let mut streams = [PollFd::new(&self.0, PollFlags::IN)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        loop {
            match poll(&mut streams, Some(&at_once)) {
                Err(Errno::INTR) => {}
                // A look that fails is no sign of life.
                polled => return polled == Ok(0),
            }
        }
    }
}
