//! The newest state of every record, as far as a store that may be damaged can still tell: rows of
//! the B-tree in sound blocks, and what the journal says of later changes.
//!
//! *Dead stays dead.* A state is certain only if the journal is known without a hole from it to the
//! end; behind a hole, any older state may be that of a token which was deleted, used up or
//! shortened since. Such states are told apart as doubtful.

use std::collections::HashMap;
use std::collections::btree_map::{BTreeMap, IntoIter};
use std::iter::Peekable;
use std::path::{Path, PathBuf};

use super::finding::{FindingKind, Findings};
use super::journal_states::{JournalState, JournalStates};
use super::progress::ProgressMeter;
use super::record_check::{RecordCheck, Verdict};
use super::store_reader::StoreReader;
use crate::Result;
use crate::bytes::SANE;
use crate::bytes::checksum;
use crate::crypto::EpochRow;
use crate::crypto::keyring::Unlocked;
use crate::journal::{self, Inspected};
use crate::record::Header;
use crate::tree::{
    AppliedMark, BLOCK_BYTES, Damage, RowVisitor, TableName, TreeFile, epoch_in, expiry_key,
    mark_in,
};

/// Gets every record whose newest state is known, by ascending id.
pub(super) trait Taker {
    /// A record that is one; doubtful if a hole in the journal may hide a later change.
    ///
    /// # Errors
    /// Ends the run with them.
    fn take(&mut self, id: u64, record: &[u8], certain: bool) -> Result<()>;
    /// The epochs of all records, before the first of them.
    fn epochs(&mut self, _rows: Vec<EpochRow>) {}
}

/// What was found on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    /// Records whose newest state is known, doubtful ones among them.
    pub(super) records: u64,
    pub(super) doubtful: u64,
    pub(super) expired: u64,
    /// Records that were opened with their key.
    pub(super) opened: u64,
    /// Records that the B-tree says it has but that can't be read, and records that are none.
    pub(super) lost: u64,
    pub(super) blocks: u64,
    pub(super) segments: u64,
    pub(super) to_replay: u64,
    /// The highest id that was seen, and the newest time.
    pub(super) highest_id: u64,
    pub(super) newest_time: u64,
    /// The sequence behind everything that was seen.
    pub(super) next: u64,
}

/// Reads a whole store.
///
/// # Errors
/// Those of the taker, and of listing the folder.
pub(super) fn read_newest(
    source: &StoreReader<'_>,
    unlocked: &Unlocked,
    findings: &mut Findings,
    meter: &mut ProgressMeter<'_>,
    taker: &mut dyn Taker,
) -> Result<Tally> {
    let Some(store) = source.store else { return Ok(Tally::default()) };
    let (mark, mut epochs, copies) = match &source.tree {
        Some(tree) => read_small_tables(tree, findings, meter)?,
        None => (None, Vec::new(), Vec::new()),
    };
    let applied = mark.map(|mark| mark.applied);
    let sequence = applied.map_or(0, |applied| applied.sequence);
    let mut journal_states = JournalStates::new(sequence, findings, meter);
    let inspected = journal::inspect(source.options, store, applied, &mut journal_states)?;
    let (states, declared, to_replay) =
        (journal_states.states, journal_states.epochs, journal_states.to_replay);
    let stored = epochs.len();
    epochs.extend(copies.into_iter().chain(declared).map(|row| (row, 0)));
    let record_check = RecordCheck::new(epochs.iter().map(|(row, _)| *row), unlocked);
    if let Some(keyring) = &source.keyring
        && record_check.strangers(keyring) > 0
    {
        let what = "records are sealed in a domain that the keyring does not have";
        findings.add(FindingKind::Epoch, &source.options.path, None, what);
    }
    taker.epochs(record_check.epochs());
    let highest = states.keys().next_back().copied().unwrap_or(0);
    let newest_time = inspected.newest_time.max(mark.map_or(0, |mark| mark.newest_time));
    let now = newest_time.max(source.options.environment.clock.wall());
    let mut merge =
        Merge::new(source, states, inspected, sequence, record_check, now, findings, meter, taker);
    merge.rows_certain = applied.is_some_and(|applied| inspected.is_whole_after(applied));
    if let Some(tree) = &source.tree {
        merge.walk(tree, epochs.get(..stored).unwrap_or_default())?;
    }
    merge.drain(u64::MAX)?;
    let mut tally = merge.tally;
    tally.segments = inspected.segments;
    tally.to_replay = to_replay;
    tally.next = inspected.next.max(sequence + 1);
    tally.highest_id = tally.highest_id.max(highest).max(mark.map_or(0, |mark| mark.highest_id));
    tally.newest_time = newest_time;
    Ok(tally)
}

