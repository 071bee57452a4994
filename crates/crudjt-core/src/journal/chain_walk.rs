//! Follows the chain of entries through the segments in use, up to the end or the first gap.

use std::path::Path;
use std::sync::Arc;

use super::header::ENTRIES;
use super::segment_files::{FoundSegment, newest_synced};
use super::segment_reader::SegmentReader;
use super::{Applied, Begin, Change, Segment};
use crate::options::Options;
use crate::{Error, Result};

/// A segment whose entries were read.
struct WalkedSegment {
    segment: Arc<Segment>,
    /// Bytes before this offset are proven durable by a sync mark.
    durable: u64,
    /// Where its entries end.
    end: u64,
}

/// The walk over the chain.
pub(super) struct ChainWalk {
    applied: Applied,
    /// What the next entry has to chain to.
    pub(super) next: Begin,
    /// The last entry known to be durable.
    synced: u64,
    segments: Vec<WalkedSegment>,
    pub(super) after_gap: Vec<FoundSegment>,
    torn: bool,
}

impl ChainWalk {
    /// Starts at the first segment, which must begin at the latest right after the applied entry.
    pub(super) fn start(
        options: &Options,
        applied: Applied,
        used: &[FoundSegment],
    ) -> Result<ChainWalk> {
        let first = used.first();
        let path = first.map_or(options.path.as_path(), |found| found.path.as_path());
        let Some(next) = first.and_then(|found| found.begin) else {
            let what =
                "no journal segment is in use, so a file is missing: restore it from a backup";
            return Err(Error::damaged(path, what));
        };
        if next.sequence > applied.sequence + 1 {
            let what = "the B-tree is older than the journal, and operations between them are missing: restore files of one backup";
            return Err(Error::damaged(path, what));
        }
        let synced = newest_synced(used).max(applied.sequence);
        let (segments, after_gap) = (Vec::new(), Vec::new());
        let walk = ChainWalk { applied, next, synced, segments, after_gap, torn: false };
        walk.check_applied(path)?;
        Ok(walk)
    }

    /// Follows the chain through the next segment.
    pub(super) fn segment(
        &mut self,
        found: FoundSegment,
        replay: &mut dyn FnMut(&Arc<Segment>, Change),
    ) -> Result<()> {
        if self.torn || found.begin != Some(self.next) {
            self.torn = true;
            self.check_gap(&found.path)?;
            self.after_gap.push(found);
            return Ok(());
        }
        let mut reader = found.reader();
        let segment = Arc::new(Segment::recovered(found));
        let (durable, end) = self.entries(&segment, &mut reader, replay)?;
        self.segments.push(WalkedSegment { segment, durable, end });
        Ok(())
    }

    /// Reads a segment's entries; returns up to where they are known to be durable, and where they
    /// end.
    fn entries(
        &mut self,
        segment: &Arc<Segment>,
        reader: &mut SegmentReader,
        replay: &mut dyn FnMut(&Arc<Segment>, Change),
    ) -> Result<(u64, u64)> {
        let failed = |error| Error::storage(&segment.path, "read its journal", error);
        let (mut offset, mut durable) = (ENTRIES as usize, 0);
        while let Some(parsed) = reader.entry(offset, self.next).map_err(failed)? {
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

    /// The B-tree and the journal must agree on the checksum of the applied entry.
    fn check_applied(&self, path: &Path) -> Result<()> {
        if self.next.sequence == self.applied.sequence + 1 && self.next.chain != self.applied.chain
        {
            let what = "the B-tree and the journal are not from the same time: restore files of one backup";
            return Err(Error::damaged(path, what));
        }
        Ok(())
    }

    /// A gap is damage if any of the missing entries was known to be durable.
    fn check_gap(&self, path: &Path) -> Result<()> {
        if self.next.sequence <= self.synced {
            let what = "entries that were durable are missing from the journal: restore a backup, or repair the store";
            return Err(Error::damaged(path, what));
        }
        Ok(())
    }

    /// Truncates and syncs the recovered segments. Without new entries that is not needed: all of
    /// them are applied.
    pub(super) fn make_durable(&mut self) -> Result<Vec<Arc<Segment>>> {
        if let Some(last) = self.segments.last() {
            self.check_gap(&last.segment.path)?;
        }
        let replayed = self.next.sequence > self.applied.sequence + 1;
        sabotage!(RecoveredUnsynced, let replayed = false);
        for walked in self.segments.iter().filter(|_| replayed) {
            walked.segment.truncate_and_sync(walked.durable, walked.end)?;
        }
        Ok(self.segments.drain(..).map(|walked| walked.segment).collect())
    }
}
