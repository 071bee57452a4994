//! Who is at the other end of a socket.

use std::os::unix::net::UnixStream;

/// Whether the process at the other end is of this user, or of root.
pub(crate) fn is_trusted(socket: &UnixStream) -> bool {
    let own = rustix::process::geteuid();
    uid_of(socket).is_some_and(|uid| uid == own.as_raw() || uid == 0)
}

#[cfg(target_os = "linux")]
fn uid_of(socket: &UnixStream) -> Option<u32> {
    Some(rustix::net::sockopt::socket_peercred(socket).ok()?.uid.as_raw())
}

#[cfg(not(target_os = "linux"))]
use crate::peer_unsafe::uid_of;
