//! Wakes a thread that waits for a socket.

use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::sync::atomic::{AtomicBool, Ordering};

/// A bell with a descriptor that can be waited for.
pub(crate) struct Bell {
    /// Whether the pipe holds a byte, or is about to.
    is_rung: AtomicBool,
    pub(crate) reader: PipeReader,
    writer: PipeWriter,
}

impl Bell {
    pub(crate) fn new() -> io::Result<Bell> {
        let (reader, writer) = pipe()?;
        Ok(Bell { is_rung: AtomicBool::new(false), reader, writer })
    }

    /// Never blocks: the pipe holds at most one byte.
    pub(crate) fn ring(&self) {
        if !self.is_rung.swap(true, Ordering::AcqRel) {
            _ = (&self.writer).write(&[0]);
        }
    }

    /// To be called once the reader is readable, before looking what it rang for: it rings again for
    /// whatever comes after.
    pub(crate) fn answer(&self) {
        _ = (&self.reader).read(&mut [0]);
        self.is_rung.swap(false, Ordering::AcqRel);
    }
}
