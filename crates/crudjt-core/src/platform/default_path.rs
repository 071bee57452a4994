//! Where a store is when nobody says: the system's place if it can be used, else the project. And one
//! spelling for each path.

use std::fs;
use std::path::{Path, PathBuf};

#[cfg(target_os = "macos")]
const SYSTEM_PATH: &str = "/usr/local/var/store_jt";
#[cfg(windows)]
const SYSTEM_PATH: &str = r"C:\Program Files\store_jt";
#[cfg(not(any(target_os = "macos", windows)))]
const SYSTEM_PATH: &str = "/var/lib/store_jt";

/// A store's folder that nobody named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultPath {
    /// The folder.
    pub path: PathBuf,
    /// Whether it lies in the project, because the system's place can't be used.
    pub in_project: bool,
}

/// The store's folder when none is given: the system's place if it is there or can be made, and
/// can be written; else `store_jt` in the project's root, which is the nearest folder at or above
/// `working_folder` with a package.json, or `working_folder` itself.
///
/// The rule is that of the older implementation (npm `crudjt@1.0.1`).
pub fn default_path(working_folder: &Path) -> DefaultPath {
    choose(Path::new(SYSTEM_PATH), working_folder)
}

/// One name for a folder, whatever links and dots led to it.
pub(crate) fn settled(path: &Path) -> PathBuf {
    let absolute = || std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    plain(path.canonicalize().unwrap_or_else(|_| absolute()))
}

/// A path as people write it: Windows gives `\\?\C:\store` for `C:\store`.
#[cfg(windows)]
fn plain(path: PathBuf) -> PathBuf {
    let is_drive = |rest: &&str| rest.as_bytes().get(1) == Some(&b':');
    let text = path.to_str().and_then(|text| text.strip_prefix(r"\\?\"));
    text.filter(is_drive).map(PathBuf::from).unwrap_or(path)
}

#[cfg(not(windows))]
fn plain(path: PathBuf) -> PathBuf {
    path
}

fn choose(system: &Path, working_folder: &Path) -> DefaultPath {
    if writable(system) {
        return DefaultPath { path: system.to_path_buf(), in_project: false };
    }
    let mut above = working_folder.ancestors();
    let root = above.find(|folder| folder.join("package.json").is_file());
    let path = root.unwrap_or(working_folder).join("store_jt");
    DefaultPath { path, in_project: true }
}

/// Whether files can be made in the folder, which is made if missing. Trying is the only test that
/// also holds on read-only mounts and under access control lists.
fn writable(folder: &Path) -> bool {
    let probe = folder.join(format!(".probe-{}", std::process::id()));
    let made = fs::create_dir_all(folder).and_then(|()| fs::write(&probe, b""));
    made.and_then(|()| fs::remove_file(&probe)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    #[test]
    fn the_systems_place_is_made_and_chosen_when_it_can_be_written() {
        let folder = folder();
        let system = folder.path().join("var/lib/store_jt");
        let place = choose(&system, folder.path());
        assert_eq!(place, DefaultPath { path: system.clone(), in_project: false });
        assert!(system.is_dir());
    }

    #[test]
    fn else_the_nearest_folder_with_a_package_json_is_chosen() {
        let folder = folder();
        let blocked = folder.path().join("file");
        fs::write(&blocked, b"").expect("a file");
        let deep = folder.path().join("app/src/lib");
        fs::create_dir_all(&deep).expect("folders");
        fs::write(folder.path().join("app/package.json"), b"{}").expect("a file");
        let path = folder.path().join("app/store_jt");
        assert_eq!(choose(&blocked.join("x"), &deep), DefaultPath { path, in_project: true });
    }

    #[test]
    fn without_a_package_json_the_working_folder_is_chosen() {
        let folder = folder();
        let blocked = folder.path().join("file");
        fs::write(&blocked, b"").expect("a file");
        let path = folder.path().join("store_jt");
        let place = choose(&blocked.join("x"), folder.path());
        assert_eq!(place, DefaultPath { path, in_project: true });
    }
}
