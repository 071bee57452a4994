//! Writes what a master sends: the messages and fields of `Replies`.

use crudjt_core::{MAC_BYTES, Meta, Token};

use crate::protobuf::{begin_nested, end_nested, put_delimited, put_fixed64, put_uint};
use crate::refusal::Refusal;
use crate::requests::{ID_BYTES, NONCE_BYTES};

/// The newest version of the protocol, the oldest one so far.
const VERSION: u64 = 1;

/// The master's first message, or the second one after a challenge.
pub(crate) struct Welcome<'a> {
    /// The client's newest version.
    pub(crate) version: u64,
    pub(crate) master: &'a [u8; ID_BYTES],
    pub(crate) resumed: bool,
    pub(crate) max_data_size: usize,
    /// The master's proof of the access key, where the client had to prove it.
    pub(crate) proof: Option<[u8; MAC_BYTES]>,
}

/// Appends `Welcome`.
pub(crate) fn put_welcome(out: &mut Vec<u8>, welcome: &Welcome<'_>) {
    let start = begin_nested(out, 1);
    put_uint(out, 1, welcome.version.min(VERSION));
    put_delimited(out, 2, welcome.master);
    if welcome.resumed {
        put_uint(out, 3, 1);
    }
    put_uint(out, 4, welcome.max_data_size as u64);
    if let Some(proof) = &welcome.proof {
        put_delimited(out, 5, proof);
    }
    end_nested(out, start);
}

/// Appends `Challenge`, which asks the client to prove the access key.
pub(crate) fn put_challenge(out: &mut Vec<u8>, nonce: &[u8; NONCE_BYTES]) {
    let start = begin_nested(out, 5);
    put_delimited(out, 1, nonce);
    end_nested(out, start);
}

/// Appends `Goodbye`: operations beyond `taken` were not started.
pub(crate) fn put_goodbye(out: &mut Vec<u8>, taken: u64) {
    let start = begin_nested(out, 3);
    put_uint(out, 1, taken);
    end_nested(out, start);
}

/// Appends `taken`, the highest number that was started; it comes first in a message of replies.
pub(crate) fn put_taken(out: &mut Vec<u8>, taken: u64) {
    put_fixed64(out, 4, taken);
}

/// One reply that is being appended.
pub(crate) struct Reply<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Reply<'a> {
    pub(crate) fn begin(out: &'a mut Vec<u8>, number: u64) -> Reply<'a> {
        let start = begin_nested(out, 2);
        put_uint(out, 1, number);
        Reply { out, start }
    }

    /// The reply to a read of nothing, and to a flush.
    pub(crate) fn empty(self) {
        end_nested(self.out, self.start);
    }

    pub(crate) fn token(self, token: &Token) {
        put_delimited(self.out, 2, token.as_bytes());
        self.empty();
    }

    pub(crate) fn result(self, result: bool) {
        if result {
            put_uint(self.out, 3, 1);
        }
        self.empty();
    }

    pub(crate) fn data(self, data: &[u8], meta: &Meta) {
        put_delimited(self.out, 4, data);
        if let Some(ttl) = meta.ttl {
            put_uint(self.out, 5, ttl);
        }
        if let Some(reads) = meta.reads {
            put_uint(self.out, 6, reads);
        }
        self.empty();
    }

    pub(crate) fn error(self, Refusal { code, text }: &Refusal) {
        let start = begin_nested(self.out, 7);
        put_delimited(self.out, 1, code.as_bytes());
        put_delimited(self.out, 2, text.as_bytes());
        end_nested(self.out, start);
        self.empty();
    }

    pub(crate) fn counters(self, counters: &[(&str, f64)]) {
        for (name, value) in counters {
            let start = begin_nested(self.out, 8);
            put_delimited(self.out, 1, name.as_bytes());
            put_fixed64(self.out, 2, value.to_bits());
            end_nested(self.out, start);
        }
        self.empty();
    }

    pub(crate) fn folder(self, folder: &str) {
        put_delimited(self.out, 9, folder.as_bytes());
        self.empty();
    }
}
