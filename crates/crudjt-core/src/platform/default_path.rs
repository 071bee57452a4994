//! The default folder of a store: the system's if it can be written, else one in the project.

use std::fs;
use std::path::{Path, PathBuf};

use crate::platform::storage::{Disk, Storage};

#[cfg(target_os = "macos")]
const SYSTEM_PATH: &str = "/usr/local/var/store_jt";
#[cfg(windows)]
const SYSTEM_PATH: &str = r"C:\Program Files\store_jt";
#[cfg(not(any(target_os = "macos", windows)))]
const SYSTEM_PATH: &str = "/var/lib/store_jt";

/// The folder of a store whose path was not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultPath {
    /// The folder.
    pub path: PathBuf,
    /// Whether it is in the project, because the system's folder cannot be written.
    pub in_project: bool,
}

/// The store's folder when no path is given: the system's folder if it exists or can be created,
/// and can be written; else `store_jt` in the project's root, which is the nearest folder at or
/// above `working_folder` with a package.json, or `working_folder` itself.
///
/// This is the rule of npm `crudjt@1.0.1`.
pub fn default_path(working_folder: &Path) -> DefaultPath {
    choose(Path::new(SYSTEM_PATH), working_folder)
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

/// Whether files can be created in the folder, which is created if missing. Trying is the only test
/// that also covers read-only mounts and access control lists.
fn writable(folder: &Path) -> bool {
    let probe = folder.join(format!(".probe-{}", std::process::id()));
    let made = Disk.create_folder(folder).and_then(|()| fs::File::create_new(&probe));
    made.and_then(|_| fs::remove_file(&probe)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    #[test]
    fn the_systems_folder_is_created_and_chosen_if_it_can_be_written() {
        let folder = folder();
        let system = folder.path().join("var/lib/store_jt");
        let place = choose(&system, folder.path());
        assert_eq!(place, DefaultPath { path: system.clone(), in_project: false });
        assert!(system.is_dir());
        #[cfg(unix)]
        for made in [&system, &folder.path().join("var")] {
            use std::os::unix::fs::PermissionsExt;
            let mode = made.metadata().expect("made").permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", made.display());
        }
    }

    #[test]
    fn otherwise_the_nearest_folder_with_a_package_json_is_chosen() {
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
