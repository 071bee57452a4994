//! Descriptors that are no shelf, as a hostile master sends them.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use crudjt_shelf::{Error, ShelfClient};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

/// The size of a shelf of one set.
pub const SIZE: u64 = 4096 + 2048;

/// What a client makes of what is sent with these descriptors.
pub fn sent(carrier: &[u8], descriptors: &[BorrowedFd<'_>]) -> Result<ShelfClient, Error> {
    let (master, client) = UnixStream::pair().unwrap();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(9))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    let carrier = [std::io::IoSlice::new(carrier)];
    sendmsg(&master, &carrier, &mut ancillary, SendFlags::empty()).unwrap();
    drop(master);
    ShelfClient::receive(client)
}

/// Memory with the header of a shelf.
pub fn memory(size: u64, seals: SealFlags) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(memfd_create("test", flags).unwrap());
    ftruncate(&file, size).unwrap();
    if size >= 16 {
        file.write_all(b"crudjtS1\x01\0\0\0\0\0\0\0").unwrap();
    }
    fcntl_add_seals(&file, seals).unwrap();
    file.into()
}

/// Reading what was truncated after it was mapped would end the process.
pub fn what_can_be_truncated_is_refused() {
    for seals in [SealFlags::empty(), SealFlags::GROW, SealFlags::WRITE, SealFlags::SEAL] {
        let refused = sent(b"S", &[memory(SIZE, seals).as_fd()]).err().unwrap();
        assert!(matches!(refused, Error::NotAShelf("it can be truncated")), "{refused}");
    }
}
