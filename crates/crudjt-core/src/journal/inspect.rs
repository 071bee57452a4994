//! Reading the journal without changing it, whatever state it is in: where opening would refuse,
//! this says what is missing and goes on behind it.
//!
//! An entry counts only if its checksum fits behind the one before it. Behind a hole that is found
//! again where the next segment begins, or at an entry that fits behind the stored checksum of the
//! one before it; what stands in the hole itself, and in its last entry, is not known. What comes
//! behind a hole above the last sync mark is a torn tail, as it is for opening.

use std::io;
use std::path::Path;

use super::entry::{ENTRY_HEADER, Head, parse};
use super::header::{BEGIN_AT, ENTRIES, Identity, file_of};
use super::recovery::{Window, read_page, segment_numbers};
use super::{Applied, Begin, Change};
use crate::Result;
use crate::crypto::keyring::StoreId;
use crate::options::Options;
use crate::platform::storage::Mode;

/// The most bytes that are hashed in search of the end of a hole.
const SEARCH_BYTES: usize = 1 << 28;

/// What an inspection tells of.
pub(crate) trait EntryVisitor {
    /// The next entry that is known to be right; a put comes with its record.
    fn entry(&mut self, sequence: u64, change: Change, record: &[u8]);
    /// Something is wrong with a segment.
    fn wrong(&mut self, file: &Path, sequence: Option<u64>, what: &'static str);
    /// So many more bytes were read.
    fn read(&mut self, bytes: u64);
}

/// What the journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Inspected {
    pub(crate) segments: u64,
    /// The sequence behind the last entry.
    pub(crate) next: u64,
    /// All entries from this sequence to the end of the journal are known; beyond `next` if the
    /// end itself is missing.
    pub(crate) known_from: u64,
    /// Whether the B-tree and the journal agree on the entry that was applied last.
    pub(crate) agrees: bool,
    pub(crate) newest_time: u64,
}

impl Inspected {
    /// Whether nothing is missing between the commit and the end of the journal.
    pub(crate) fn is_whole_after(&self, applied: Applied) -> bool {
        self.agrees && self.known_from <= applied.sequence + 1
    }
}

/// A segment as it was found.
struct InspectedSegment {
    number: u64,
    identity: Identity,
    begin: Begin,
    synced: u64,
    newest_time: u64,
    window: Window,
}

/// Reads the whole journal. `applied` is what the B-tree says, where that can be read.
///
/// # Errors
/// If the folder can't be listed.
pub(crate) fn inspect(
    options: &Options,
    store: StoreId,
    applied: Option<Applied>,
    visitor: &mut dyn EntryVisitor,
) -> Result<Inspected> {
    let numbers = segment_numbers(options)?;
    let mut inspection = Inspection::of(applied);
    inspection.inspected.segments = numbers.len() as u64;
    let mut found = Vec::new();
    let mut last_unreadable = None;
    for number in numbers {
        match find(options, store, number) {
            Ok(segment) => found.extend(segment),
            Err(what) => {
                let path = file_of(&options.path, number);
                visitor.wrong(&path, None, what);
                if !looks_unused(options, &path) {
                    last_unreadable = Some(number);
                }
            }
        }
    }
    inspection.end_missing = last_unreadable > found.last().map(|found| found.number);
    // An older file under a newer number must not come last.
    found.sort_by_key(|found| (found.begin.sequence, found.number));
    inspection.run(options, found, visitor);
    Ok(inspection.inspected)
}

/// Opens a segment; `None` for one that was not used. An error says what is wrong with it.
fn find(
    options: &Options,
    store: StoreId,
    number: u64,
) -> std::result::Result<Option<InspectedSegment>, &'static str> {
    let path = file_of(&options.path, number);
    let (file, size, page) =
        read_page(options, &path, Mode::Read).map_err(|_| "this journal segment can't be read")?;
    let identity = Identity::parse(&path, &page)
        .map_err(|_| "the header of this journal segment can't be read")?;
    if size < ENTRIES {
        return Err("this journal segment is cut short");
    }
    if identity.store != store || identity.number != number {
        return Err("this journal segment belongs to another store or place");
    }
    let mark = identity.parse_sync_mark(&page);
    let Some(begin) = identity.parse_begin(&page) else {
        let what = "this journal segment was in use, but its beginning can't be read";
        return if mark.is_some() { Err(what) } else { Ok(None) };
    };
    let synced = mark.map_or(0, |mark| mark.sequence);
    let newest_time = mark.map_or(0, |mark| mark.newest_time);
    let window = Window::over(file, size.min(identity.size));
    Ok(Some(InspectedSegment { number, identity, begin, synced, newest_time, window }))
}

