//! Reads the journal without changing it, in whatever state it is: where opening would fail, this
//! reports what is missing and continues after it.
//!
//! An entry counts only if it chains to the one before it. After a gap, the chain resumes where the
//! next segment begins, or at an entry that chains to the stored checksum of the one before it;
//! what was in the gap, and in its last entry, is unknown. Entries after a gap above the newest
//! sync mark are a torn tail, as in recovery.

use std::io;
use std::path::Path;

use super::entry::ENTRY_HEADER;
use super::gap;
use super::header::{BEGIN_AT, ENTRIES};
use super::segment_files::{
    FoundSegment, file_of, newest_synced, newest_time, read_page, segment_numbers,
};
use super::segment_reader::SegmentReader;
use super::{Applied, Begin, Change};
use crate::crypto::keyring::StoreId;
use crate::options::Options;
use crate::platform::storage::Mode;
use crate::{Error, Result};

/// Receives what an inspection finds.
pub(crate) trait EntryVisitor {
    /// The next valid entry; a put comes with its record.
    fn entry(&mut self, sequence: u64, change: Change, record: &[u8]);
    /// Something is wrong with a segment.
    fn wrong(&mut self, file: &Path, sequence: Option<u64>, what: &str);
    /// Another `bytes` bytes were read.
    fn read(&mut self, bytes: u64);
}

/// The result of an inspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Inspected {
    pub(crate) segments: u64,
    /// The sequence after the last entry.
    pub(crate) next: u64,
    /// All entries from this sequence to the end of the journal are there; beyond `next` if the end
    /// itself is missing.
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

/// Reads the whole journal. `applied` is the B-tree's applied mark, if that is readable.
///
/// # Errors
/// If the folder cannot be listed.
pub(crate) fn inspect(
    options: &Options,
    store: StoreId,
    applied: Option<Applied>,
    visitor: &mut dyn EntryVisitor,
) -> Result<Inspected> {
    let numbers = segment_numbers(options)?;
    let (segments, mut found, mut last_unreadable) = (numbers.len() as u64, Vec::new(), None);
    for number in numbers {
        match FoundSegment::open(options, store, number, Mode::Read) {
            Ok(segment) => found.extend(segment.begin.map(|begin| (begin, segment))),
            Err(error) => {
                let path = file_of(&options.path, number);
                visitor.wrong(&path, None, &what_of(error));
                if !looks_unused(options, &path) {
                    last_unreadable = Some(number);
                }
            }
        }
    }
    let end_missing = last_unreadable > found.last().map(|(_, found)| found.identity.number);
    // An older file under a newer number must not come last.
    found.sort_by_key(|(begin, found)| (begin.sequence, found.identity.number));
    let (begins, found): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let inspected =
        Inspected { segments, newest_time: newest_time(&found), ..Inspected::default() };
    let synced = newest_synced(&found).max(applied.map_or(0, |applied| applied.sequence));
    let next = begins.first().copied().unwrap_or(Begin { sequence: 1, chain: 0 });
    let inspection =
        Inspection { applied, next, synced, end_missing, met_applied: false, inspected, visitor };
    Ok(inspection.run(&options.path, &begins, &found))
}

/// What is wrong with a segment, without naming its file again.
fn what_of(error: Error) -> String {
    match error {
        Error::Damaged { what, .. } => what,
        other => other.to_string(),
    }
}

/// Whether nothing but the header was ever written to a segment whose header is not readable.
fn looks_unused(options: &Options, path: &Path) -> bool {
    let Ok((file, size, page)) = read_page(options, path, Mode::Read) else { return false };
    let mut first = [0; ENTRY_HEADER];
    // What a segment held that is truncated within its first page is unknown.
    let is_cut = size < ENTRIES || size > ENTRIES && file.read_at(ENTRIES, &mut first).is_err();
    let rest = page.get(BEGIN_AT as usize..).unwrap_or_default();
    !is_cut && rest.iter().chain(&first).all(|byte| *byte == 0)
}

struct Inspection<'v> {
    /// The B-tree's applied mark, if that is readable.
    applied: Option<Applied>,
    /// What the next entry has to chain to.
    next: Begin,
    /// The last entry known to have been durable.
    synced: u64,
    end_missing: bool,
    /// Whether the chain was seen at the applied entry.
    met_applied: bool,
    inspected: Inspected,
    visitor: &'v mut dyn EntryVisitor,
}

