//! Salvaging what a damaged store still holds into a new one beside it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::build::Build;
use super::finding::{Finding, Findings};
use super::meter::{Meter, Progress};
use super::newest::{Taker, read_newest};
use super::source::Source;
use super::verify::unlock;
use crate::journal::Applied;
use crate::options::Options;
use crate::random::random;
use crate::seal::EpochRow;
use crate::tree::AppliedMark;
use crate::{Error, Result};

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
/// [`Error::Locked`] while a process has the store open, [`Error::Path`] if there is none or the
/// new folder is not empty, [`Error::Damaged`] if no copy of the keyring can be read,
/// [`Error::Version`]; what keeps the new store from being written.
pub fn repair(options: &Options, how: &Repair, progress: Progress<'_>) -> Result<Repaired> {
    let mut findings = Findings::default();
    let source = Source::open(options, &mut findings)?;
    let Some(keyring) = &source.keyring else {
        let what = "no copy of the keyring can be read: put one back from a backup, without it no record can be opened";
        return Err(Error::damaged(&options.path, what));
    };
    let path = how.target.clone().unwrap_or_else(|| beside(&options.path));
    let build = Build::begin(options, &path, keyring.store)?;
    let mut salvage = Salvage { build, keep_doubtful: how.keep_doubtful, salvaged: 0 };
    let mut meter = Meter::new(progress, source.bytes);
    let unlocked = unlock(&source, options);
    let tally = read_newest(&source, &unlocked, &mut findings, &mut meter, &mut salvage)?;
    // A chain of its own: the old journal never fits behind the new B-tree.
    let applied = Applied { sequence: tally.next - 1, chain: u64::from_le_bytes(random()?) };
    let (highest_id, newest_time) = (tally.highest_id, tally.newest_time);
    salvage.build.finish(keyring, AppliedMark { applied, highest_id, newest_time })?;
    meter.finish();
    Ok(Repaired {
        path,
        salvaged: salvage.salvaged,
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

/// Takes records into the new store.
struct Salvage {
    build: Build,
    keep_doubtful: bool,
    salvaged: u64,
}

impl Taker for Salvage {
    fn take(&mut self, id: u64, record: &[u8], certain: bool) -> Result<()> {
        if !certain && !self.keep_doubtful {
            return Ok(());
        }
        self.salvaged += 1;
        self.build.put(id, record)
    }

    fn epochs(&mut self, rows: Vec<EpochRow>) {
        self.build.declare(rows);
    }
}
