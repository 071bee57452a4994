//! One spelling for each path.

use std::path::{Component, Path, PathBuf};

/// The absolute path of a folder without symbolic links and dots; its last parts need not exist.
pub(crate) fn canonical(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut ancestors = absolute.ancestors();
    let existing = ancestors.find_map(|folder| Some((folder, folder.canonicalize().ok()?)));
    let Some((folder, mut resolved)) = existing else { return absolute };
    let missing = absolute.strip_prefix(folder).unwrap_or(Path::new(""));
    let mut goes_up = false;
    for part in missing.components() {
        if part == Component::ParentDir {
            resolved.pop();
            goes_up = true;
        } else {
            resolved.push(part);
        }
    }
    // What follows `..` may exist, and be a link.
    if goes_up { canonical(&resolved) } else { without_verbatim_prefix(resolved) }
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn links_are_resolved_also_where_the_last_parts_do_not_exist() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("there");
        fs::create_dir(root.join("real")).expect("a folder");
        std::os::unix::fs::symlink(root.join("real"), root.join("link")).expect("a link");
        for path in ["link", "link/", "real/.", "none/../link", "real/none/../../link"] {
            assert_eq!(canonical(&root.join(path)), root.join("real"), "{path}");
            let below = root.join(path).join("a/b");
            assert_eq!(canonical(&below), root.join("real/a/b"), "{path}");
        }
    }
}
