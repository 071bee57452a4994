//! What faults of the disk did to the calls of a trial.

use crudjt_core::{Error, Store};

use super::Trial;

/// What went wrong so far.
#[derive(Debug, Clone, Default)]
pub struct FaultLog {
    /// Operations noted before the one that is being done.
    noted: usize,
    /// Whether the store takes no more writes.
    pub latched: bool,
    /// Whether what was acknowledged was written anew after a failed sync.
    pub rewritten: bool,
    pub errors: usize,
}

impl Trial {
    pub(in crate::trial) fn is_latched(&self) -> bool {
        self.faults.as_ref().is_some_and(|faults| faults.latched)
    }

    /// Opens the store; the second attempt, if the disk failed in the first.
    pub(in crate::trial) fn open_over_fault(&mut self) -> Option<Store> {
        self.open_again().or_else(|| self.open_again())
    }

    /// A store was opened: it takes writes.
    pub(in crate::trial) fn note_opening(&mut self) {
        self.faults.iter_mut().for_each(|faults| faults.latched = false);
    }

    pub(in crate::trial) fn begin_act(&mut self) {
        let noted = self.history.noted();
        self.faults.iter_mut().for_each(|faults| faults.noted = noted);
    }

    /// Notes what a call failed with: the store goes on as if it had not been called, or takes no
    /// more writes and nobody knows whether the call did something.
    pub(in crate::trial) fn note_fault(&mut self, what: &str, error: &Error) {
        let typed = ["ERR_CRUDJT_STORAGE", "ERR_CRUDJT_FULL"].contains(&error.code());
        assert!(typed, "{what}: {error}");
        let latched = self.told().contains(&"CRUDJT_FAILED");
        let is_making = matches!(
            error,
            Error::Storage {
                what: "extend its journal" | "map its journal" | "write its keyring",
                ..
            }
        );
        assert!(self.threads || !(is_making && latched), "{what}: {error} was latched");
        let Some(faults) = &mut self.faults else { return };
        faults.errors += 1;
        faults.latched = latched;
        faults.rewritten |= matches!(error, Error::Storage { what: "sync its journal", .. });
        if latched {
            self.history.doubt(faults.noted);
        } else {
            self.history.take_back(faults.noted);
        }
    }
}
