//! The descriptor: what clients can do with it, and what they accept.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod hostile;

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use common::*;
use crudjt_core::{Shelf, ShelfCopy};
use crudjt_shelf::{
    Error, Look, Mapped, Memory, OUT_BYTES, ShelfClient, ShelfWriter, SystemClock, receive_shelf,
    send_shelf,
};
use hostile::{SIZE, memory, sent};
use memmap2::MmapOptions;
use rustix::fs::SealFlags;

fn shelf(bytes: usize) -> (Memory, ShelfWriter<Mapped>) {
    let (memory, words) = Memory::create(bytes).unwrap();
    (memory, ShelfWriter::begin(words, bytes, Box::new(SystemClock), || START).unwrap())
}

fn put(writer: &ShelfWriter<Mapped>, id: u64, data: &[u8]) {
    writer.put(writer.mark(), &ShelfCopy { token: &block(id), id, expiry: u64::MAX, data });
}

fn read(client: &ShelfClient, id: u64) -> Option<Vec<u8>> {
    let mut out = [0; OUT_BYTES];
    match client.read(&token(id), None, &mut out) {
        Look::Found { length, .. } => Some(out[..length].to_vec()),
        _ => None,
    }
}

/// The descriptor as a client has it.
fn received(memory: &Memory) -> OwnedFd {
    let (master, client) = UnixStream::pair().unwrap();
    send_shelf(&master, memory).unwrap();
    receive_shelf(&client).unwrap()
}

#[test]
fn a_client_reads_what_the_master_puts_until_the_master_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let (memory, writer) = shelf(1 << 20);
    std::thread::scope(|scope| {
        let accepted = scope.spawn(|| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut greeting = [0; 5];
            stream.read_exact(&mut greeting).unwrap();
            assert_eq!(&greeting, b"hello");
            send_shelf(&stream, &memory).unwrap();
            stream
        });
        let client = ShelfClient::connect(&path, b"hello", Duration::from_secs(10)).unwrap();
        let stream = accepted.join().unwrap();
        assert_eq!(read(&client, 7), None);
        put(&writer, 7, b"data");
        assert_eq!(read(&client, 7).as_deref(), Some(&b"data"[..]));
        writer.take_off(7);
        assert_eq!(read(&client, 7), None);
        drop(stream);
        std::thread::sleep(crudjt_core::SHELF_LEASE);
        assert_eq!(client.read(&token(7), None, &mut [0; OUT_BYTES]), Look::Ended);
    });
}

#[test]
fn nobody_but_the_master_can_write_shrink_or_grow_the_memory() {
    let (memory, writer) = shelf(1 << 16);
    put(&writer, 7, b"data");
    let file = File::from(received(&memory));
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let anew = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    for file in [&file, &anew] {
        assert!((&*file).write(b"x").is_err() && file.write_at(b"x", 5000).is_err());
        assert!(file.set_len(0).is_err() && file.set_len(1 << 20).is_err());
        assert!(MmapOptions::new().map_raw(file).is_err());
        let readable = MmapOptions::new().map_raw_read_only(file).unwrap();
        assert!(readable.advise(memmap2::Advice::Normal).is_ok());
        let punched =
            rustix::fs::FallocateFlags::PUNCH_HOLE | rustix::fs::FallocateFlags::KEEP_SIZE;
        assert!(rustix::fs::fallocate(file, punched, 0, 4096).is_err());
        let seals = rustix::fs::fcntl_get_seals(file).unwrap();
        assert!(seals.contains(SealFlags::FUTURE_WRITE | SealFlags::SEAL));
    }
    // The master still can.
    put(&writer, 8, b"more");
    let copied = File::open(path).unwrap();
    let mut bytes = Vec::new();
    (&copied).read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len(), 4096 + (1 << 16));
}

#[test]
fn descriptors_do_not_reach_children() {
    let (memory, _writer) = shelf(1 << 16);
    for descriptor in [memory.descriptor(), received(&memory).as_fd()] {
        let flags = rustix::io::fcntl_getfd(descriptor).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }
}

#[test]
fn what_can_be_truncated_is_refused() {
    hostile::what_can_be_truncated_is_refused();
}

#[test]
fn what_is_no_memory_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = File::create(folder.path().join("file")).unwrap();
    file.set_len(SIZE).unwrap();
    let (socket, _other) = UnixStream::pair().unwrap();
    let (pipe, _end) = std::io::pipe().unwrap();
    let directory = File::open(folder.path()).unwrap();
    let zero = File::open("/dev/zero").unwrap();
    let others = [file.as_fd(), socket.as_fd(), pipe.as_fd(), directory.as_fd(), zero.as_fd()];
    for other in others {
        assert!(matches!(sent(b"S", &[other]).err(), Some(Error::NotAShelf(_))));
    }
}

#[test]
fn memory_of_another_size_or_without_a_header_is_refused() {
    let fixed = SealFlags::SHRINK;
    for size in [0, 1, 15, 16, 4095, 4096, SIZE - 1, SIZE + 1, SIZE + 512, 1 << 40, i64::MAX as u64]
    {
        let made = std::panic::catch_unwind(|| memory(size, fixed));
        let Ok(memory) = made else { continue };
        assert!(matches!(sent(b"S", &[memory.as_fd()]).err(), Some(Error::NotAShelf(_))), "{size}");
    }
    // The size is right, the boot is not.
    assert!(matches!(sent(b"S", &[memory(SIZE, fixed).as_fd()]).err(), Some(Error::OtherClock)));
}

#[test]
fn anything_but_one_descriptor_is_refused() {
    let (one, _writer) = shelf(1 << 16);
    let one = one.descriptor();
    assert!(sent(b"S", &[one]).is_ok());
    for (carrier, descriptors) in
        [(&b"S"[..], &[][..]), (b"S", &[one, one]), (b"S", &[one; 9]), (b"X", &[one])]
    {
        let refused = sent(carrier, descriptors).err();
        assert!(matches!(refused, Some(Error::NoDescriptor)), "{refused:?}");
    }
    let (master, client) = UnixStream::pair().unwrap();
    drop(master);
    assert!(matches!(ShelfClient::receive(client).err(), Some(Error::NoDescriptor)));
}

#[test]
fn a_master_that_sends_nothing_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let _listener = UnixListener::bind(&path).unwrap();
    let refused = ShelfClient::connect(&path, b"", Duration::from_millis(20)).err();
    assert!(matches!(refused, Some(Error::Io { .. })), "{refused:?}");
    let refused = ShelfClient::connect(&folder.path().join("none"), b"", Duration::ZERO).err();
    assert!(matches!(refused, Some(Error::Io { .. })), "{refused:?}");
}

#[test]
fn a_hostile_master_cannot_make_a_reader_leave_its_memory() {
    // Everything random but what the header must have.
    let mut state = 1u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let pair = Pair::of(4 * ONE_SET);
    for _ in 0..200 {
        for at in (2..4).chain(5..6).chain(9..pair.words.len()) {
            pair.words.set(at, random() % [2, 600, u64::MAX][at % 3]);
        }
        let reader = common::reader(&pair.words, &pair.own_clock, &pair.life).unwrap();
        for id in 0..20 {
            assert_eq!(reader.read(&token(id), None, &mut [0; OUT_BYTES]), Look::Absent);
        }
    }
}
