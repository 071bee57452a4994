//! Copies every record whose newest state is known from a store that is not open into a new one.

use std::path::Path;

use super::finding::Findings;
use super::merge::{RecordVisitor, Tally};
use super::newest_states::read_newest;
use super::progress::{Progress, ProgressMeter};
use super::store_builder::StoreBuilder;
use super::store_reader::StoreReader;
use super::verify::unlock;
use crate::crypto::EpochRow;
use crate::crypto::random::random;
use crate::journal::Applied;
use crate::tree::AppliedMark;
use crate::{Error, Result};

/// What the new store holds.
pub(super) struct Salvaged {
    pub(super) tally: Tally,
    /// Its number of records.
    pub(super) records: u64,
    /// Bytes of its B-tree.
    pub(super) bytes: u64,
}

/// Creates a store in `target` from the records of `source`, which stay sealed. `approve` sees the
/// findings before the new store is finished; its error leaves the store incomplete.
pub(super) fn salvage(
    source: &StoreReader<'_>,
    target: &Path,
    keep_doubtful: bool,
    findings: &mut Findings,
    progress: Progress<'_>,
    approve: impl FnOnce(&Findings) -> Result<()>,
) -> Result<Salvaged> {
    let Some(keyring) = &source.keyring else {
        return Err(Error::no_keyring(&source.options.path));
    };
    let build = StoreBuilder::begin(source.options, target, keyring.store)?;
    let mut copy = Copy { build, keep_doubtful, records: 0 };
    let mut meter = ProgressMeter::new(progress, source.bytes);
    let unlocked = unlock(source, source.options);
    let tally = read_newest(source, &unlocked, findings, &mut meter, &mut copy)?;
    approve(findings)?;
    // A new chain: the old journal must never match the new B-tree.
    let applied = Applied { sequence: tally.next - 1, chain: u64::from_le_bytes(random()?) };
    let (highest_id, newest_time) = (tally.highest_id, tally.newest_time);
    let bytes = copy.build.finish(keyring, AppliedMark { applied, highest_id, newest_time })?;
    meter.finish();
    Ok(Salvaged { tally, records: copy.records, bytes })
}

/// Copies records into the new store.
struct Copy {
    build: StoreBuilder,
    keep_doubtful: bool,
    records: u64,
}

impl RecordVisitor for Copy {
    fn record(&mut self, id: u64, record: &[u8], certain: bool) -> Result<()> {
        if !certain && !self.keep_doubtful {
            return Ok(());
        }
        self.records += 1;
        self.build.put(id, record)
    }

    fn epochs(&mut self, rows: Vec<EpochRow>) {
        self.build.declare(rows);
    }
}
