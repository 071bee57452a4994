//! The user at the other end of a socket, where it takes a function of the system's C library.
#![expect(unsafe_code, reason = "no library that is used here has a safe form")]

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// `None` if the system does not say.
pub(crate) fn uid_of(socket: &UnixStream) -> Option<u32> {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: the descriptor is open as long as `socket` is borrowed, and both pointers are valid.
    let status = unsafe { libc::getpeereid(socket.as_raw_fd(), &mut uid, &mut gid) };
    (status == 0).then_some(uid)
}
