//! One spelling for each path.

use std::path::{Path, PathBuf};

/// The absolute path of a folder without symbolic links and dots.
pub(crate) fn canonical(path: &Path) -> PathBuf {
    let absolute = || std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    without_verbatim_prefix(path.canonicalize().unwrap_or_else(|_| absolute()))
}

/// Windows canonicalizes `C:\store` to the verbatim path `\\?\C:\store`.
#[cfg(windows)]
fn without_verbatim_prefix(path: PathBuf) -> PathBuf {
    let is_drive = |rest: &&str| rest.as_bytes().get(1) == Some(&b':');
    let text = path.to_str().and_then(|text| text.strip_prefix(r"\\?\"));
    text.filter(is_drive).map(PathBuf::from).unwrap_or(path)
}

#[cfg(not(windows))]
fn without_verbatim_prefix(path: PathBuf) -> PathBuf {
    path
}
