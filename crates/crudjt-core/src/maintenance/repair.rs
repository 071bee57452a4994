//! Salvaging what a damaged store still holds into a new one beside it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::finding::{Finding, Findings};
use super::progress::Progress;
use super::salvage::{Salvaged, salvage};
use super::store_reader::StoreReader;
use crate::Result;
use crate::options::Options;

/// Where [`repair`] puts what it salvages, and how far it trusts.
#[derive(Debug, Clone, Default)]
pub struct Repair {
    /// The new store's folder, which must not be there or be empty. Default: the damaged store's
    /// path with `.repaired` behind it.
    pub target: Option<PathBuf>,
    /// Whether records come along of which a hole in the journal may hide the end: some of them may
    /// be of tokens that were deleted or used up. Default false.
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
    /// Records that were found, of which a hole in the journal may hide a later change: left out
    /// unless they were asked for.
    pub doubtful: u64,
    /// Records that are known to have been there and can't be read.
    pub lost: u64,
    /// Salvaged records that were opened with one of the given secrets.
    pub opened: u64,
    /// The first 100 things that were wrong.
    pub findings: Vec<Finding>,
    /// How many things were wrong.
    pub finding_count: u64,
}

/// Copies every record whose newest state can still be told into a new store, sealed as it is: the
/// tokens and secrets stay the same. The damaged store is only read. What needs a secret: finding
/// records that look right but don't open; without one they come along and read as absent.
///
/// # Errors
/// [`crate::Error::Locked`] while a process has the store open, [`crate::Error::Path`] if there is
/// none or the new folder is not empty, [`crate::Error::Damaged`] if no copy of the keyring can be
/// read, [`crate::Error::Version`]; what keeps the new store from being written.
pub fn repair(options: &Options, how: &Repair, progress: Progress<'_>) -> Result<Repaired> {
    let mut findings = Findings::default();
    let source = StoreReader::open(options, &mut findings)?;
    let path = how.target.clone().unwrap_or_else(|| beside(&options.path));
    let Salvaged { tally, records, .. } =
        salvage(&source, &path, how.keep_doubtful, &mut findings, progress, |_| Ok(()))?;
    Ok(Repaired {
        path,
        salvaged: records,
        doubtful: tally.doubtful,
        lost: tally.lost,
        opened: tally.opened,
        findings: findings.kept,
        finding_count: findings.count,
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".repaired");
    PathBuf::from(name)
}
