//! Reading the journal back at opening: which entries count, and where the torn tail is cut.
//!
//! ```text
//! segments in order ─► header must be readable ─► begin must follow the segment before
//!        ─► entries as long as they chain ─► hole: below the newest sync mark? damage : cut there
//! ```

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::entry::{ENTRY_HEADER, parse, payload_length};
use super::header::{ENTRIES, Identity, SyncMark, file_of, number_of};
use super::{Begin, Change, Segment};
use crate::crypto::keyring::StoreId;
use crate::options::Options;
use crate::platform::storage::{Mode, StorageFile};
use crate::{Error, Result};

/// What the B-tree says of the journal: its last applied entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) sequence: u64,
    pub(crate) chain: u64,
}

impl Applied {
    /// No entry yet.
    pub(crate) const NOTHING: Applied = Applied { sequence: 0, chain: 0 };
}

/// The journal as it was found.
pub(crate) struct Recovered {
    /// The segments in use, oldest first. None of them is appended to again.
    pub(crate) segments: Vec<Arc<Segment>>,
    /// Where the journal goes on.
    pub(crate) next: Begin,
    pub(crate) next_number: u64,
    pub(crate) newest_time: u64,
}

struct FoundSegment {
    segment: Segment,
    file: Arc<dyn StorageFile>,
    begin: Option<Begin>,
    mark: Option<SyncMark>,
    size: u64,
}

/// Reads the journal and calls `replay` with each entry behind the applied one, in order. `None`
/// where there is no segment at all.
pub(crate) fn recover(
    options: &Options,
    store: StoreId,
    applied: Applied,
    replay: &mut dyn FnMut(&Arc<Segment>, Change),
) -> Result<Option<Recovered>> {
    let found = find(options, store)?;
    let Some(last) = found.last() else { return Ok(None) };
    let next_number = last.segment.identity.number + 1;
    let newest_time =
        found.iter().filter_map(|found| found.mark).map(|mark| mark.newest_time).max();
    let (used, mut unused): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|found| found.begin.is_some());
    if used.is_empty() && applied == Applied::NOTHING {
        // A store without any segment has lost its journal: one stays.
        let kept = unused.pop();
        discard(options, unused)?;
        return Recovered::first(kept, next_number).map(Some);
    }
    check_order(&used)?;
    let (past, present) = skip_applied(applied, used);
    let mut walk = Walk::start(options, applied, &present)?;
    for found in present {
        walk.segment(found, replay)?;
    }
    let mut segments: Vec<_> = past.into_iter().map(|found| Arc::new(found.segment)).collect();
    segments.extend(walk.settle()?);
    discard(options, walk.behind.into_iter().chain(unused).collect())?;
    let newest_time = newest_time.unwrap_or(0);
    Ok(Some(Recovered { segments, next: walk.next, next_number, newest_time }))
}

impl Recovered {
    /// The journal of a store in which nothing was done yet. The segment that is there becomes its
    /// empty segment, so that a power loss may take the beginning of any later one.
    fn first(kept: Option<FoundSegment>, next_number: u64) -> Result<Recovered> {
        let next = Begin { sequence: 1, chain: 0 };
        let segments: Vec<_> = kept.into_iter().map(|found| Arc::new(found.segment)).collect();
        for segment in &segments {
            segment.write_begin(next)?;
            segment.sync(ENTRIES)?;
        }
        Ok(Recovered { segments, next, next_number, newest_time: 0 })
    }
}

/// Whether a store's folder holds a segment that was in use; unreadable ones count.
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

/// Segments are made in the order of their numbers and used in that order.
fn check_order(used: &[FoundSegment]) -> Result<()> {
    let sequence = |found: &FoundSegment| found.begin.map(|begin| begin.sequence);
    match used
        .iter()
        .zip(used.iter().skip(1))
        .find(|(older, newer)| sequence(older) > sequence(newer))
    {
        Some((_, newer)) => Err(Error::damaged(
            &newer.segment.path,
            "this journal segment is older than the one before it: put files of one time back",
        )),
        None => Ok(()),
    }
}

/// Splits off the segments whose entries are all applied: only the B-tree's next commit needs them.
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

/// Opens all segments, oldest first.
fn find(options: &Options, store: StoreId) -> Result<Vec<FoundSegment>> {
    segment_numbers(options)?.into_iter().map(|number| open(options, store, number)).collect()
}

