//! Which domain and which epoch a new state of a record is sealed under.

use std::sync::Arc;

use super::{Domains, Engine};
use crate::keyring::Domain;
use crate::seal::Epoch;
use crate::{Error, Result};

impl Engine {
    /// The domain of new tokens. Busy if it has to be made, which [`Engine::wait_for_room`] does.
    pub(super) fn own_domain(&self) -> Result<Arc<Domain>> {
        self.domains.load().own.clone().ok_or(Error::Busy)
    }

    /// Makes the domain of the newest secret if there is none, and makes it durable.
    pub(super) fn make_own_domain(&self) -> Result<()> {
        let mut keyring = self.keyring.lock();
        let domains = self.domains.load_full();
        let (None, Some(newest)) = (&domains.own, self.options.secrets.first()) else {
            return Ok(());
        };
        self.check_writable()?;
        let mut extended = keyring.clone();
        let domain = extended.add_domain(newest, self.options.seams.clock.wall())?;
        extended.save(&self.options).map_err(|error| self.fail(error))?;
        *keyring = extended;
        let all = domains.all.iter().cloned().chain([domain.clone()]).collect();
        self.domains.store(Arc::new(Domains { all, own: Some(domain) }));
        Ok(())
    }

    /// An epoch of the domain and a nonce that was never used under its key.
    pub(super) fn next_seal(&self, domain: &Domain) -> Result<(Arc<Epoch>, u64)> {
        let usable = |epoch: &Arc<Epoch>| {
            let nonce = epoch.next_nonce(self.options.seams.epoch_seals)?;
            Some((epoch.clone(), nonce))
        };
        let current = |epochs: &[Arc<Epoch>]| {
            epochs.iter().find(|epoch| epoch.row.domain == domain.id).and_then(usable)
        };
        if let Some(sealing) = current(&self.sealing.load()) {
            return Ok(sealing);
        }
        let _making = self.epoch_making.lock();
        if let Some(sealing) = current(&self.sealing.load()) {
            return Ok(sealing);
        }
        let epoch = self.make_epoch(domain)?;
        usable(&epoch).ok_or(Error::Randomness)
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
