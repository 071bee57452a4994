//! Backup tickets: a client proves write access to the store's folder by a small file with a random
//! name there, which holds the path of the copy, and sends only the name. Whoever merely reaches the
//! master cannot make it write anything, and a master of another store does not find the ticket.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The length of a ticket's name, which travels in the field of a token.
const NAME_LENGTH: usize = 22;
/// No supported system has longer paths.
const MAX_TICKET_BYTES: u64 = 65_536;

/// Reads and removes a ticket: each is valid once. Returns the path of the copy; `None` if there is
/// no such ticket.
pub(crate) fn consume(folder: &Path, name: &[u8]) -> Option<PathBuf> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.len() != NAME_LENGTH || !name.iter().all(is_plain) {
        return None;
    }
    let file = folder.join(format!("ticket-{}", std::str::from_utf8(name).ok()?));
    let target = read_regular(&file)?;
    fs::remove_file(&file).ok()?;
    (!target.is_empty()).then(|| PathBuf::from(target))
}

/// Reads a regular file; a link, a folder or a pipe is refused, without blocking.
fn read_regular(path: &Path) -> Option<String> {
    let file = open(path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > MAX_TICKET_BYTES {
        return None;
    }
    let mut text = Vec::new();
    file.take(MAX_TICKET_BYTES).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<fs::File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<fs::File> {
    fs::File::open(path)
}
