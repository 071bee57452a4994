//! Lists the domains of a keyring, without any key.

use super::store_reader::list;
use crate::crypto::keyring::{DomainId, Keyring, Listed};
use crate::options::Options;
use crate::{Error, Result};

/// A domain of a store: the tokens that were created under one secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyDomain {
    /// Eight hexadecimal digits of its random id: distinguishes it from the store's other domains, and
    /// reveals nothing of any key.
    pub fingerprint: String,
    /// The secrets that unwrap its root key, oldest first.
    pub slots: Vec<KeySlot>,
}

/// A secret that unlocks a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeySlot {
    /// Whether the domain was created for this secret; else the secret replaced an older one.
    pub is_own: bool,
    /// When the store first saw it, in milliseconds since 1970; `None` if unknown.
    pub created: Option<u64>,
    /// Whether it is one of the given secrets.
    pub opens: bool,
}

/// Lists the domains of a store, oldest first, and the secrets that unlock each. Only reads the
/// keyring; a process may have the store open. Of the options only the path and the secrets, which may
/// be none, matter.
///
/// # Errors
/// [`Error::Path`] if there is no store, [`Error::Damaged`] if no copy of the keyring is readable,
/// [`Error::Version`] for one of a newer version.
pub fn keys(options: &Options) -> Result<Vec<KeyDomain>> {
    list(options)?;
    let (keyring, wrong) = Keyring::inspect(options.folder());
    let newer = |error: &Error| matches!(error, Error::Version { .. });
    match (keyring, wrong.into_iter().map(|(_, error)| error).find(newer)) {
        (_, Some(newer)) => Err(newer),
        (Some(keyring), None) => Ok(by_domain(keyring.list(&options.secrets))),
        (None, None) => Err(Error::no_keyring(&options.path)),
    }
}

fn by_domain(listed: Vec<Listed>) -> Vec<KeyDomain> {
    let mut domains: Vec<(DomainId, KeyDomain)> = Vec::new();
    for Listed { domain, is_own, created, opens } in listed {
        let slot = KeySlot { is_own, created: Some(created).filter(|time| *time > 0), opens };
        match domains.iter_mut().find(|(known, _)| *known == domain) {
            Some((_, known)) => known.slots.push(slot),
            None => {
                let fingerprint = fingerprint(&domain);
                domains.push((domain, KeyDomain { fingerprint, slots: vec![slot] }));
            }
        }
    }
    domains.into_iter().map(|(_, domain)| domain).collect()
}

fn fingerprint(domain: &DomainId) -> String {
    domain.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
