//! Salvages the records of a damaged store into a new one beside it.

use std::path::{Path, PathBuf};

use super::finding::{Finding, Findings};
use super::progress::Progress;
use super::salvage::{Salvaged, salvage};
use super::store_builder::{refuse_within, with_suffix};
use super::store_reader::StoreReader;
use crate::Result;
use crate::options::Options;
use crate::platform::canonical::canonical;

/// The options of [`repair`].
#[derive(Debug, Clone, Default)]
pub struct Repair {
    /// The new store's folder, which must not exist or be empty. Default: the damaged store's path
    /// followed by `.repaired`.
    pub target: Option<PathBuf>,
    /// Whether to salvage also records whose later history may be lost in a gap in the journal: some of
    /// them may belong to tokens that were deleted or used up. Default false.
    pub keep_doubtful: bool,
}

/// What [`repair`] salvaged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repaired {
    /// The new store's folder.
    pub path: PathBuf,
    /// Records in it.
    pub salvaged: u64,
    /// Records whose later history may be lost in a gap in the journal: omitted unless
    /// [`Repair::keep_doubtful`] is set.
    pub doubtful: u64,
    /// Records that are known to have existed and are unreadable; `None` if so much of the B-tree is
    /// unreadable that nothing tells how many it held.
    pub lost: Option<u64>,
    /// Salvaged records that were decrypted with one of the given secrets.
    pub opened: u64,
    /// The first 100 things that were wrong.
    pub findings: Vec<Finding>,
    /// How many things were wrong.
    pub finding_count: u64,
}

/// Copies every record whose newest state is still known into a new store, without decrypting it:
/// tokens and secrets stay the same. The damaged store is only read. A secret is needed only to find
/// records that look valid but can't be decrypted; without one they are copied and read as absent.
///
/// # Errors
/// [`crate::Error::Locked`] while a process has the store open, [`crate::Error::Path`] if there is
/// none or the new folder is not empty, [`crate::Error::Damaged`] if no copy of the keyring is
/// readable, [`crate::Error::Version`]; any error of writing the new store.
pub fn repair(options: &Options, how: &Repair, progress: Progress<'_>) -> Result<Repaired> {
    let path = how.target.clone().unwrap_or_else(|| default_target(&options.path));
    refuse_within(&options.path, &path)?;
    let mut findings = Findings::default();
    let source = StoreReader::open(options, &mut findings)?;
    let Salvaged { tally, records, .. } = salvage(
        &source,
        &canonical(&path),
        how.keep_doubtful,
        &mut findings,
        progress,
        |_| Ok(()),
    )?;
    Ok(Repaired {
        path,
        salvaged: records,
        doubtful: tally.doubtful,
        lost: (!tally.lost_more).then_some(tally.lost),
        opened: tally.opened,
        finding_count: findings.count,
        findings: findings.into_sorted(),
    })
}

/// The path without a trailing slash, followed by `.repaired`.
fn default_target(path: &Path) -> PathBuf {
    match path.file_name() {
        Some(_) => with_suffix(path, ".repaired"),
        // As for `.` and `..`.
        None => with_suffix(&canonical(path), ".repaired"),
    }
}
