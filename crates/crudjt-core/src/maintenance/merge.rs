//! Merges the rows of the B-tree with the later states in the journal, both by ascending id, and
//! compares the records with what the other tables say of them.

use std::collections::HashMap;
use std::collections::btree_map::IntoIter;
use std::iter::Peekable;
use std::path::Path;

use super::finding::{FindingKind, Findings};
use super::journal_states::JournalState;
use super::progress::ProgressMeter;
use super::record_check::{RecordCheck, Verdict};
use super::row_reader::RowReader;
use super::store_reader::StoreReader;
use crate::Result;
use crate::bytes::{SANE, checksum};
use crate::crypto::EpochRow;
use crate::journal::Inspected;
use crate::record::Header;
use crate::tree::{
    BLOCK_BYTES, Damage, EpochCount, RowVisitor, TableName, TreeFile, expiry_key, id_of,
};

/// Receives every record whose newest state is known, by ascending id.
pub(super) trait RecordVisitor {
    /// A valid record; not certain if a gap in the journal may hide a later change.
    ///
    /// # Errors
    /// They end the run.
    fn record(&mut self, id: u64, record: &[u8], certain: bool) -> Result<()>;
    /// The epochs of all records, before the first of them.
    fn epochs(&mut self, _rows: Vec<EpochRow>) {}
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    /// Records whose newest state is known, including doubtful ones.
    pub(super) records: u64,
    pub(super) doubtful: u64,
    pub(super) expired: u64,
    /// Records that were decrypted with their key.
    pub(super) opened: u64,
    /// Records that the B-tree counts but that are unreadable, and invalid records.
    pub(super) lost: u64,
    /// Whether an unknown number of records is lost besides.
    pub(super) lost_more: bool,
    pub(super) blocks: u64,
    pub(super) segments: u64,
    pub(super) to_replay: u64,
    /// The highest id and the newest time seen.
    pub(super) highest_id: u64,
    pub(super) newest_time: u64,
    /// The sequence behind everything seen.
    pub(super) next: u64,
}

/// A merge on its way.
pub(super) struct Merge<'a, 'p> {
    pub(super) source: &'a StoreReader<'a>,
    pub(super) states: Peekable<IntoIter<u64, JournalState>>,
    pub(super) inspected: Inspected,
    /// The sequence that was applied last.
    pub(super) applied: u64,
    /// Whether the journal is complete after the B-tree's commit.
    pub(super) rows_certain: bool,
    /// Ids above the first and up to the second are unreadable in the B-tree.
    pub(super) lost: Vec<(u64, u64)>,
    pub(super) record_check: RecordCheck,
    pub(super) now: u64,
    pub(super) findings: &'a mut Findings,
    pub(super) meter: &'a mut ProgressMeter<'p>,
    pub(super) visitor: &'a mut dyn RecordVisitor,
    /// Rows of the B-tree that were read.
    pub(super) rows: u64,
    /// Unreadable rows of records that the journal still has.
    pub(super) recovered: u64,
    pub(super) expiries: Digest,
    pub(super) per_epoch: HashMap<u32, u64>,
    pub(super) tally: Tally,
}

impl Merge<'_, '_> {
    /// Visits every record; `epochs` are what the B-tree says of their epochs.
    pub(super) fn run(mut self, epochs: &[EpochCount]) -> Result<Tally> {
        match &self.source.tree {
            Some(tree) => self.walk(tree, epochs)?,
            None => self.tally.lost_more = true,
        }
        self.drain(u64::MAX)?;
        Ok(self.tally)
    }