/// The applied mark, the epochs with their counts of records, and their copies.
pub(super) type SmallTables = (Option<AppliedMark>, Vec<(EpochRow, u64)>, Vec<EpochRow>);

pub(super) fn read_small_tables(
    tree: &TreeFile,
    findings: &mut Findings,
    meter: &mut ProgressMeter<'_>,
) -> Result<SmallTables> {
    let mut mark = None;
    let mut take = |key: &[u8], value: &[u8]| mark = mark_in(key, value).or(mark);
    tree.walk(TableName::Meta, &mut Rows { take: &mut take, tree, findings, meter, lost: false })?;
    if mark.is_none() {
        findings.add(FindingKind::Block, tree.path(), None, "the B-tree has no applied mark");
    }
    let mut epochs = Vec::new();
    let mut take = |_: &[u8], value: &[u8]| epochs.extend(epoch_in(value));
    tree.walk(
        TableName::Epochs,
        &mut Rows { take: &mut take, tree, findings, meter, lost: false },
    )?;
    let mut copies = Vec::new();
    let mut take =
        |_: &[u8], value: &[u8]| copies.extend(EpochRow::parse(value).map(|(row, _)| row));
    tree.walk(
        TableName::EpochCopies,
        &mut Rows { take: &mut take, tree, findings, meter, lost: false },
    )?;
    Ok((mark, epochs, copies))
}

/// Gives rows on; what is lost is a finding.
struct Rows<'a, 'p> {
    take: &'a mut dyn FnMut(&[u8], &[u8]),
    tree: &'a TreeFile,
    findings: &'a mut Findings,
    meter: &'a mut ProgressMeter<'p>,
    lost: bool,
}

impl RowVisitor for Rows<'_, '_> {
    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        (self.take)(key, value);
        Ok(())
    }

    fn lost(&mut self, damage: Damage, _: Option<&[u8]>, _: Option<&[u8]>) {
        self.lost = true;
        self.findings.add(FindingKind::Block, self.tree.path(), Some(damage.block), damage.what);
    }

    fn read(&mut self, blocks: u64) {
        self.meter.add(blocks * BLOCK_BYTES);
    }
}

/// Rows of the B-tree and states of the journal on their way into one.
struct Merge<'a, 'p> {
    states: Peekable<IntoIter<u64, JournalState>>,
    inspected: Inspected,
    /// The sequence that was applied last.
    applied: u64,
    rows_certain: bool,
    /// Whether there is a B-tree to be read.
    has_tree: bool,
    /// Ids above the first and up to the second can't be read from the B-tree.
    lost: Vec<(u64, u64)>,
    record_check: RecordCheck,
    now: u64,
    tree_path: PathBuf,
    folder: PathBuf,
    findings: &'a mut Findings,
    meter: &'a mut ProgressMeter<'p>,
    taker: &'a mut dyn Taker,
    /// Rows of the B-tree that were read.
    rows: u64,
    /// Rows that can't be read, of records that the journal still has.
    recovered: u64,
    expiries: Digest,
    per_epoch: HashMap<u32, u64>,
    tally: Tally,
}

impl<'a, 'p> Merge<'a, 'p> {
    #[expect(clippy::too_many_arguments, reason = "the one place where all that is known meets")]
    fn new(
        source: &StoreReader<'_>,
        states: BTreeMap<u64, JournalState>,
        inspected: Inspected,
        applied: u64,
        record_check: RecordCheck,
        now: u64,
        findings: &'a mut Findings,
        meter: &'a mut ProgressMeter<'p>,
        taker: &'a mut dyn Taker,
    ) -> Merge<'a, 'p> {
        Merge {
            states: states.into_iter().peekable(),
            inspected,
            applied,
            rows_certain: false,
            has_tree: source.tree.is_some(),
            lost: Vec::new(),
            record_check,
            now,
            tree_path: source.tree_path(),
            folder: source.options.path.clone(),
            findings,
            meter,
            taker,
            rows: 0,
            recovered: 0,
            expiries: Digest::default(),
            per_epoch: HashMap::new(),
            tally: Tally::default(),
        }
    }