pub(super) fn segment_numbers(options: &Options) -> Result<Vec<u64>> {
    let names = options.environment.storage.list(&options.path);
    let names = names.map_err(|error| Error::storage(&options.path, "be listed", error))?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// A segment's file, its size, and its first page as far as there is one.
pub(super) type FirstPage = (Arc<dyn StorageFile>, u64, Vec<u8>);

/// Opens a segment's file, to be read only or to be settled later.
pub(super) fn read_page(options: &Options, path: &Path, mode: Mode) -> io::Result<FirstPage> {
    let file = options.environment.storage.open(path, mode)?;
    let size = file.size()?;
    let mut page = vec![0; ENTRIES.min(size) as usize];
    file.read_at(0, &mut page)?;
    Ok((file, size, page))
}

fn open(options: &Options, store: StoreId, number: u64) -> Result<FoundSegment> {
    let path = file_of(&options.path, number);
    let failed = |error: io::Error| Error::storage(&path, "read its journal", error);
    let (file, size, page) = read_page(options, &path, Mode::Existing).map_err(failed)?;
    let identity = Identity::parse(&path, &page)?;
    if size < ENTRIES {
        // It may have been synced further than can be told: its marks are cut off.
        return Err(Error::damaged(&path, "this journal segment is cut short"));
    }
    if identity.store != store || identity.number != number {
        return Err(Error::damaged(
            &path,
            "this journal segment belongs to another store: put the right file back",
        ));
    }
    let (begin, mark) = (identity.parse_begin(&page), identity.parse_sync_mark(&page));
    if begin.is_none() && mark.is_some() {
        return Err(Error::damaged(
            &path,
            "this journal segment was in use, but its beginning can't be read",
        ));
    }
    Ok(FoundSegment {
        segment: Segment::recovered(identity, path, file.clone()),
        file,
        begin,
        mark,
        size,
    })
}

/// The front of a segment, read as far as it is needed: most of a segment may never have been used.
pub(super) struct Window {
    file: Arc<dyn StorageFile>,
    size: u64,
    bytes: Vec<u8>,
}

impl Window {
    const READ_AHEAD: usize = 1 << 18;

    /// Reads no more than the header says there is, however long the file.
    fn new(found: &FoundSegment) -> Window {
        Window::over(found.file.clone(), found.size.min(found.segment.identity.size))
    }

    pub(super) fn over(file: Arc<dyn StorageFile>, size: u64) -> Window {
        Window { file, size, bytes: Vec::new() }
    }

    /// The bytes up to the end of the entry at `offset`, as far as the file goes.
    pub(super) fn reach(&mut self, offset: usize) -> io::Result<&[u8]> {
        self.load(offset + ENTRY_HEADER)?;
        if let Some(length) = payload_length(&self.bytes, offset) {
            self.load(offset + ENTRY_HEADER + length)?;
        }
        Ok(&self.bytes)
    }

    /// All of it.
    pub(super) fn whole(&mut self) -> io::Result<&[u8]> {
        self.load(self.size as usize)?;
        Ok(&self.bytes)
    }

    fn load(&mut self, wanted: usize) -> io::Result<()> {
        let loaded = self.bytes.len();
        if wanted > loaded && (loaded as u64) < self.size {
            let end = wanted.next_multiple_of(Window::READ_AHEAD).min(self.size as usize);
            self.bytes.resize(end, 0);
            self.file.read_at(loaded as u64, self.bytes.get_mut(loaded..).unwrap_or_default())?;
        }
        Ok(())
    }
}

/// A segment whose entries were read.
struct Walked {
    segment: Arc<Segment>,
    /// What stands before this is known to be on the medium.
    durable: u64,
    /// Where its entries end.
    end: u64,
}

struct Walk {
    applied: Applied,
    next: Begin,
    /// The last entry known to be on the medium.
    synced: u64,
    /// Segments in use.
    segments: Vec<Walked>,
    /// Segments behind a hole.
    behind: Vec<FoundSegment>,
    torn: bool,
}

impl Walk {
    fn start(options: &Options, applied: Applied, used: &[FoundSegment]) -> Result<Walk> {
        let first = used.first().and_then(|found| found.begin);
        let path =
            used.first().map_or(options.path.as_path(), |found| found.segment.path.as_path());
        let Some(next) = first else {
            return Err(Error::damaged(
                path,
                "no journal segment is in use: a file is missing, put it back",
            ));
        };
        if next.sequence > applied.sequence + 1 {
            return Err(Error::damaged(
                path,
                "the B-tree is older than the journal: operations between them are missing",
            ));
        }
        let synced = used.iter().filter_map(|found| found.mark).map(|mark| mark.sequence).max();
        let synced = synced.unwrap_or(0).max(applied.sequence);
        let walk =
            Walk { applied, next, synced, segments: Vec::new(), behind: Vec::new(), torn: false };
        walk.check_applied(path)?;
        Ok(walk)
    }

    fn segment(
        &mut self,
        found: FoundSegment,
        replay: &mut dyn FnMut(&Arc<Segment>, Change),
    ) -> Result<()> {
        if self.torn || found.begin != Some(self.next) {
            self.hole(&found.segment.path)?;
            self.behind.push(found);
            return Ok(());
        }
        let mut window = Window::new(&found);
        let segment = Arc::new(found.segment);
        let (durable, end) = self.entries(&segment, &mut window, replay)?;
        self.segments.push(Walked { segment, durable, end });
        Ok(())
    }

    /// Reads a segment's entries; gives up to where they are known to be on the medium, and where
    /// they end.
    fn entries(
        &mut self,
        segment: &Arc<Segment>,
        window: &mut Window,
        replay: &mut dyn FnMut(&Arc<Segment>, Change),
    ) -> Result<(u64, u64)> {
        let (mut offset, mut durable) = (ENTRIES as usize, 0);
        loop {
            let read = window
                .reach(offset)
                .map_err(|error| Error::storage(&segment.path, "read its journal", error));
            let Some(parsed) =
                parse(read?, offset, &segment.identity.id, self.next.chain, self.next.sequence)
            else {
                break;
            };
            if self.next.sequence > self.applied.sequence {
                replay(segment, parsed.change);
            }
            if self.next.sequence <= self.synced {
                durable = parsed.end as u64;
            }
            self.next = Begin { sequence: self.next.sequence + 1, chain: parsed.sum };
            self.check_applied(&segment.path)?;
            offset = parsed.end;
        }
        Ok((durable, offset as u64))
    }

    /// The B-tree and the journal must agree on the entry that was applied last.
    fn check_applied(&self, path: &Path) -> Result<()> {
        if self.next.sequence == self.applied.sequence + 1 && self.next.chain != self.applied.chain
        {
            return Err(Error::damaged(
                path,
                "the B-tree and the journal are of different times: put files of one time back",
            ));
        }
        Ok(())
    }

    /// Entries are missing here: fine if none of them was known to be on the medium.
    fn hole(&mut self, path: &Path) -> Result<()> {
        self.torn = true;
        if self.next.sequence <= self.synced {
            return Err(Error::damaged(
                path,
                "entries that were on the disk are missing from the journal",
            ));
        }
        Ok(())
    }

    /// Makes what was recovered durable, and what stands behind it gone. Without new entries
    /// there is nothing to do: all of it is applied.
    fn settle(&mut self) -> Result<Vec<Arc<Segment>>> {
        if let Some(last) = self.segments.last() {
            let path = last.segment.path.clone();
            if self.next.sequence <= self.synced {
                self.hole(&path)?;
            }
        }
        let replayed = self.next.sequence > self.applied.sequence + 1;
        sabotage!(RecoveredUnsynced, let replayed = false);
        for Walked { segment, durable, end } in self.segments.iter().filter(|_| replayed) {
            segment.settle(*durable, *end)?;
        }
        Ok(self.segments.drain(..).map(|walked| walked.segment).collect())
    }
}

/// Removes segments behind a hole and unused ones. None of them is used again: what a lost
/// timeline left in it might chain with entries of this one.
fn discard(options: &Options, segments: Vec<FoundSegment>) -> Result<()> {
    sabotage!(StaleKept, return Ok(()));
    if segments.is_empty() {
        return Ok(());
    }
    let storage = options.environment.storage.as_ref();
    for FoundSegment { segment, file, .. } in segments {
        let path = segment.path.clone();
        // Windows removes no open file.
        drop((segment, file));
        let removed = storage.remove(&path);
        removed.map_err(|error| Error::storage(&path, "remove its torn journal", error))?;
    }
    let synced = storage.sync_folder(&options.path);
    synced.map_err(|error| Error::storage(&options.path, "sync its folder", error))
}
