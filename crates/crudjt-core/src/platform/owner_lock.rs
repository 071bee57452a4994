//! One owner per store: an advisory lock on the file `lock`, which the system releases however the
//! owner ends. The owner's identity is in a second file, since a locked file cannot be read on
//! Windows.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Owner;
use crate::error::is_full;
use crate::platform::clock::{Clock, Signal};
use crate::platform::storage::{Folder, Mode, StorageFile, read_all};
use crate::{Error, Result};

const LOCK_FILE: &str = "lock";
const OWNER_FILE: &str = "owner";
const OWNER_SIZE_MAX: u64 = 4096;
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

/// Ownership of a store, or the exclusion of owners, until it is dropped.
pub(crate) type Ownership = Box<dyn Send + Sync>;

/// Keeps others from opening the store while the result lives. Changes no file: a store without a
/// lock file was never owned, so there is nothing to lock.
pub(crate) fn keep_out(folder: Folder<'_>, names: &[String]) -> Result<Option<Ownership>> {
    if !names.iter().any(|name| name == LOCK_FILE) {
        return Ok(None);
    }
    try_lock(folder)?.map(Some).ok_or_else(|| locked(folder))
}

/// Takes ownership until the result is dropped, waiting up to `wait` for another owner.
pub(crate) fn own(folder: Folder<'_>, clock: &dyn Clock, wait: Duration) -> Result<Ownership> {
    let deadline = clock.monotonic() + wait.as_millis() as u64;
    loop {
        if let Some(lock) = try_lock(folder)? {
            write_owner(folder)?;
            return Ok(lock);
        }
        let now = clock.monotonic();
        if now >= deadline {
            return Err(locked(folder));
        }
        let next = deadline.min(now + RETRY.as_millis() as u64);
        clock.wait(&Arc::new(Signal::default()), Some(next));
    }
}

fn try_lock(folder: Folder<'_>) -> Result<Option<Ownership>> {
    let lock = folder.storage.lock(&folder.path.join(LOCK_FILE));
    lock.map_err(|error| Error::unusable(folder.path, error))
}

fn locked(folder: Folder<'_>) -> Error {
    Error::Locked { path: folder.path.to_path_buf(), owner: read_owner(folder) }
}

fn write_owner(folder: Folder<'_>) -> Result<()> {
    let owner = Owner::current();
    let text = format!("{} {}\n", owner.pid, owner.host);
    match folder.replace(OWNER_FILE, text.as_bytes()) {
        // A name is not worth a store: on a full disk it stays unknown.
        Err(error) if is_full(&error) => {
            let _ = folder.storage.remove(&folder.path.join(OWNER_FILE));
            Ok(())
        }
        written => written.map_err(|error| Error::unusable(folder.path, error)),
    }
}

fn read_owner(folder: Folder<'_>) -> Owner {
    let short = |file: &Arc<dyn StorageFile>| file.size().is_ok_and(|size| size < OWNER_SIZE_MAX);
    let file = folder.open(OWNER_FILE, Mode::Read).ok().filter(short);
    let bytes = file.and_then(|file| read_all(file.as_ref()).ok()).unwrap_or_default();
    Owner::parse(&String::from_utf8_lossy(&bytes)).unwrap_or_default()
}

/// Whether a file of this name belongs to this module.
pub(crate) fn is_own_file(name: &str) -> bool {
    [LOCK_FILE, OWNER_FILE, "owner.new"].contains(&name)
}
