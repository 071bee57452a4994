//! Copies a store into another folder: one that is not open, or a snapshot of one that is.

use std::path::Path;

use super::finding::{Finding, FindingKind, Findings};
use super::progress::Progress;
use super::salvage::salvage;
use super::store_builder::{BATCH_BYTES, StoreBuilder, refuse_within};
use super::store_reader::StoreReader;
use crate::engine::Engine;
use crate::options::Options;
use crate::platform::canonical::canonical;
use crate::{Error, Result};

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackedUp {
    /// Its records, including expired ones.
    pub records: u64,
    /// Bytes of its B-tree.
    pub bytes: u64,
}

/// Copies a store that no process has open into a folder that does not exist or is empty. The store
/// is verified as by [`crate::verify`], so a copy of a damaged store never passes for a good one. It
/// is not changed, and no secret is needed. `progress` receives bytes.
///
/// # Errors
/// [`Error::Locked`] while a process has it open, [`Error::Path`] if there is no store or the folder
/// is not empty, [`Error::Damaged`] if anything but one copy of the keyring is damaged: the copy is
/// then incomplete, and opening it is refused. [`Error::Version`]; those of writing the copy.
pub fn backup(options: &Options, target: &Path, progress: Progress<'_>) -> Result<BackedUp> {
    let target = &canonical(target);
    refuse_within(&options.path, target)?;
    let mut findings = Findings::default();
    let source = StoreReader::open(options, &mut findings)?;
    let approve = |findings: &Findings| require_sound(options, findings);
    let salvaged = salvage(&source, target, false, &mut findings, progress, approve)?;
    Ok(BackedUp { records: salvaged.records, bytes: salvaged.bytes })
}

/// One copy of the keyring may be damaged: the other one is copied.
fn require_sound(options: &Options, findings: &Findings) -> Result<()> {
    let matters = |finding: &&Finding| finding.kind != FindingKind::Keyring;
    match findings.kept.iter().find(matters) {
        None => Ok(()),
        Some(Finding { file, text, .. }) => {
            let what = format!("{text}: repair the store, or restore an earlier backup");
            Err(Error::damaged(&options.path.join(file), what))
        }
    }
}

/// Copies a store that is open. See [`crate::Store::backup`].
pub(crate) fn backup_open(
    engine: &Engine,
    target: &Path,
    progress: Progress<'_>,
) -> Result<BackedUp> {
    refuse_within(engine.path(), target)?;
    engine.with_snapshot(|keyring, snapshot| {
        let mut build = StoreBuilder::begin(engine.options(), target, keyring.store)?;
        build.declare(snapshot.epochs.clone());
        let (mut records, mut last, total) = (0, 0, snapshot.count()?);
        loop {
            engine.check_open()?;
            progress(records, total);
            let rows = snapshot.rows_above(last, BATCH_BYTES)?;
            let Some((id, _)) = rows.last() else { break };
            last = *id;
            records += rows.len() as u64;
            build.put_all(rows)?;
        }
        engine.check_open()?;
        let bytes = build.finish(keyring, snapshot.mark)?;
        Ok(BackedUp { records, bytes })
    })
}