/// Whether nothing but the header was ever written to a segment whose header can't be read.
fn looks_unused(options: &Options, path: &Path) -> bool {
    let Ok((file, size, page)) = read_page(options, path, Mode::Read) else { return false };
    let mut first = [0; ENTRY_HEADER];
    // Of one that is cut within its first page nobody knows what was in it.
    let is_cut = size < ENTRIES || size > ENTRIES && file.read_at(ENTRIES, &mut first).is_err();
    let rest = page.get(BEGIN_AT as usize..).unwrap_or_default();
    !is_cut && rest.iter().chain(&first).all(|byte| *byte == 0)
}

struct Inspection {
    applied: Applied,
    /// Whether the B-tree told what is applied.
    knows_applied: bool,
    next: Begin,
    /// The last entry known to have been on the medium.
    synced: u64,
    end_missing: bool,
    /// Whether the chain was seen at the applied entry.
    met_applied: bool,
    inspected: Inspected,
}

impl Inspection {
    fn of(applied: Option<Applied>) -> Inspection {
        Inspection {
            applied: applied.unwrap_or(Applied::NOTHING),
            knows_applied: applied.is_some(),
            next: Begin { sequence: 1, chain: 0 },
            synced: 0,
            end_missing: false,
            met_applied: false,
            inspected: Inspected::default(),
        }
    }

    fn run(
        &mut self,
        options: &Options,
        mut found: Vec<InspectedSegment>,
        visitor: &mut dyn EntryVisitor,
    ) {
        let synced = found.iter().map(|found| found.synced).max().unwrap_or(0);
        self.synced = synced.max(self.applied.sequence);
        self.inspected.newest_time = found.iter().map(|found| found.newest_time).max().unwrap_or(0);
        match found.first() {
            Some(first) => self.next = first.begin,
            None => self.miss_all(options, visitor),
        }
        self.inspected.known_from = self.next.sequence;
        let begins: Vec<u64> = found.iter().skip(1).map(|found| found.begin.sequence).collect();
        for (at, segment) in found.iter_mut().enumerate() {
            if !self.follows(segment, options, visitor) {
                break;
            }
            self.meet();
            self.entries(segment, options, begins.get(at).copied(), visitor);
        }
        self.finish(options, &found, visitor);
    }

    /// Only a store in which nothing was done yet has no segment in use.
    fn miss_all(&mut self, options: &Options, visitor: &mut dyn EntryVisitor) {
        let is_new = self.inspected.segments > 0 && self.applied == Applied::NOTHING;
        if is_new && self.knows_applied {
            (self.met_applied, self.inspected.agrees) = (true, true);
        } else {
            visitor.wrong(&options.path, None, "no journal segment is in use: a file is missing");
            self.end_missing = true;
        }
    }

    /// Whether the segment counts: false for what lies behind a torn tail.
    fn follows(
        &mut self,
        found: &InspectedSegment,
        options: &Options,
        visitor: &mut dyn EntryVisitor,
    ) -> bool {
        if found.begin == self.next {
            return true;
        }
        let path = file_of(&options.path, found.number);
        if found.begin.sequence > self.next.sequence {
            if self.next.sequence > self.synced {
                return false;
            }
            if found.begin.sequence > self.applied.sequence + 1 {
                let what = "entries that were on the disk are missing before this journal segment";
                visitor.wrong(&path, Some(self.next.sequence), what);
            }
        } else {
            let what = "this journal segment is of another time than those before it";
            visitor.wrong(&path, Some(found.begin.sequence), what);
            self.end_missing = true;
        }
        self.go_on(found.begin);
        true
    }

