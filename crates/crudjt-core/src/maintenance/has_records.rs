//! Whether a store has ever held a record, without opening it: who is refused leaves no trace.

use super::finding::Findings;
use super::journal_states::JournalStates;
use super::newest_states::read_small_tables;
use super::progress::ProgressMeter;
use crate::crypto::keyring::StoreId;
use crate::options::Options;
use crate::tree::TreeFile;
use crate::{Result, journal};

/// Looks into the B-tree, then into the journal. What can't be read counts as nothing: opening meets
/// it and says so.
///
/// # Errors
/// If the folder can't be listed.
pub(crate) fn has_records(options: &Options, store: StoreId) -> Result<bool> {
    let (mut findings, mut nobody) = (Findings::default(), |_, _| ());
    let mut meter = ProgressMeter::new(&mut nobody, 0);
    let mark = match TreeFile::open(options, store) {
        Ok(tree) => read_small_tables(&tree, &mut findings, &mut meter)?.0,
        Err(_) => None,
    };
    if mark.is_some_and(|mark| mark.highest_id > 0) {
        return Ok(true);
    }
    let applied = mark.map(|mark| mark.applied);
    let sequence = applied.map_or(0, |applied| applied.sequence);
    let mut journal_states = JournalStates::new(sequence, &mut findings, &mut meter);
    journal::inspect(options, store, applied, &mut journal_states)?;
    Ok(!journal_states.states.is_empty())
}
