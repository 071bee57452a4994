//! The messages that a session has received, and has not worked off.

use std::collections::VecDeque;

use crate::ended::Ended;
use crate::limits::{FULL_BYTES, FULL_MESSAGES, MAX_QUEUED_BYTES, MAX_QUEUED_MESSAGES};
use crate::protobuf::Reader;

/// Messages that were received, and are not worked off.
#[derive(Default)]
pub(crate) struct Queue {
    /// Each with the offset of what is left of it.
    messages: VecDeque<(Vec<u8>, usize)>,
    bytes: usize,
}

impl Queue {
    pub(crate) fn add(&mut self, message: &[u8]) -> Result<(), Ended> {
        let bytes = self.bytes + message.len();
        if bytes > MAX_QUEUED_BYTES || self.messages.len() >= MAX_QUEUED_MESSAGES {
            return Err(Ended::Overrun);
        }
        self.bytes = bytes;
        self.messages.push_back((message.to_vec(), 0));
        Ok(())
    }

    /// What is left of the first message.
    pub(crate) fn front(&self) -> Option<Reader<'_>> {
        let (message, at) = self.messages.front()?;
        Some(Reader(message.get(*at..).unwrap_or_default()))
    }

    /// Keeps the last bytes of the first message, if any.
    pub(crate) fn keep(&mut self, left: usize) {
        if let Some((message, at)) = self.messages.front_mut() {
            *at = message.len() - left;
            if left == 0 {
                self.bytes -= message.len();
                self.messages.pop_front();
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.messages.len() >= FULL_MESSAGES || self.bytes >= FULL_BYTES
    }
}