impl Inspection<'_> {
    fn run(mut self, folder: &Path, begins: &[Begin], found: &[FoundSegment]) -> Inspected {
        if found.is_empty() {
            self.miss_all(folder);
        }
        self.inspected.known_from = self.next.sequence;
        for (at, (begin, segment)) in begins.iter().zip(found).enumerate() {
            if !self.follows(*begin, segment) {
                break;
            }
            self.compare_applied();
            self.entries(segment, begins.get(at + 1).map(|begin| begin.sequence));
        }
        self.finish(folder, found.last());
        self.inspected
    }

    fn applied_sequence(&self) -> u64 {
        self.applied.map_or(0, |applied| applied.sequence)
    }

    /// Only a store without any operation has no segment in use.
    fn miss_all(&mut self, folder: &Path) {
        if self.inspected.segments > 0 && self.applied == Some(Applied::NOTHING) {
            (self.met_applied, self.inspected.agrees) = (true, true);
        } else {
            self.visitor.wrong(folder, None, "no journal segment is in use: a file is missing");
            self.end_missing = true;
        }
    }

    /// Whether the segment counts: false for one after a torn tail.
    fn follows(&mut self, begin: Begin, found: &FoundSegment) -> bool {
        if begin == self.next {
            return true;
        }
        if begin.sequence > self.next.sequence {
            if self.next.sequence > self.synced {
                return false;
            }
            if begin.sequence > self.applied_sequence() + 1 {
                let what = "entries that were durable are missing before this journal segment";
                self.visitor.wrong(&found.path, Some(self.next.sequence), what);
            }
        } else {
            let what = "this journal segment is not from the same time as those before it";
            self.visitor.wrong(&found.path, Some(begin.sequence), what);
            self.end_missing = true;
        }
        self.resume_at(begin);
        true
    }

    /// Continues after a gap.
    fn resume_at(&mut self, next: Begin) {
        self.next = next;
        self.inspected.known_from = next.sequence;
    }

    /// Compares the chain with the applied mark when it gets there.
    fn compare_applied(&mut self) {
        if self.next.sequence == self.applied_sequence() + 1 && !self.met_applied {
            self.met_applied = true;
            let chain = self.applied.unwrap_or(Applied::NOTHING).chain;
            self.inspected.agrees = self.next.chain == chain;
        }
    }

    /// Reads a segment's entries; `following` is the sequence at which the next segment begins.
    fn entries(&mut self, found: &FoundSegment, following: Option<u64>) {
        let (mut reader, mut offset) = (found.reader(), ENTRIES as usize);
        loop {
            let read = self.chained(&mut reader, &mut offset);
            let missing = match following {
                Some(begin) => self.next.sequence < begin,
                None => self.next.sequence <= self.synced,
            };
            if read.is_ok() && (!missing || self.next.sequence > self.synced) {
                return;
            }
            let (from, synced) = (self.next.sequence, self.synced);
            let bytes = reader.load_all().ok();
            let end = bytes
                .and_then(|bytes| gap::find_end(bytes, &found.identity.id, offset, from, synced));
            let Some((at, next)) = end else { return };
            if from > self.applied_sequence() {
                self.visitor.wrong(&found.path, Some(from), "entries here are not readable");
            }
            self.resume_at(next);
            offset = at;
        }
    }

    /// Reads entries as long as they chain.
    fn chained(&mut self, reader: &mut SegmentReader, offset: &mut usize) -> io::Result<()> {
        while let Some(parsed) = reader.entry(*offset, self.next)? {
            let location = match parsed.change {
                Change::Put { location, .. } => location.range(),
                _ => 0..0,
            };
            let record = reader.bytes().get(location).unwrap_or_default();
            self.visitor.entry(self.next.sequence, parsed.change, record);
            self.visitor.read((parsed.end - *offset) as u64);
            self.next = Begin { sequence: self.next.sequence + 1, chain: parsed.sum };
            *offset = parsed.end;
            self.compare_applied();
        }
        Ok(())
    }

    fn finish(&mut self, folder: &Path, last: Option<&FoundSegment>) {
        self.inspected.next = self.next.sequence;
        let path = last.map_or(folder, |found| &found.path);
        let (next, applied) = (self.next.sequence, self.applied_sequence());
        let mut wrong = |sequence, what| self.visitor.wrong(path, Some(sequence), what);
        if next <= self.synced && last.is_some() {
            wrong(next, "entries that were durable are missing from the journal");
            self.end_missing = true;
        } else if self.applied.is_some() && !self.met_applied && !self.end_missing {
            let what =
                "the B-tree is older than the journal, and operations between them are missing";
            wrong(applied + 1, what);
        } else if self.applied.is_some() && self.met_applied && !self.inspected.agrees {
            wrong(applied, "the B-tree and the journal are not from the same time");
        }
        if self.end_missing {
            self.inspected.known_from = u64::MAX;
        }
    }
}
