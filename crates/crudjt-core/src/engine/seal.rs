//! Which domain and which epoch a new state of a record is sealed under.

use std::sync::Arc;

use super::Engine;
use crate::crypto::Epoch;
use crate::crypto::keyring::Domain;
use crate::{Error, Result};

impl Engine {
    /// Makes the domain of the newest secret if there is none, and makes it durable.
    pub(super) fn make_own_domain(&self) -> Result<()> {
        let mut keyring = self.keyring.lock();
        let (None, Some(newest)) = (self.domains.own(), self.options.secrets.first()) else {
            return Ok(());
        };
        self.check_writable()?;
        let mut extended = keyring.clone();
        let domain = extended.add_domain(newest, self.options.environment.clock.wall())?;
        extended.save(self.options.folder()).map_err(|error| self.fail(error))?;
        *keyring = extended;
        self.domains.extend(domain);
        Ok(())
    }

    /// Has something sealed under an epoch of the domain, with a nonce that was never used under its
    /// key. Lends the epoch: counting who holds it would cost threads more than the rest.
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
        // Called in one place: it is compiled into each of them.
        work(epoch, nonce)
    }

    /// An epoch that is made if there is none, with a nonce.
    fn other_epoch(&self, domain: &Domain) -> Result<(Arc<Epoch>, u64)> {
        let found = || {
            let epochs = self.sealing.load();
            self.usable(epochs.iter(), domain).map(|(epoch, nonce)| (epoch.clone(), nonce))
        };
        if let Some(found) = found() {
            return Ok(found);
        }
        let _making = self.epoch_making.lock();
        // Somebody else may just have made it.
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
        // Only the first one is kept there.
        let _ = self.first_epoch.set(epoch.clone());
        Ok(epoch)
    }
}
