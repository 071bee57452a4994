//! The newest readable state of each id in the journal, in memory. Takes no more memory than the
//! journal has bytes.

use std::collections::BTreeMap;
use std::path::Path;

use super::finding::{FindingKind, Findings};
use super::progress::ProgressMeter;
use crate::crypto::EpochRow;
use crate::journal::{Change, EntryVisitor};

/// The newest state of an id in the journal.
pub(super) struct JournalState {
    pub(super) sequence: u64,
    /// `None` for a tombstone.
    pub(super) record: Option<Box<[u8]>>,
}

/// Collects the journal's entries.
pub(super) struct JournalStates<'a, 'p> {
    pub(super) states: BTreeMap<u64, JournalState>,
    pub(super) epochs: Vec<EpochRow>,
    /// Entries after the applied one.
    pub(super) to_replay: u64,
    applied: u64,
    findings: &'a mut Findings,
    meter: &'a mut ProgressMeter<'p>,
}

impl<'a, 'p> JournalStates<'a, 'p> {
    pub(super) fn new(
        applied: u64,
        findings: &'a mut Findings,
        meter: &'a mut ProgressMeter<'p>,
    ) -> JournalStates<'a, 'p> {
        let (states, epochs) = (BTreeMap::new(), Vec::new());
        JournalStates { states, epochs, to_replay: 0, applied, findings, meter }
    }
}

impl EntryVisitor for JournalStates<'_, '_> {
    fn entry(&mut self, sequence: u64, change: Change, record: &[u8]) {
        self.to_replay += u64::from(sequence > self.applied);
        match change {
            Change::Put { id, .. } => {
                let record = Some(record.into());
                self.states.insert(id, JournalState { sequence, record });
            }
            Change::Remove { id } => {
                self.states.insert(id, JournalState { sequence, record: None });
            }
            Change::Epoch(row) => self.epochs.push(row),
        }
    }

    fn wrong(&mut self, file: &Path, sequence: Option<u64>, what: &str) {
        self.findings.add(FindingKind::Journal, file, sequence, what);
    }

    fn read(&mut self, bytes: u64) {
        self.meter.add(bytes);
    }
}
