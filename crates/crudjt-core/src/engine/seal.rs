//! The domain and the epoch under which a record's new state is sealed.

use std::sync::{Arc, OnceLock};

use super::Engine;
use crate::crypto::Epoch;
use crate::crypto::keyring::{Domain, Unlocked};
use crate::{Error, Result};

/// The open domains. Every call looks at them, so they are neither locked nor counted: at most one
/// is added while the store is open.
pub(super) struct Domains {
    found: Vec<Arc<Domain>>,
    /// The domain of new tokens, if it was found; otherwise the first write adds it.
    own: Option<Arc<Domain>>,
    /// Those that were found, followed by the one that was added.
    extended: OnceLock<Vec<Arc<Domain>>>,
}

impl Domains {
    pub(super) fn new(unlocked: Unlocked) -> Domains {
        Domains { found: unlocked.domains, own: unlocked.own, extended: OnceLock::new() }
    }

    pub(super) fn all(&self) -> &[Arc<Domain>] {
        self.extended.get().unwrap_or(&self.found)
    }

    pub(super) fn own(&self) -> Option<&Arc<Domain>> {
        self.own.as_ref().or_else(|| self.extended.get()?.last())
    }

    /// Adds the domain of new tokens; only the first call does.
    fn extend(&self, added: Arc<Domain>) {
        self.extended.get_or_init(|| self.found.iter().cloned().chain([added]).collect());
    }
}

impl Engine {
    /// Creates the domain of the newest secret durably, if there is none.
    pub(super) fn make_own_domain(&self) -> Result<()> {
        let mut keyring = self.keyring.lock();
        let (None, Some(newest)) = (self.domains.own(), self.options.secrets.first()) else {
            return Ok(());
        };
        self.check_writable()?;
        let mut extended = keyring.clone();
        let domain = extended.add_domain(newest, self.options.environment.clock.wall())?;
        // No record is sealed in the domain before it is saved, so this can be tried again.
        extended.save(self.options.folder())?;
        *keyring = extended;
        self.domains.extend(domain);
        Ok(())
    }

    /// Calls `work` with an epoch of the domain and a nonce that was never used under its key. The
    /// epoch is borrowed: contended reference counting would cost more than the rest.
    pub(super) fn seal<T>(
        &self,
        domain: &Domain,
        work: impl FnOnce(&Epoch, u64) -> Result<T>,
    ) -> Result<T> {
        let other;
        let (epoch, nonce) = match self.usable(self.first_epoch.get(), domain) {
            Some(found) => found,
            None => {
                other = self.other_epoch(domain)?;
                (&other.0, other.1)
            }
        };
        // The only call, so that it is inlined.
        work(epoch, nonce)
    }

    /// An epoch, drawn if there is none, with a nonce.
    fn other_epoch(&self, domain: &Domain) -> Result<(Arc<Epoch>, u64)> {
        let found = || {
            let epochs = self.sealing.load();
            self.usable(epochs.iter(), domain).map(|(epoch, nonce)| (epoch.clone(), nonce))
        };
        if let Some(found) = found() {
            return Ok(found);
        }
        let _making = self.epoch_making.lock();
        // Another thread may just have drawn it.
        if let Some(found) = found() {
            return Ok(found);
        }
        let epoch = self.make_epoch(domain)?;
        let nonce =
            epoch.next_nonce(self.options.environment.epoch_seals).ok_or(Error::Randomness)?;
        Ok((epoch, nonce))
    }

    fn usable<'e>(
        &self,
        epochs: impl IntoIterator<Item = &'e Arc<Epoch>>,
        domain: &Domain,
    ) -> Option<(&'e Arc<Epoch>, u64)> {
        let epoch = epochs.into_iter().find(|epoch| epoch.row.domain == domain.id)?;
        Some((epoch, epoch.next_nonce(self.options.environment.epoch_seals)?))
    }

    fn make_epoch(&self, domain: &Domain) -> Result<Arc<Epoch>> {
        let epoch = self.epochs.draw(domain)?;
        self.append_epoch(&epoch.row)?;
        self.epochs.publish(&epoch);
        let others = self.sealing.load_full();
        let others = others.iter().filter(|other| other.row.domain != domain.id).cloned();
        self.sealing.store(Arc::new(others.chain([epoch.clone()]).collect()));
        // Has no effect for later ones.
        let _ = self.first_epoch.set(epoch.clone());
        Ok(epoch)
    }
}
