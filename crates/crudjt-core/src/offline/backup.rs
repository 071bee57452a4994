//! Copying a snapshot of an open store into a folder of its own.

use std::path::Path;

use super::build::{BATCH_BYTES, Build};
use crate::keyring::Keyring;
use crate::options::Options;
use crate::tree::Snapshot;
use crate::{Error, Result};

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackedUp {
    /// Its records; expired ones count.
    pub records: u64,
    /// Bytes of its B-tree.
    pub bytes: u64,
}

/// Copies a snapshot into `target`; `go_on` is asked before each step.
pub(crate) fn copy(
    options: &Options,
    target: &Path,
    keyring: &Keyring,
    snapshot: &Snapshot<'_>,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<BackedUp> {
    if target.starts_with(&options.path) {
        let reason = "the folder lies in the store's own: give one elsewhere".to_owned();
        return Err(Error::Path { path: target.to_path_buf(), reason });
    }
    let mut build = Build::begin(options, target, keyring.store)?;
    build.declare(snapshot.epochs.clone());
    let (mut records, mut last) = (0, 0);
    loop {
        go_on()?;
        let rows = snapshot.rows_above(last, BATCH_BYTES)?;
        let Some((id, _)) = rows.last() else { break };
        last = *id;
        records += rows.len() as u64;
        build.put_all(rows)?;
    }
    go_on()?;
    let bytes = build.finish(keyring, snapshot.mark)?;
    Ok(BackedUp { records, bytes })
}
