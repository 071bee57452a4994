//! Splits what a socket receives into messages.

use std::io::{self, Read};

use crate::limits::{BUFFER, MAX_MESSAGE};

/// The bytes of a frame's length.
pub(crate) const LENGTH_BYTES: usize = 4;

/// A client announced a message that is too long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Received bytes. It grows to the length of one message, for clients that may send long ones, and
/// shrinks again.
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    /// Where the bytes begin that are not read yet, and where they end.
    from: usize,
    to: usize,
}

impl Inbox {
    pub(crate) fn new() -> Inbox {
        Inbox { bytes: vec![0; BUFFER], from: 0, to: 0 }
    }

    /// Receives what is there, or blocks until something is; returns whether the peer goes on.
    pub(crate) fn fill(&mut self, mut socket: impl Read) -> io::Result<bool> {
        self.make_room();
        let room = self.bytes.get_mut(self.to..).unwrap_or_default();
        let length = loop {
            match socket.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                received => break received?,
            }
        };
        self.to += length;
        Ok(length > 0)
    }

    /// The next message that is complete. `may_be_long`: whether it may be longer than the buffer.
    pub(crate) fn next(&mut self, may_be_long: bool) -> Result<Option<&[u8]>, TooLong> {
        let unread = self.bytes.get(self.from..self.to).unwrap_or_default();
        let Some((length, rest)) = unread.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*length) as usize;
        let most = if may_be_long { MAX_MESSAGE } else { BUFFER - LENGTH_BYTES };
        if length > most {
            return Err(TooLong);
        }
        if rest.len() < length {
            return Ok(None);
        }
        let begin = self.from + LENGTH_BYTES;
        self.from = begin + length;
        Ok(self.bytes.get(begin..self.from))
    }

    /// Whether the next message is complete.
    pub(crate) fn is_complete(&self) -> Result<bool, TooLong> {
        let unread = self.to - self.from;
        let needed = self.needed();
        if needed > LENGTH_BYTES + MAX_MESSAGE {
            return Err(TooLong);
        }
        Ok(unread >= needed)
    }

    /// Forgets what was received.
    pub(crate) fn discard(&mut self) {
        (self.from, self.to) = (0, 0);
    }

    /// Moves what is not read to the begin, and fits the size to the message that it begins.
    fn make_room(&mut self) {
        let needed = self.needed();
        if self.from > 0 && (self.from == self.to || self.from + needed > self.bytes.len()) {
            self.bytes.copy_within(self.from..self.to, 0);
            self.to -= self.from;
            self.from = 0;
        }
        let is_wasteful = self.bytes.len() > BUFFER && self.to <= BUFFER && needed <= BUFFER;
        if self.bytes.len() < needed || is_wasteful {
            self.bytes.resize(needed.max(BUFFER), 0);
            self.bytes.shrink_to_fit();
        }
    }

    /// The bytes of the frame that is not complete.
    fn needed(&self) -> usize {
        let unread = self.bytes.get(self.from..self.to).unwrap_or_default();
        let length = unread.first_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
        LENGTH_BYTES + length.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Receives `bytes` in pieces of `size`, and returns the lengths of the messages.
    fn lengths(bytes: &[u8], size: usize) -> Vec<usize> {
        let (mut inbox, mut lengths) = (Inbox::new(), Vec::new());
        for piece in bytes.chunks(size) {
            let mut piece = piece;
            while !piece.is_empty() {
                assert_eq!(inbox.fill(&mut piece).ok(), Some(true));
                while let Ok(Some(message)) = inbox.next(true) {
                    assert!(message.iter().all(|byte| *byte == message.len() as u8));
                    lengths.push(message.len());
                }
            }
        }
        lengths
    }

    fn frames(lengths: &[usize]) -> Vec<u8> {
        let frame = |length: &usize| {
            [&(*length as u32).to_le_bytes()[..], &vec![*length as u8; *length]].concat()
        };
        lengths.iter().flat_map(frame).collect()
    }

    #[test]
    fn messages_are_found_wherever_they_are_cut() {
        let sent = [1, 0, 300, BUFFER, 3, MAX_MESSAGE, 0, 7, BUFFER - LENGTH_BYTES, 2];
        let bytes = frames(&sent);
        for size in [1, 2, 3, 5, 1000, BUFFER - 1, BUFFER, BUFFER + 1, bytes.len()] {
            assert_eq!(lengths(&bytes, size), sent, "in pieces of {size}");
        }
    }

    #[test]
    fn the_buffer_shrinks_after_a_long_message() {
        let mut inbox = Inbox::new();
        let bytes = frames(&[MAX_MESSAGE, 5]);
        let mut left = &bytes[..];
        let mut longest = 0;
        while !left.is_empty() {
            assert_eq!(inbox.fill(&mut left).ok(), Some(true));
            longest = longest.max(inbox.bytes.capacity());
            while let Ok(Some(_)) = inbox.next(true) {}
        }
        let mut more = &frames(&[5])[..];
        assert_eq!(inbox.fill(&mut more).ok(), Some(true));
        assert_eq!((longest, inbox.bytes.capacity()), (MAX_MESSAGE + LENGTH_BYTES, BUFFER));
    }

    #[test]
    fn a_message_that_is_too_long_is_refused_by_its_length() {
        for (length, may_be_long) in
            [(MAX_MESSAGE + 1, true), (u32::MAX as usize, true), (BUFFER, false)]
        {
            let mut inbox = Inbox::new();
            let bytes = (length as u32).to_le_bytes();
            assert_eq!(inbox.fill(&bytes[..]).ok(), Some(true));
            assert_eq!(inbox.next(may_be_long), Err(TooLong));
        }
    }
}
