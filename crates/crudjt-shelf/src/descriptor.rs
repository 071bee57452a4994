//! Sends the descriptor of a shelf over a Unix socket, and receives it.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use crate::error::{Error, Result};
use crate::memory::Memory;

/// The byte that carries the descriptor.
const CARRIER: u8 = b'S';
/// Descriptors that are taken in at most, to close those that nobody asked for.
const ACCEPTED: usize = 4;

/// Sends what readers get of a shelf's memory.
///
/// # Errors
/// [`Error::Io`].
pub fn send_shelf(stream: &UnixStream, memory: &Memory) -> Result<()> {
    let descriptors = [memory.descriptor()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    let carrier = [IoSlice::new(&[CARRIER])];
    loop {
        match sendmsg(stream, &carrier, &mut ancillary, no_signal()) {
            Err(Errno::INTR) => {}
            Err(errno) => return Err(Error::Io { what: "send the shelf", source: errno.into() }),
            Ok(_) => return Ok(()),
        }
    }
}

/// A reader that is gone is an error here, whatever the process does with signals.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn no_signal() -> SendFlags {
    SendFlags::NOSIGNAL
}

/// The standard library's sockets send no signal here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn no_signal() -> SendFlags {
    SendFlags::empty()
}

/// Receives the descriptor of a shelf; waits as long as reads of the stream do.
///
/// # Errors
/// [`Error::NoDescriptor`], [`Error::Io`].
pub fn receive_shelf(stream: &UnixStream) -> Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(ACCEPTED))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut carrier = [IoSliceMut::new(&mut byte)];
    let received = loop {
        match recvmsg(stream, &mut carrier, &mut ancillary, flags()) {
            Err(Errno::INTR) => {}
            received => break received,
        }
    };
    let received =
        received.map_err(|errno| Error::Io { what: "receive the shelf", source: errno.into() })?;
    let mut descriptors: Vec<OwnedFd> = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    match (received.bytes, byte, descriptors.pop()) {
        (1, [CARRIER], Some(descriptor)) if descriptors.is_empty() => {
            keep_from_children(&descriptor)?;
            Ok(descriptor)
        }
        _ => Err(Error::NoDescriptor),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn flags() -> RecvFlags {
    RecvFlags::CMSG_CLOEXEC
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn flags() -> RecvFlags {
    RecvFlags::empty()
}

/// Where the descriptor cannot be received so.
fn keep_from_children(descriptor: &OwnedFd) -> Result<()> {
    fcntl_setfd(descriptor.as_fd(), FdFlags::CLOEXEC)
        .map_err(|errno| Error::Io { what: "keep the shelf", source: errno.into() })
}
