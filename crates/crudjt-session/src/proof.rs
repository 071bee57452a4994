//! The proof that both sides have the access key, before anything else is said: each shows the other
//! an HMAC over random bytes of both, so that whoever listens at the master's address learns neither
//! the key nor anything that it could use.
//!
//! ```text
//! client                                        master
//!   Hello {version, client, nonce} ───────────▶
//!   ◀─────────────────────────────── Challenge {nonce}
//!   Requests {proof = HMAC("crudjt client" ‖ both nonces ‖ client)} ─▶
//!   ◀─────────── Welcome {proof = HMAC("crudjt master" ‖ both nonces ‖ client)}
//! ```
//!
//! Invariants: a proof is for one stream, whose nonces are new; the labels differ, so that neither
//! side's proof can be sent back as the other's; the client's comes first, so that a stranger gets
//! nothing by which it could try keys without asking the master each time.

use crudjt_core::{MAC_BYTES, MacKey, random_bytes};

use crate::ended::Ended;
use crate::requests::{Hello, ID_BYTES, NONCE_BYTES};

/// What begins the message under each side's proof.
const CLIENT: &[u8; LABEL_BYTES] = b"crudjt client";
const MASTER: &[u8; LABEL_BYTES] = b"crudjt master";
const LABEL_BYTES: usize = 13;

/// A client that was asked to prove the key.
pub(crate) struct Challenge {
    hello: Hello,
    /// The client's, then the master's.
    nonces: [[u8; NONCE_BYTES]; 2],
}

impl Challenge {
    /// Challenges a client.
    ///
    /// # Errors
    /// [`Ended::Unauthenticated`] if it is not prepared to prove anything; [`Ended::Failed`] if the
    /// system has no random bytes.
    pub(crate) fn new(hello: Hello) -> Result<Challenge, Ended> {
        let client = hello.nonce.ok_or(Ended::Unauthenticated)?;
        let master = random_bytes().map_err(|_| Ended::Failed)?;
        Ok(Challenge { hello, nonces: [client, master] })
    }

    /// The master's random bytes.
    pub(crate) fn nonce(&self) -> &[u8; NONCE_BYTES] {
        &self.nonces[1]
    }

    /// What the client has said.
    pub(crate) fn hello(&self) -> Hello {
        self.hello
    }

    /// Whether the client has the key.
    pub(crate) fn is_met(&self, key: &MacKey, proof: &[u8]) -> bool {
        key.verifies(&self.message(CLIENT), proof)
    }

    /// The master's proof.
    pub(crate) fn answer(&self, key: &MacKey) -> [u8; MAC_BYTES] {
        key.sign(&self.message(MASTER))
    }

    /// What a side signs. All parts have fixed lengths.
    fn message(&self, label: &[u8; LABEL_BYTES]) -> Vec<u8> {
        let [client, master] = &self.nonces;
        let id: &[u8; ID_BYTES] = &self.hello.client;
        [&label[..], client, master, id].concat()
    }
}
