//! One owner per store: an advisory lock on the file `lock`, which the system drops when the owner
//! ends in whatever way. Who it is stands in a second file, since a locked file can't be read on
//! Windows.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use crate::error::Owner;
use crate::platform::Environment;
use crate::platform::clock::Signal;
use crate::platform::storage::{Mode, StorageFile, read_all, replace};
use crate::{Error, Result};

const LOCK_FILE: &str = "lock";
const OWNER_FILE: &str = "owner";
const RETRY: Duration = Duration::from_millis(20);

impl Owner {
    fn current() -> Owner {
        Owner {
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            pid: std::process::id(),
        }
    }

    fn parse(text: &str) -> Option<Owner> {
        let (pid, host) = text.trim_end().split_once(' ')?;
        Some(Owner { host: host.to_owned(), pid: pid.parse().ok()? })
    }
}

/// Ownership of a store until dropped.
pub(crate) struct Ownership {
    _lock: Box<dyn Send + Sync>,
}

/// Keeps others from opening the store as long as the result lives, and changes nothing: what was
/// never owned has no lock to take.
pub(crate) fn keep_out(
    environment: &Environment,
    folder: &Path,
    names: &[String],
) -> Result<Option<Box<dyn Send + Sync>>> {
    if !names.iter().any(|name| name == LOCK_FILE) {
        return Ok(None);
    }
    let lock = environment.storage.lock(&folder.join(LOCK_FILE));
    match lock.map_err(|error| Error::unusable(folder, error))? {
        Some(lock) => Ok(Some(lock)),
        None => Err(locked(environment, folder)),
    }
}

fn locked(environment: &Environment, folder: &Path) -> Error {
    Error::Locked { path: folder.to_path_buf(), owner: read_owner(environment, folder) }
}

/// Takes ownership, waiting for the present owner up to `wait`.
pub(crate) fn own(environment: &Environment, folder: &Path, wait: Duration) -> Result<Ownership> {
    let deadline = environment.clock.monotonic() + wait.as_millis() as u64;
    loop {
        let lock = environment.storage.lock(&folder.join(LOCK_FILE));
        if let Some(lock) = lock.map_err(|error| Error::unusable(folder, error))? {
            write_owner(environment, folder)?;
            return Ok(Ownership { _lock: lock });
        }
        let now = environment.clock.monotonic();
        if now >= deadline {
            return Err(locked(environment, folder));
        }
        let next = deadline.min(now + RETRY.as_millis() as u64);
        environment.clock.wait(&Arc::new(Signal::default()), Some(next));
    }
}

fn write_owner(environment: &Environment, folder: &Path) -> Result<()> {
    let owner = Owner::current();
    let text = format!("{} {}\n", owner.pid, owner.host);
    replace(environment.storage.as_ref(), &folder.join(OWNER_FILE), text.as_bytes())
        .map_err(|error| Error::unusable(folder, error))
}

fn read_owner(environment: &Environment, folder: &Path) -> Owner {
    let file = environment.storage.open(&folder.join(OWNER_FILE), Mode::Read);
    let short = |file: &Arc<dyn StorageFile>| file.size().is_ok_and(|size| size < 4096);
    let file = file.ok().filter(short);
    let bytes = file.and_then(|file| read_all(file.as_ref()).ok()).unwrap_or_default();
    Owner::parse(&String::from_utf8_lossy(&bytes)).unwrap_or_default()
}

/// Whether a file of this name belongs to this module.
pub(crate) fn is_own_file(name: &str) -> bool {
    [LOCK_FILE, OWNER_FILE, "owner.new"].contains(&name)
}