    fn walk(&mut self, tree: &TreeFile, epochs: &[EpochCount]) -> Result<()> {
        let rows = tree.walk(TableName::Records, self)?;
        self.drain(u64::MAX)?;
        self.tally.lost_more = rows.is_none();
        self.tally.lost += rows.unwrap_or(0).saturating_sub(self.rows + self.recovered);
        let is_whole = self.lost.is_empty();
        let mut expiries = Digest::default();
        let mut reader = RowReader { tree, findings: self.findings, meter: self.meter };
        let expiries_whole = reader.read(TableName::Expiries, &mut |key, _| {
            expiries.add(key);
            Ok(())
        })?;
        reader.read_system()?;
        if is_whole && expiries_whole && expiries != self.expiries {
            let what = "the expiry table does not match the records";
            self.findings.add(FindingKind::Expiry, tree.path(), None, what);
        }
        let is_right = |count: &EpochCount| {
            *self.per_epoch.get(&count.row.number).unwrap_or(&0) == count.records
        };
        if is_whole && !epochs.iter().all(is_right) {
            let what = "the epochs' record counts do not match the records";
            self.findings.add(FindingKind::Epoch, tree.path(), None, what);
        }
        self.tally.blocks = tree.block_count();
        Ok(())
    }

    /// Visits the journal's states of ids below `id`.
    fn drain(&mut self, id: u64) -> Result<()> {
        while let Some((id, state)) = self.states.next_if(|(next, _)| *next < id) {
            self.journal_state(id, &state)?;
        }
        Ok(())
    }

    fn journal_state(&mut self, id: u64, state: &JournalState) -> Result<()> {
        let Some(record) = &state.record else { return Ok(()) };
        // A state that the commit covers counts only where the commit itself is unreadable.
        let is_newer = state.sequence > self.applied || self.source.tree.is_none();
        if !is_newer && !self.is_lost(id) {
            return Ok(());
        }
        let is_first = Header::parse(record).is_some_and(|(header, _)| header.version == 1);
        self.recovered += u64::from(self.is_lost(id) && !(is_newer && is_first));
        let certain = state.sequence >= self.inspected.known_from;
        self.record(id, record, certain, &self.source.options.path)
    }

    fn is_lost(&self, id: u64) -> bool {
        self.lost.iter().any(|(above, up_to)| *above < id && id <= *up_to)
    }

    fn record(&mut self, id: u64, record: &[u8], certain: bool, path: &Path) -> Result<()> {
        let (header, verdict) = self.record_check.check(id, record);
        if let Verdict::Invalid(what) = verdict {
            self.tally.lost += 1;
            self.findings.add(FindingKind::Record, path, Some(id), what);
            return Ok(());
        }
        self.tally.records += 1;
        self.tally.opened += u64::from(verdict == Verdict::Opened);
        self.tally.doubtful += u64::from(!certain);
        self.tally.expired += u64::from(header.is_some_and(|header| header.expired(self.now)));
        self.visitor.record(id, record, certain)
    }

    /// Counts a row for the comparison with the other tables.
    fn count(&mut self, id: u64, record: &[u8]) {
        self.rows += 1;
        if id < SANE {
            self.tally.highest_id = self.tally.highest_id.max(id);
        }
        let Some((header, _)) = Header::parse(record) else { return };
        *self.per_epoch.entry(header.epoch).or_default() += 1;
        if let Some(expiry) = header.sweep_at() {
            self.expiries.add(&expiry_key(expiry, id).to_le_bytes());
        }
    }
}

impl RowVisitor for Merge<'_, '_> {
    fn row(&mut self, key: &[u8], record: &[u8]) -> Result<()> {
        let id = id_of(key);
        self.count(id, record);
        self.drain(id)?;
        match self.states.next_if(|(next, _)| *next == id) {
            Some((_, state)) if state.sequence > self.applied => self.journal_state(id, &state),
            _ => self.record(id, record, self.rows_certain, &self.source.tree_path()),
        }
    }

    fn lost(&mut self, damage: Damage, above: Option<&[u8]>, up_to: Option<&[u8]>) {
        self.lost.push((above.map_or(0, id_of), up_to.map_or(u64::MAX, id_of)));
        self.spared(damage);
    }

    fn spared(&mut self, damage: Damage) {
        self.findings.add_damage(&self.source.tree_path(), damage);
    }

    fn read(&mut self, blocks: u64) {
        self.meter.add(blocks * BLOCK_BYTES);
    }
}

/// Compares two sets of rows regardless of their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Digest {
    rows: u64,
    sum: u64,
}

impl Digest {
    fn add(&mut self, row: &[u8]) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(checksum(row));
    }
}
