//! Reading a store that nobody has open into a new one: every record whose newest state can be told.

use std::path::Path;

use super::finding::Findings;
use super::newest_states::{Taker, Tally, read_newest};
use super::progress::{Progress, ProgressMeter};
use super::store_builder::StoreBuilder;
use super::store_reader::StoreReader;
use super::verify::unlock;
use crate::crypto::EpochRow;
use crate::crypto::random::random;
use crate::journal::Applied;
use crate::tree::AppliedMark;
use crate::{Error, Result};

/// What came into the new store.
pub(super) struct Salvaged {
    pub(super) tally: Tally,
    /// Its records.
    pub(super) records: u64,
    /// Bytes of its B-tree.
    pub(super) bytes: u64,
}

/// Makes a store in `target` of what `source` holds. Records come along as they are sealed.
/// `approve` sees what was found before the new store is whole; with its error it never becomes so.
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
    let mut taking = Taking { build, keep_doubtful, taken: 0 };
    let mut meter = ProgressMeter::new(progress, source.bytes);
    let unlocked = unlock(source, source.options);
    let tally = read_newest(source, &unlocked, findings, &mut meter, &mut taking)?;
    approve(findings)?;
    // A chain of its own: the old journal never fits behind the new B-tree.
    let applied = Applied { sequence: tally.next - 1, chain: u64::from_le_bytes(random()?) };
    let (highest_id, newest_time) = (tally.highest_id, tally.newest_time);
    let bytes = taking.build.finish(keyring, AppliedMark { applied, highest_id, newest_time })?;
    meter.finish();
    Ok(Salvaged { tally, records: taking.taken, bytes })
}

/// Takes records into the new store.
struct Taking {
    build: StoreBuilder,
    keep_doubtful: bool,
    taken: u64,
}

impl Taker for Taking {
    fn take(&mut self, id: u64, record: &[u8], certain: bool) -> Result<()> {
        if !certain && !self.keep_doubtful {
            return Ok(());
        }
        self.taken += 1;
        self.build.put(id, record)
    }

    fn epochs(&mut self, rows: Vec<EpochRow>) {
        self.build.declare(rows);
    }
}
