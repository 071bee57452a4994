//! The client's side of the proof of the access key.

use crudjt_core::MacKey;
use crudjt_session::{Ended, Settings};

use super::*;

pub const ACCESS_KEY: &[u8] = b"the access key of a test";
pub const CLIENT: &[u8] = b"crudjt client";
pub const MASTER_LABEL: &[u8] = b"crudjt master";

/// The settings of a master with an access key.
pub fn guarded(settings: Settings) -> Settings {
    Settings { access_key: Some(MacKey::new(ACCESS_KEY)), ..settings }
}

/// The first message of a client that can prove the key.
pub fn hello_with(client: u8, nonce: &[u8]) -> Vec<u8> {
    let (mut hello, mut out) = (Vec::new(), Vec::new());
    number_field(&mut hello, 1, 1);
    bytes_field(&mut hello, 2, &[client; 16]);
    bytes_field(&mut hello, 3, nonce);
    bytes_field(&mut out, 1, &hello);
    out
}

/// The message that holds a proof.
pub fn proof_of(mac: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    bytes_field(&mut out, 5, mac);
    out
}

/// One side's proof on a stream.
pub fn mac(key: &[u8], label: &[u8], nonces: [&[u8]; 2], client: u8) -> Vec<u8> {
    let message = [label, nonces[0], nonces[1], &[client; 16]].concat();
    MacKey::new(key).sign(&message).to_vec()
}

impl Connection {
    /// Says who the client is, and has the master's random bytes returned.
    pub fn challenged(&mut self, client: u8, nonce: &[u8]) -> Vec<u8> {
        let sent = self.exchange(&hello_with(client, nonce)).unwrap();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0], Replies { challenge: sent[0].challenge.clone(), ..Replies::default() });
        sent[0].challenge.clone().unwrap()
    }

    /// Says who the client is, proves the key where that is asked for, and has it proved.
    pub fn greet(&mut self, client: u8) -> Result<Welcome, Ended> {
        let nonce = [client.wrapping_add(0x10); 32];
        let mut sent = self.exchange(&hello_with(client, &nonce))?;
        if let Some(challenge) = sent[0].challenge.clone() {
            let nonces = [&nonce[..], &challenge];
            sent = self.exchange(&proof_of(&mac(ACCESS_KEY, CLIENT, nonces, client)))?;
            let proof = mac(ACCESS_KEY, MASTER_LABEL, nonces, client);
            assert_eq!(sent[0].proof, Some(proof));
        }
        assert_eq!(sent.len(), 1);
        Ok(sent[0].welcome.unwrap())
    }
}
