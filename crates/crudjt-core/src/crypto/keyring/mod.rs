//! The keyring: a small file whose slots hold the root keys of the store's domains, each wrapped
//! under a key derived from a secret. Secrets open slots; they encrypt no record themselves.
//!
//! Invariants: the file is kept in two copies and replaced whole; a slot is never changed, only
//! added; a domain's root key exists on the medium before anything is sealed under it.

mod domain;
mod file;
mod slot;

use std::sync::Arc;

pub(crate) use domain::{Domain, DomainId};
pub(crate) use file::{KEYRING_FILES, StoreId, is_own_file};
use slot::{Role, Slot};

use crate::crypto::random::random;
use crate::crypto::secret::Secret;
use crate::event::Event;
use crate::options::Options;
use crate::platform::storage::Mode;
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
    /// The one made for the newest secret, where new tokens belong.
    pub(crate) own: Option<Arc<Domain>>,
}

/// What can be told of a slot.
pub(crate) struct Listed {
    pub(crate) domain: DomainId,
    /// Whether the domain was made for the slot's secret.
    pub(crate) is_own: bool,
    /// Milliseconds since 1970; 0 where nobody noted it.
    pub(crate) created: u64,
    /// Whether one of the secrets opens it.
    pub(crate) opens: bool,
}

impl Keyring {
    /// A new one, with a random store id and no slots.
    pub(crate) fn new() -> Result<Keyring> {
        Ok(Keyring { store: random()?, generation: 0, slots: Vec::new() })
    }

    /// Reads the store's keyring, mending one copy from the other; `None` where there is none.
    pub(crate) fn load(options: &Options) -> Result<Option<Keyring>> {
        let storage = options.environment.storage.as_ref();
        let [first, second] =
            KEYRING_FILES.map(|name| file::read(storage, &options.path.join(name), Mode::Existing));
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
            keyring.write(options)?;
            options.tell(Event::KeyringRepaired { path: options.path.clone() });
        }
        Ok(best)
    }

    /// Reads the store's keyring without mending it: the newest copy that can be read, and what is
    /// wrong with the others.
    pub(crate) fn inspect(options: &Options) -> (Option<Keyring>, Vec<(&'static str, Error)>) {
        let mut wrong = Vec::new();
        let mut copies = Vec::new();
        for name in KEYRING_FILES {
            let path = options.path.join(name);
            match file::read(options.environment.storage.as_ref(), &path, Mode::Read) {
                Ok(Some(keyring)) => copies.push(keyring),
                Ok(None) => wrong.push((name, Error::damaged(&path, "the file is missing"))),
                Err(error) => wrong.push((name, error)),
            }
        }
        (copies.into_iter().max_by_key(|keyring| keyring.generation), wrong)
    }

    /// Every slot in the order in which they were made, and whether one of the secrets opens it.
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

    /// Whether a domain is in it, open or not.
    pub(crate) fn has(&self, domain: DomainId) -> bool {
        self.slots.iter().any(|slot| slot.domain == domain)
    }

    /// Writes it into another folder, as it is.
    pub(crate) fn copy_to(&self, options: &Options) -> Result<()> {
        self.write(options)
    }

    /// Makes the keyring durable, as a new generation.
    pub(crate) fn save(&mut self, options: &Options) -> Result<()> {
        self.generation += 1;
        sabotage!(SlotsDroppedFirst, {
            Keyring { slots: Vec::new(), ..self.clone() }.write(options)?;
            self.generation += 1;
        });
        self.write(options)
    }

    fn write(&self, options: &Options) -> Result<()> {
        let bytes = self.to_bytes();
        for name in KEYRING_FILES {
            let path = options.path.join(name);
            crate::platform::storage::replace(options.environment.storage.as_ref(), &path, &bytes)
                .map_err(|error| Error::storage(&path, "write its keyring", error))?;
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

    /// Wraps every open domain under the newest secret too, so that the older ones can be dropped.
    /// True if a slot was added, which is to be saved. `now` is in milliseconds since 1970.
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

    /// Makes the domain of the newest secret; to be saved before it is used.
    pub(crate) fn add_domain(&mut self, newest: &Secret, now: u64) -> Result<Arc<Domain>> {
        let domain = Domain::new(random()?, &random()?).ok_or(Error::Randomness)?;
        sabotage!(DomainsReplaced, self.slots.clear());
        self.slots.push(Slot::wrap(self.store, &domain, newest, Role::Own, now)?);
        Ok(Arc::new(domain))
    }
}

impl Unlocked {
    /// Adds a domain if it is not there; gives the one that is.
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
    use crate::options::Environment;
    use crate::platform::storage::Storage;
    use crate::platform::storage::sim::SimDisk;
    use std::path::Path;

    fn secret(byte: u8) -> Secret {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode([byte; 32]);
        Secret::from_base64(&text).expect("a secret")
    }

    fn options(disk: &SimDisk) -> Options {
        let environment = Environment { storage: Arc::new(disk.clone()), ..Environment::default() };
        Options { environment, ..Options::new("/store", vec![secret(1)]) }
    }

    fn saved(disk: &SimDisk) -> Keyring {
        let mut keyring = Keyring::new().expect("a keyring");
        keyring.add_domain(&secret(1), 7).expect("a domain");
        keyring.save(&options(disk)).expect("saved");
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
        let options = options(&disk);
        for name in KEYRING_FILES {
            let path = options.path.join(name);
            for at in 0..keyring.to_bytes().len() {
                disk.edit(&path, |bytes| bytes[at] ^= 0x41);
                assert_eq!(Keyring::load(&options).expect("loaded"), Some(keyring.clone()));
                assert_eq!(Keyring::load(&options).expect("mended"), Some(keyring.clone()));
            }
            disk.remove(&path).expect("removed");
            assert_eq!(Keyring::load(&options).expect("loaded"), Some(keyring.clone()));
        }
    }

    #[test]
    fn two_damaged_copies_are_an_error() {
        let disk = SimDisk::new(true);
        saved(&disk);
        let options = options(&disk);
        for name in KEYRING_FILES {
            disk.edit(&options.path.join(name), |bytes| bytes.truncate(30));
        }
        assert_eq!(Keyring::load(&options).expect_err("damaged").code(), "ERR_CRUDJT_DAMAGED");
    }

    #[test]
    fn a_newer_keyring_is_refused_by_name() {
        let disk = SimDisk::new(true);
        saved(&disk);
        let options = options(&disk);
        let path = options.path.join(KEYRING_FILES[0]);
        disk.edit(&path, |bytes| {
            bytes[8] = 9;
            let body = bytes.len() - 8;
            let sum = crate::bytes::checksum(&bytes[..body]);
            bytes[body..].copy_from_slice(&sum.to_le_bytes());
        });
        assert_eq!(Keyring::load(&options).expect_err("newer").code(), "ERR_CRUDJT_VERSION");
    }
}
