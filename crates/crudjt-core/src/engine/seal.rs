//! Which domain and which epoch a new state of a record is sealed under.

use std::sync::Arc;

use super::Engine;
use crate::keyring::Domain;
use crate::seal::Epoch;
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
        let domain = extended.add_domain(newest, self.options.seams.clock.wall())?;
        extended.save(&self.options).map_err(|error| self.fail(error))?;
        *keyring = extended;
        // Made once: whoever makes it holds the keyring.
        let _ = self.domains.made.set(domain);
        Ok(())
    }

    /// Has something sealed under an epoch of the domain, with a nonce that was never used under its
    /// key. Lends the epoch: counting who holds it would cost threads more than the rest.
    pub(super) fn seal<T>(
        &self,
        domain: &Domain,
        work: impl FnOnce(&Epoch, u64) -> Result<T>,
    ) -> Result<T> {
        let epochs = self.sealing.load();
        let fresh;
        let (epoch, nonce) = match self.usable(&epochs, domain) {
            Some(found) => found,
            None => {
                fresh = self.fresh(domain)?;
                (&fresh.0, fresh.1)
            }
        };
        // Called in one place: it is compiled into each of them.
        work(epoch, nonce)
    }

    /// An epoch that has to be made, unless somebody else has just done so, with a nonce.
    fn fresh(&self, domain: &Domain) -> Result<(Arc<Epoch>, u64)> {
        let _making = self.epoch_making.lock();
        if let Some((epoch, nonce)) = self.usable(&self.sealing.load(), domain) {
            return Ok((epoch.clone(), nonce));
        }
        let epoch = self.make_epoch(domain)?;
        let nonce = epoch.next_nonce(self.options.seams.epoch_seals).ok_or(Error::Randomness)?;
        Ok((epoch, nonce))
    }

    fn usable<'e>(
        &self,
        epochs: &'e [Arc<Epoch>],
        domain: &Domain,
    ) -> Option<(&'e Arc<Epoch>, u64)> {
        let epoch = epochs.iter().find(|epoch| epoch.row.domain == domain.id)?;
        Some((epoch, epoch.next_nonce(self.options.seams.epoch_seals)?))
    }

    fn make_epoch(&self, domain: &Domain) -> Result<Arc<Epoch>> {
        let epoch = self.epochs.draw(domain)?;
        self.append_epoch(&epoch.row)?;
        self.epochs.publish(&epoch);
        let others = self.sealing.load_full();
        let others = others.iter().filter(|other| other.row.domain != domain.id).cloned();
        self.sealing.store(Arc::new(others.chain([epoch.clone()]).collect()));
        Ok(epoch)
    }
}
