//! The keyring: a small file whose slots hold the root keys of the store's domains, each wrapped
//! under a key derived from a secret. Secrets open slots; they never encrypt a record.
//!
//! Invariants: the file has two copies, each replaced atomically; slots are only added, never
//! changed; a domain's root key is on the medium before anything is sealed under it.

mod domain;
mod file;
mod slot;

use std::sync::Arc;

pub(crate) use domain::{Domain, DomainId};
pub(crate) use file::{KEYRING_FILES, StoreId, is_own_file};
use slot::{Role, Slot};

use crate::crypto::random::random;
use crate::crypto::secret::Secret;
use crate::platform::storage::{Folder, Mode};
use crate::{Error, Result};

/// A store's keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keyring {
    pub(crate) store: StoreId,
    generation: u64,
    slots: Vec<Slot>,
}

/// The domains that the given secrets open.
pub(crate) struct Unlocked {
    /// All of them.
    pub(crate) domains: Vec<Arc<Domain>>,
    /// The one created for the newest secret. New tokens belong to it.
    pub(crate) own: Option<Arc<Domain>>,
}

/// The public part of a slot.
pub(crate) struct Listed {
    pub(crate) domain: DomainId,
    /// Whether the domain was created for the slot's secret.
    pub(crate) is_own: bool,
    /// Milliseconds since 1970; 0 if unknown.
    pub(crate) created: u64,
    /// Whether one of the secrets opens it.
    pub(crate) opens: bool,
}

impl Keyring {
    /// Creates a keyring with a random store id and no slots.
    pub(crate) fn new() -> Result<Keyring> {
        Ok(Keyring { store: random()?, generation: 0, slots: Vec::new() })
    }

    /// Reads the keyring of a store; `None` if there is none. A missing or damaged copy is restored
    /// from the other one, which `on_repair` is told.
    pub(crate) fn load(folder: Folder<'_>, on_repair: impl FnOnce()) -> Result<Option<Keyring>> {
        let [first, second] = KEYRING_FILES.map(|name| file::read(folder, name, Mode::Existing));
        let (first, second) = (file::refuse_newer(first)?, file::refuse_newer(second)?);
        let same =
            first.as_ref().is_ok_and(|first| second.as_ref().is_ok_and(|second| first == second));
        let best = match (first, second) {
            (Ok(first), Ok(second)) => {
                first.into_iter().chain(second).max_by_key(|keyring| keyring.generation)
            }
            (Ok(Some(good)), Err(_)) | (Err(_), Ok(Some(good))) => Some(good),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        if let (Some(keyring), false) = (&best, same) {
            keyring.write(folder)?;
            on_repair();
        }
        Ok(best)
    }

    /// Reads the keyring of a store without repairing it: the newest readable copy, and what is
    /// wrong with the others.
    pub(crate) fn inspect(folder: Folder<'_>) -> (Option<Keyring>, Vec<(&'static str, Error)>) {
        let mut wrong = Vec::new();
        let mut copies = Vec::new();
        for name in KEYRING_FILES {
            let missing = || Error::damaged(&folder.path.join(name), "the file is missing");
            match file::read(folder, name, Mode::Read) {
                Ok(Some(keyring)) => copies.push(keyring),
                Ok(None) => wrong.push((name, missing())),
                Err(error) => wrong.push((name, error)),
            }
        }
        (copies.into_iter().max_by_key(|keyring| keyring.generation), wrong)
    }

    /// Every slot in order of creation, and whether one of the secrets opens it.
    pub(crate) fn list(&self, secrets: &[Secret]) -> Vec<Listed> {
        let opens = |slot: &Slot| {
            let mut domains = secrets.iter().map(|secret| slot.unwrap(self.store, secret));
            domains.any(|domain| domain.is_some())
        };
        let listed = |slot: &Slot| Listed {
            domain: slot.domain,
            is_own: slot.role == Role::Own,
            created: slot.created,
            opens: opens(slot),
        };
        self.slots.iter().map(listed).collect()
    }

    /// Whether the keyring has a slot of a domain, whether or not a secret opens it.
    pub(crate) fn has(&self, domain: DomainId) -> bool {
        self.slots.iter().any(|slot| slot.domain == domain)
    }

    /// Makes the keyring durable, as a new generation.
    pub(crate) fn save(&mut self, folder: Folder<'_>) -> Result<()> {
        self.generation += 1;
        sabotage!(SlotsDroppedFirst, {
            Keyring { slots: Vec::new(), ..self.clone() }.write(folder)?;
            self.generation += 1;
        });
        self.write(folder)
    }

    /// Writes both copies as they are.
    pub(crate) fn write(&self, folder: Folder<'_>) -> Result<()> {
        let bytes = self.to_bytes();
        for name in KEYRING_FILES {
            folder.replace(name, &bytes).map_err(|error| {
                Error::storage(&folder.path.join(name), "write its keyring", error)
            })?;
        }
        Ok(())
    }

    /// Opens every domain that one of the secrets unwraps.
    pub(crate) fn unlock(&self, secrets: &[Secret]) -> Unlocked {
        let mut unlocked = Unlocked { domains: Vec::new(), own: None };
        for slot in &self.slots {
            for (age, secret) in secrets.iter().enumerate() {
                let Some(domain) = slot.unwrap(self.store, secret) else { continue };
                let domain = unlocked.keep(domain);
                if age == 0 && slot.role == Role::Own {
                    unlocked.own = Some(domain);
                }
            }
        }
        unlocked
    }

