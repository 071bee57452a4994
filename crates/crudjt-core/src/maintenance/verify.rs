//! Verifies a store without changing it.

use super::finding::{Finding, Findings};
use super::merge::{RecordVisitor, Tally};
use super::newest_states::read_newest;
use super::progress::{Progress, ProgressMeter};
use super::store_reader::{StoreReader, list};
use crate::Result;
use crate::crypto::keyring::Unlocked;
use crate::options::Options;
use crate::tree::DAMAGED_TREES;

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Readable records, including expired ones.
    pub records: u64,
    /// Records that have expired and that no sweep has removed yet.
    pub expired: u64,
    /// Records that were decrypted with one of the given secrets.
    pub opened: u64,
    /// Blocks of the B-tree's file.
    pub blocks: u64,
    /// Journal segments.
    pub segments: u64,
    /// Journal entries that the next opening replays.
    pub entries: u64,
    /// The first 100 things that are wrong.
    pub findings: Vec<Finding>,
    /// How many things are wrong.
    pub finding_count: u64,
    /// The files that keep what damaged blocks have cost before. They say nothing of the store as it is
    /// now.
    pub kept: Vec<String>,
}

impl Verified {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.finding_count == 0
    }
}

/// Verifies a store that no process has open: both copies of the keyring; the journal's segments,
/// their chain and their marks; every block of the B-tree that its commit refers to, and that each has
/// one owner; every record; and whether all of these are consistent. Changes no byte. Of the options
/// only the path and the secrets, which may be none, matter: records are decrypted where a secret has
/// the key.
///
/// # Errors
/// [`crate::Error::Locked`] while a process has it open, [`crate::Error::Path`] if there is no
/// store, [`crate::Error::Version`] for one of a newer version. Damage is a finding, not an error.
pub fn verify(options: &Options, progress: Progress<'_>) -> Result<Verified> {
    let mut findings = Findings::default();
    let source = StoreReader::open(options, &mut findings)?;
    let unlocked = unlock(&source, options);
    let mut meter = ProgressMeter::new(progress, source.bytes);
    let tally = read_newest(&source, &unlocked, &mut findings, &mut meter, &mut Ignore)?;
    meter.finish();
    Ok(report(tally, findings, kept(options)?))
}

/// The domains that the given secrets unlock.
pub(super) fn unlock(source: &StoreReader<'_>, options: &Options) -> Unlocked {
    let none = Unlocked { domains: Vec::new(), own: None };
    source.keyring.as_ref().map_or(none, |keyring| keyring.unlock(&options.secrets))
}

/// The files of an earlier loss.
fn kept(options: &Options) -> Result<Vec<String>> {
    let names = list(options)?.into_iter();
    Ok(names.filter(|name| DAMAGED_TREES.contains(&name.as_str())).collect())
}

fn report(tally: Tally, findings: Findings, kept: Vec<String>) -> Verified {
    Verified {
        records: tally.records,
        expired: tally.expired,
        opened: tally.opened,
        blocks: tally.blocks,
        segments: tally.segments,
        entries: tally.to_replay,
        finding_count: findings.count,
        findings: findings.into_sorted(),
        kept,
    }
}

struct Ignore;

impl RecordVisitor for Ignore {
    fn record(&mut self, _: u64, _: &[u8], _: bool) -> Result<()> {
        Ok(())
    }
}
