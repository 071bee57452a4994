//! Whether a store has ever held a record, determined without opening it: a refused opening changes
//! nothing.

use super::finding::Findings;
use super::journal_states::JournalStates;
use super::progress::ProgressMeter;
use super::row_reader::{RowReader, SmallTables};
use crate::crypto::keyring::StoreId;
use crate::options::Options;
use crate::tree::TreeFile;
use crate::{Result, journal};

/// Reads the B-tree, then the journal. What is unreadable counts as nothing: opening reports it.
///
/// # Errors
/// If the folder can't be listed.
pub(crate) fn has_records(options: &Options, store: StoreId) -> Result<bool> {
    let (mut findings, mut nobody) = (Findings::default(), |_, _| ());
    let mut meter = ProgressMeter::new(&mut nobody, 0);
    let mark = match TreeFile::open(options, store) {
        Ok(tree) => {
            let (findings, meter) = (&mut findings, &mut meter);
            SmallTables::read(&mut RowReader { tree: &tree, findings, meter })?.mark
        }
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
