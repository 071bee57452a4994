//! Findings: what is wrong with a store, one sentence each.

use std::path::Path;

use crate::Error;
use crate::tree::Damage;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindingKind {
    /// A copy of the keyring.
    Keyring,
    /// The journal.
    Journal,
    /// A block of the B-tree's file, or the whole file.
    Block,
    /// A record.
    Record,
    /// The expiry table.
    Expiry,
    /// The epochs, whose keys seal the records.
    Epoch,
}

impl FindingKind {
    /// Its stable name, as `journal`.
    pub fn name(self) -> &'static str {
        match self {
            FindingKind::Keyring => "keyring",
            FindingKind::Journal => "journal",
            FindingKind::Block => "block",
            FindingKind::Record => "record",
            FindingKind::Expiry => "expiry",
            FindingKind::Epoch => "epoch",
        }
    }
}

/// One thing that is wrong with a store. Holds no token, data or key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub kind: FindingKind,
    /// The file's name, or the folder's if a file is missing.
    pub file: String,
    /// Where: the block of the B-tree, the sequence in the journal, or the record's id.
    pub place: Option<u64>,
    /// What is wrong, in one sentence.
    pub text: String,
}

/// The number of findings that are kept; all are counted.
const KEPT: usize = 100;

/// The findings so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) kept: Vec<Finding>,
    pub(super) count: u64,
}

impl Findings {
    pub(super) fn add(
        &mut self,
        kind: FindingKind,
        path: &Path,
        place: Option<u64>,
        text: impl Into<String>,
    ) {
        self.count += 1;
        if self.kept.len() < KEPT {
            let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            self.kept.push(Finding { kind, file, place, text: text.into() });
        }
    }

    /// By kind, file and place.
    pub(super) fn into_sorted(mut self) -> Vec<Finding> {
        let order = |one: &Finding, other: &Finding| {
            let kind = one.kind.cmp(&other.kind);
            kind.then_with(|| one.file.cmp(&other.file)).then(one.place.cmp(&other.place))
        };
        self.kept.sort_by(order);
        self.kept
    }

    /// Adds damage to the B-tree's file.
    pub(super) fn add_damage(&mut self, path: &Path, damage: Damage) {
        self.add(FindingKind::Block, path, Some(damage.block), damage.what);
    }

    /// Adds what an error says of a file, without naming the file twice.
    pub(super) fn add_error(&mut self, kind: FindingKind, path: &Path, error: &Error) {
        let text = match error {
            Error::Damaged { what, .. } => what.clone(),
            other => other.to_string(),
        };
        self.add(kind, path, None, text);
    }
}