    /// Wraps every open domain under the newest secret too, so that the older secrets can be
    /// retired. True if slots were added: the keyring must then be saved. `now` is in milliseconds
    /// since 1970.
    pub(crate) fn carry(&mut self, unlocked: &Unlocked, newest: &Secret, now: u64) -> Result<bool> {
        let reached: Vec<DomainId> = self
            .unlock(std::slice::from_ref(newest))
            .domains
            .iter()
            .map(|domain| domain.id)
            .collect();
        let missing = unlocked.domains.iter().filter(|domain| !reached.contains(&domain.id));
        let before = self.slots.len();
        for domain in missing {
            self.slots.push(Slot::wrap(self.store, domain, newest, Role::Carried, now)?);
        }
        Ok(self.slots.len() > before)
    }

    /// Creates the domain of the newest secret. The keyring must be saved before it is used.
    pub(crate) fn add_domain(&mut self, newest: &Secret, now: u64) -> Result<Arc<Domain>> {
        let domain = Domain::new(random()?, &random()?).ok_or(Error::Randomness)?;
        sabotage!(DomainsReplaced, self.slots.clear());
        self.slots.push(Slot::wrap(self.store, &domain, newest, Role::Own, now)?);
        Ok(Arc::new(domain))
    }
}

impl Unlocked {
    /// Adds a domain unless it is there; returns the one that is.
    fn keep(&mut self, domain: Domain) -> Arc<Domain> {
        if let Some(known) = self.domains.iter().find(|known| known.id == domain.id) {
            return known.clone();
        }
        let domain = Arc::new(domain);
        self.domains.push(domain.clone());
        domain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::storage::Storage;
    use crate::platform::storage::sim::SimDisk;
    use std::path::Path;

    fn secret(byte: u8) -> Secret {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode([byte; 32]);
        Secret::from_base64(&text).expect("a secret")
    }

    fn folder(disk: &SimDisk) -> Folder<'_> {
        Folder { storage: disk, path: Path::new("/store") }
    }

    fn load(disk: &SimDisk) -> Result<Option<Keyring>> {
        Keyring::load(folder(disk), || ())
    }

    fn saved(disk: &SimDisk) -> Keyring {
        let mut keyring = Keyring::new().expect("a keyring");
        keyring.add_domain(&secret(1), 7).expect("a domain");
        keyring.save(folder(disk)).expect("saved");
        keyring
    }

    #[test]
    fn a_keyring_round_trips_through_its_bytes() {
        let mut keyring = Keyring::new().expect("a keyring");
        for byte in 0..5 {
            let parsed = Keyring::parse(Path::new("keyring"), &keyring.to_bytes()).expect("parsed");
            assert_eq!(parsed, keyring);
            keyring.add_domain(&secret(byte + 1), u64::from(byte)).expect("a domain");
        }
    }

    #[test]
    fn another_secret_opens_nothing_and_the_right_one_still_does() {
        let keyring = saved(&SimDisk::new(true));
        assert!(keyring.unlock(&[secret(2)]).domains.is_empty());
        let unlocked = keyring.unlock(&[secret(1)]);
        assert!(unlocked.own.is_some() && unlocked.domains.len() == 1);
    }

    #[test]
    fn a_carried_domain_opens_with_the_new_secret_alone_but_is_not_its_own() {
        let mut keyring = saved(&SimDisk::new(true));
        let both = keyring.unlock(&[secret(2), secret(1)]);
        assert!(keyring.carry(&both, &secret(2), 8).expect("carried"));
        assert!(!keyring.carry(&both, &secret(2), 8).expect("already carried"));
        let unlocked = keyring.unlock(&[secret(2)]);
        assert!(unlocked.own.is_none());
        assert_eq!(
            unlocked.domains.iter().map(|domain| domain.id).collect::<Vec<_>>(),
            vec![both.domains[0].id]
        );
    }

    #[test]
    fn every_damaged_byte_of_one_copy_is_mended_from_the_other() {
        let disk = SimDisk::new(true);
        let keyring = saved(&disk);
        for name in KEYRING_FILES {
            let path = folder(&disk).path.join(name);
            for at in 0..keyring.to_bytes().len() {
                disk.edit(&path, |bytes| bytes[at] ^= 0x41);
                assert_eq!(load(&disk).expect("loaded"), Some(keyring.clone()));
                assert_eq!(load(&disk).expect("mended"), Some(keyring.clone()));
            }
            disk.remove(&path).expect("removed");
            assert_eq!(load(&disk).expect("loaded"), Some(keyring.clone()));
        }
    }

    #[test]
    fn two_damaged_copies_are_an_error() {
        let disk = SimDisk::new(true);
        saved(&disk);
        for name in KEYRING_FILES {
            disk.edit(&folder(&disk).path.join(name), |bytes| bytes.truncate(30));
        }
        assert_eq!(load(&disk).expect_err("damaged").code(), "ERR_CRUDJT_DAMAGED");
    }

    #[test]
    fn a_newer_keyring_is_refused_by_name() {
        let disk = SimDisk::new(true);
        saved(&disk);
        let path = folder(&disk).path.join(KEYRING_FILES[0]);
        disk.edit(&path, |bytes| {
            bytes[8] = 9;
            let body = bytes.len() - 8;
            let sum = crate::bytes::checksum(&bytes[..body]);
            bytes[body..].copy_from_slice(&sum.to_le_bytes());
        });
        assert_eq!(load(&disk).expect_err("newer").code(), "ERR_CRUDJT_VERSION");
    }
}
