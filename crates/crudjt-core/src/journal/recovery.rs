//! Recovers the journal at opening: which segments and entries count, and where the torn tail ends.
//!
//! ```text
//! segments in order ─► header must be valid ─► begin must chain to the segment before
//!        ─► entries as long as they chain ─► gap: below the newest sync mark? damage : torn tail
//! ```

use std::io;
use std::sync::Arc;

use super::chain_walk::ChainWalk;
use super::header::{ENTRIES, Identity};
use super::segment_files::{FoundSegment, file_of, newest_time, read_page, segment_numbers};
use super::{Begin, Change, Segment};
use crate::crypto::keyring::StoreId;
use crate::options::Options;
use crate::platform::storage::Mode;
use crate::{Error, Result};

/// The last entry that the B-tree has applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) sequence: u64,
    pub(crate) chain: u64,
}

impl Applied {
    /// No entry yet.
    pub(crate) const NOTHING: Applied = Applied { sequence: 0, chain: 0 };
}

/// The recovered journal.
pub(crate) struct Recovered {
    /// The segments in use, oldest first. None of them is appended to again.
    pub(crate) segments: Vec<Arc<Segment>>,
    /// Where the journal continues.
    pub(crate) next: Begin,
    pub(crate) next_number: u64,
    pub(crate) newest_time: u64,
}

/// Recovers the journal and calls `replay` with each entry after the applied one, in order. `None`
/// if there is no segment at all.
pub(crate) fn recover(
    options: &Options,
    store: StoreId,
    applied: Applied,
    replay: &mut dyn FnMut(&Arc<Segment>, Change),
) -> Result<Option<Recovered>> {
    let open = |number| FoundSegment::open(options, store, number, Mode::Existing);
    let found = segment_numbers(options)?.into_iter().map(open).collect::<Result<Vec<_>>>()?;
    let Some(last) = found.last() else { return Ok(None) };
    let next_number = last.identity.number + 1;
    let newest_time = newest_time(&found);
    let (used, mut unused): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|found| found.begin.is_some());
    if used.is_empty() && applied == Applied::NOTHING {
        // A store without any segment has lost its journal, so one stays.
        let first = unused.pop();
        discard(options, unused)?;
        return Recovered::first(first, next_number).map(Some);
    }
    check_order(&used)?;
    let (past, present) = skip_applied(applied, used);
    let mut walk = ChainWalk::start(options, applied, &present)?;
    for found in present {
        walk.segment(found, replay)?;
    }
    let past = past.into_iter().map(|found| Arc::new(Segment::recovered(found)));
    let segments = past.chain(walk.make_durable()?).collect();
    discard(options, walk.after_gap.into_iter().chain(unused).collect())?;
    Ok(Some(Recovered { segments, next: walk.next, next_number, newest_time }))
}

impl Recovered {
    /// The journal of a store without any operation yet. Its segment becomes an empty segment, so
    /// that a power loss may take the begin of any later one.
    fn first(found: Option<FoundSegment>, next_number: u64) -> Result<Recovered> {
        let next = Begin { sequence: 1, chain: 0 };
        let segments: Vec<_> =
            found.into_iter().map(|found| Arc::new(Segment::recovered(found))).collect();
        for segment in &segments {
            segment.write_begin(next)?;
            segment.sync(ENTRIES)?;
        }
        Ok(Recovered { segments, next, next_number, newest_time: 0 })
    }
}

/// Whether a store's folder has a segment that was in use; unreadable ones count.
pub(crate) fn any_in_use(options: &Options) -> Result<bool> {
    let in_use = |number: u64| -> io::Result<bool> {
        let path = file_of(&options.path, number);
        let (_, _, page) = read_page(options, &path, Mode::Existing)?;
        let identity = Identity::parse(&path, &page);
        Ok(identity.map_or(true, |identity| identity.parse_begin(&page).is_some()))
    };
    let found = segment_numbers(options)?.into_iter().map(in_use).collect::<io::Result<Vec<_>>>();
    let found = found.map_err(|error| Error::storage(&options.path, "read its journal", error))?;
    Ok(found.contains(&true))
}

/// Segments are created in the order of their numbers and used in that order.
fn check_order(used: &[FoundSegment]) -> Result<()> {
    let sequence = |found: &FoundSegment| found.begin.map(|begin| begin.sequence);
    let mut pairs = used.iter().zip(used.iter().skip(1));
    match pairs.find(|(older, newer)| sequence(older) > sequence(newer)) {
        Some((_, newer)) => Err(Error::damaged(
            &newer.path,
            "this journal segment is older than the one before it: restore files of one backup",
        )),
        None => Ok(()),
    }
}

/// Splits off the segments whose entries are all applied: they wait for the B-tree's next commit.
fn skip_applied(
    applied: Applied,
    mut used: Vec<FoundSegment>,
) -> (Vec<FoundSegment>, Vec<FoundSegment>) {
    let reached = |found: &FoundSegment| {
        found.begin.is_some_and(|begin| begin.sequence <= applied.sequence + 1)
    };
    let present = used.split_off(used.iter().rposition(reached).unwrap_or(0));
    (used, present)
}

/// Removes segments after a gap and unused ones. None of them is used again: entries of a lost
/// timeline in them might chain with those of this one.
fn discard(options: &Options, segments: Vec<FoundSegment>) -> Result<()> {
    sabotage!(StaleKept, return Ok(()));
    if segments.is_empty() {
        return Ok(());
    }
    let storage = options.environment.storage.as_ref();
    for FoundSegment { path, file, .. } in segments {
        // Windows removes no open file.
        drop(file);
        let removed = storage.remove(&path);
        removed.map_err(|error| Error::storage(&path, "remove its torn journal", error))?;
    }
    let synced = storage.sync_folder(&options.path);
    synced.map_err(|error| Error::storage(&options.path, "sync its folder", error))
}