    /// Goes on behind a hole.
    fn go_on(&mut self, next: Begin) {
        self.next = next;
        self.inspected.known_from = next.sequence;
    }

    /// Compares the chain with what the B-tree knows of it.
    fn meet(&mut self) {
        if self.next.sequence == self.applied.sequence + 1 && !self.met_applied {
            self.met_applied = true;
            self.inspected.agrees = self.next.chain == self.applied.chain;
        }
    }

    fn entries(
        &mut self,
        found: &mut InspectedSegment,
        options: &Options,
        following: Option<u64>,
        visitor: &mut dyn EntryVisitor,
    ) {
        let mut offset = ENTRIES as usize;
        loop {
            let end = self.chained(found, &mut offset, visitor);
            let missing = match following {
                Some(begin) => self.next.sequence < begin,
                None => self.next.sequence <= self.synced,
            };
            if end.is_ok() && (!missing || self.next.sequence > self.synced) {
                return;
            }
            let Some((at, next)) = self.resume(found, offset) else { return };
            if self.next.sequence > self.applied.sequence {
                let path = file_of(&options.path, found.number);
                visitor.wrong(&path, Some(self.next.sequence), "entries can't be read here");
            }
            self.go_on(next);
            offset = at;
        }
    }

    /// Reads entries as long as they chain.
    fn chained(
        &mut self,
        found: &mut InspectedSegment,
        offset: &mut usize,
        visitor: &mut dyn EntryVisitor,
    ) -> io::Result<()> {
        loop {
            let bytes = found.window.reach(*offset)?;
            let (chain, sequence) = (self.next.chain, self.next.sequence);
            let Some(parsed) = parse(bytes, *offset, &found.identity.id, chain, sequence) else {
                return Ok(());
            };
            let location = match parsed.change {
                Change::Put { location, .. } => location.range(),
                _ => 0..0,
            };
            visitor.entry(sequence, parsed.change, bytes.get(location).unwrap_or_default());
            visitor.read((parsed.end - *offset) as u64);
            self.next = Begin { sequence: sequence + 1, chain: parsed.sum };
            *offset = parsed.end;
            self.meet();
        }
    }

    /// Where entries chain again behind a hole: an entry fits behind the checksum that stands in
    /// the one before it, which itself can't be checked.
    fn resume(&self, found: &mut InspectedSegment, offset: usize) -> Option<(usize, Begin)> {
        let bytes = found.window.whole().ok()?;
        let mut budget = SEARCH_BYTES;
        (offset..bytes.len()).step_by(8).find_map(|at| {
            let head = Head::parse(bytes.get(at..)?)?;
            let sane = head.sequence >= self.next.sequence && head.sequence < self.synced;
            let end = (at + ENTRY_HEADER + head.length as usize).next_multiple_of(8);
            if !sane || end >= bytes.len() {
                return None;
            }
            let claimed = Head::parse(bytes.get(end..)?)?.length as usize;
            budget = budget.checked_sub(claimed)?;
            let next = Begin { sequence: head.sequence + 1, chain: head.sum };
            parse(bytes, end, &found.identity.id, next.chain, next.sequence)?;
            Some((end, next))
        })
    }

    fn finish(
        &mut self,
        options: &Options,
        found: &[InspectedSegment],
        visitor: &mut dyn EntryVisitor,
    ) {
        self.inspected.next = self.next.sequence;
        let last = found.last().map(|found| file_of(&options.path, found.number));
        let path = last.as_deref().unwrap_or(&options.path);
        if self.next.sequence <= self.synced && !found.is_empty() {
            let what = "entries that were on the disk are missing from the journal";
            visitor.wrong(path, Some(self.next.sequence), what);
            self.end_missing = true;
        } else if self.knows_applied && !self.met_applied && !self.end_missing {
            let what = "the B-tree is older than the journal: operations between them are missing";
            visitor.wrong(path, Some(self.applied.sequence + 1), what);
        } else if self.knows_applied && self.met_applied && !self.inspected.agrees {
            let what = "the B-tree and the journal are of different times";
            visitor.wrong(path, Some(self.applied.sequence), what);
        }
        if self.end_missing {
            self.inspected.known_from = u64::MAX;
        }
    }
}
