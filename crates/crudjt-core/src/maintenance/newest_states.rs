//! The newest state of every record, as far as a store that may be damaged still tells: from the rows
//! of the B-tree in sound blocks and the later changes in the journal.
//!
//! *Dead stays dead.* A state is certain only if the journal is complete from it to the end. Behind a
//! gap, an older state may be that of a token that has since been deleted, used up or shortened; such
//! states are reported as doubtful.

use super::finding::{FindingKind, Findings};
use super::journal_states::JournalStates;
use super::merge::{Merge, RecordVisitor, Tally};
use super::progress::ProgressMeter;
use super::record_check::RecordCheck;
use super::row_reader::{RowReader, SmallTables, read_epoch_copies};
use super::store_reader::StoreReader;
use crate::crypto::keyring::Unlocked;
use crate::{Result, journal};

/// Reads a whole store.
///
/// # Errors
/// Those of the visitor, and of listing the folder.
pub(super) fn read_newest(
    source: &StoreReader<'_>,
    unlocked: &Unlocked,
    findings: &mut Findings,
    meter: &mut ProgressMeter<'_>,
    visitor: &mut dyn RecordVisitor,
) -> Result<Tally> {
    let Some(store) = source.store else { return Ok(Tally::default()) };
    let (SmallTables { mark, epochs }, epoch_copies) = match &source.tree {
        Some(tree) => {
            let reader = &mut RowReader { tree, findings, meter };
            (SmallTables::read(reader)?, read_epoch_copies(reader)?)
        }
        None => Default::default(),
    };
    let applied = mark.map(|mark| mark.applied);
    let sequence = applied.map_or(0, |applied| applied.sequence);
    let mut journal_states = JournalStates::new(sequence, findings, meter);
    let inspected = journal::inspect(source.options, store, applied, &mut journal_states)?;
    let JournalStates { states, epochs: declared, to_replay, .. } = journal_states;
    let stored = epochs.iter().map(|count| count.row);
    let record_check = RecordCheck::new(stored.chain(epoch_copies).chain(declared), unlocked);
    if let Some(keyring) = &source.keyring
        && record_check.has_foreign_epoch(keyring)
    {
        let what = "records are sealed in a domain that the keyring does not have";
        findings.add(FindingKind::Epoch, &source.options.path, None, what);
    }
    visitor.epochs(record_check.epochs());
    let newest_time = inspected.newest_time.max(mark.map_or(0, |mark| mark.newest_time));
    let highest_id = states.keys().next_back().copied().max(mark.map(|mark| mark.highest_id));
    let start = Tally {
        segments: inspected.segments,
        to_replay,
        highest_id: highest_id.unwrap_or(0),
        newest_time,
        next: inspected.next.max(sequence + 1),
        ..Tally::default()
    };
    Merge {
        source,
        states: states.into_iter().peekable(),
        inspected,
        applied: sequence,
        rows_certain: applied.is_some_and(|applied| inspected.is_whole_after(applied)),
        lost: Vec::new(),
        record_check,
        now: newest_time.max(source.options.environment.clock.wall()),
        findings,
        meter,
        visitor,
        rows: 0,
        recovered: 0,
        expiries: Default::default(),
        per_epoch: Default::default(),
        tally: start,
    }
    .run(&epochs)
}