    fn walk(&mut self, tree: &TreeFile, epochs: &[(EpochRow, u64)]) -> Result<()> {
        let rows = tree.walk(TableName::Records, self)?;
        self.drain(u64::MAX)?;
        self.tally.lost += rows.unwrap_or(0).saturating_sub(self.rows + self.recovered);
        let is_whole = self.lost.is_empty();
        let mut expiries = Digest::default();
        let mut take = |key: &[u8], _: &[u8]| expiries.add(key);
        let mut reader =
            Rows { take: &mut take, tree, findings: self.findings, meter: self.meter, lost: false };
        tree.walk(TableName::Expiries, &mut reader)?;
        let can_compare = is_whole && !reader.lost;
        let mut system = Rows { take: &mut |_, _| (), ..reader };
        tree.walk_system(&mut system)?;
        if can_compare && expiries != self.expiries {
            let what = "the table that records expire by does not agree with the records";
            self.findings.add(FindingKind::Expiry, tree.path(), None, what);
        }
        let is_right =
            |(row, count): &(EpochRow, u64)| self.per_epoch.get(&row.number).unwrap_or(&0) == count;
        if is_whole && !epochs.iter().all(is_right) {
            let what = "the epochs' counts do not agree with the records";
            self.findings.add(FindingKind::Epoch, tree.path(), None, what);
        }
        self.tally.blocks = tree.block_count();
        Ok(())
    }

    /// Takes the journal's states of ids below `id`.
    fn drain(&mut self, id: u64) -> Result<()> {
        while let Some((id, state)) = self.states.next_if(|(next, _)| *next < id) {
            self.take_noted(id, &state)?;
        }
        Ok(())
    }

    fn take_noted(&mut self, id: u64, state: &JournalState) -> Result<()> {
        let Some(record) = &state.record else { return Ok(()) };
        // What the commit covers counts only where the commit itself can't be read.
        let is_newer = state.sequence > self.applied || !self.has_tree;
        if !is_newer && !self.is_lost(id) {
            return Ok(());
        }
        let is_first = Header::parse(record).is_some_and(|(header, _)| header.version == 1);
        self.recovered += u64::from(self.is_lost(id) && !(is_newer && is_first));
        let certain = state.sequence >= self.inspected.known_from;
        let folder = self.folder.clone();
        self.take(id, record, certain, &folder)
    }

    fn is_lost(&self, id: u64) -> bool {
        self.lost.iter().any(|(above, up_to)| *above < id && id <= *up_to)
    }

    fn take(&mut self, id: u64, record: &[u8], certain: bool, path: &Path) -> Result<()> {
        let (header, verdict) = self.record_check.check(id, record);
        if let Verdict::Bad(what) = verdict {
            self.tally.lost += 1;
            self.findings.add(FindingKind::Record, path, Some(id), what);
            return Ok(());
        }
        self.tally.records += 1;
        self.tally.opened += u64::from(verdict == Verdict::Opened);
        self.tally.doubtful += u64::from(!certain);
        self.tally.expired += u64::from(header.is_some_and(|header| header.expired(self.now)));
        self.taker.take(id, record, certain)
    }

    /// Counts a row for what the other tables say of it.
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
        let newer = self.states.next_if(|(next, _)| *next == id);
        match newer {
            Some((_, state)) if state.sequence > self.applied => self.take_noted(id, &state),
            _ => {
                let path = self.tree_path.clone();
                self.take(id, record, self.rows_certain, &path)
            }
        }
    }

    fn lost(&mut self, damage: Damage, above: Option<&[u8]>, up_to: Option<&[u8]>) {
        self.lost.push((above.map_or(0, id_of), up_to.map_or(u64::MAX, id_of)));
        self.findings.add(FindingKind::Block, &self.tree_path, Some(damage.block), damage.what);
    }

    fn read(&mut self, blocks: u64) {
        self.meter.add(blocks * BLOCK_BYTES);
    }
}

fn id_of(key: &[u8]) -> u64 {
    key.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// Tells whether two sets of rows are the same, in whatever order they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Digest {
    rows: u64,
    sum: u64,
}

impl Digest {
    fn add(&mut self, row: &[u8]) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(checksum(row));
    }
}
