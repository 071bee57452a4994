//! The real file system.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::map_unsafe::MappedFile;
use super::{Held, Mapping, Mode, Storage, StorageFile};
use crate::error::NotOwned;

/// The real file system.
#[derive(Debug, Default, Clone, Copy)]
pub struct Disk;

impl Storage for Disk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let missing = path.ancestors().take_while(|folder| !folder.exists()).count();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
        let parents = path.ancestors().skip(1).take(missing);
        parents
            .filter(|parent| !parent.as_os_str().is_empty())
            .try_for_each(|parent| self.sync_folder(parent))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn StorageFile>> {
        Ok(Arc::new(DiskFile(open_regular(path, &mut OpenOptions::new(), mode)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    // Windows has no handle on a folder that could be flushed; NTFS journals its entries.
    #[cfg(not(unix))]
    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, path: &Path, mode: Mode) -> io::Result<Option<Box<dyn Held>>> {
        let open = |mode| open_regular(path, unremovable(&mut OpenOptions::new()), mode);
        // A store on a read-only medium can still be inspected.
        let file = open(mode).or_else(|error| open(Mode::Read).map_err(|_| error))?;
        match file.try_lock() {
            // One that was removed meanwhile locks nothing.
            Ok(()) => {
                let lock = DiskLock(HeldFile { file, path: path.to_path_buf() });
                Ok(lock.is_in_place().then(|| Box::new(lock) as Box<dyn Held>))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    #[cfg(unix)]
    fn hold_folder(&self, folder: &Path) -> io::Result<Box<dyn Held>> {
        Ok(Box::new(HeldFile { file: File::open(folder)?, path: folder.to_path_buf() }))
    }

    // Windows neither removes nor renames a folder with an open file that is not shared for removal.
    #[cfg(not(unix))]
    fn hold_folder(&self, folder: &Path) -> io::Result<Box<dyn Held>> {
        Ok(Box::new(HeldFolder(folder.to_path_buf())))
    }

    fn maps_well(&self, folder: &Path) -> bool {
        maps_well(folder)
    }

    #[cfg(unix)]
    fn is_shared(&self, folder: &Path) -> bool {
        use std::os::unix::fs::PermissionsExt;
        let others = |folder: fs::Metadata| folder.permissions().mode() & 0o022 != 0;
        fs::metadata(folder).is_ok_and(others)
    }
}

/// Opens a regular file. A link in its place is not followed, and a FIFO does not block.
fn open_regular(path: &Path, options: &mut OpenOptions, mode: Mode) -> io::Result<File> {
    options.read(true).write(mode != Mode::Read);
    options.create(mode == Mode::Either).create_new(mode == Mode::New);
    let file = protect(options).open(path).map_err(|error| refuse_links(path, error))?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular(path)) }
}

fn not_regular(path: &Path) -> io::Error {
    io::Error::other(NotOwned::NotRegular(path.to_path_buf()))
}

#[cfg(unix)]
fn protect(options: &mut OpenOptions) -> &mut OpenOptions {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32)
}

#[cfg(not(unix))]
fn protect(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// A link fails with ELOOP, a socket with ENXIO.
#[cfg(unix)]
fn refuse_links(path: &Path, error: io::Error) -> io::Error {
    use rustix::io::Errno;
    match Errno::from_io_error(&error) {
        Some(Errno::LOOP | Errno::NXIO) => not_regular(path),
        _ => error,
    }
}

#[cfg(not(unix))]
fn refuse_links(_path: &Path, error: io::Error) -> io::Error {
    error
}

/// Lets Windows remove and rename neither the file, while it is open, nor its folder.
#[cfg(windows)]
fn unremovable(options: &mut OpenOptions) -> &mut OpenOptions {
    const SHARE_READ_AND_WRITE: u32 = 3;
    std::os::windows::fs::OpenOptionsExt::share_mode(options, SHARE_READ_AND_WRITE)
}

#[cfg(not(windows))]
fn unremovable(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// An open file or folder. Being open, it keeps its inode number from being used again.
struct HeldFile {
    file: File,
    path: PathBuf,
}

impl Held for HeldFile {
    #[cfg(unix)]
    fn is_in_place(&self) -> bool {
        use io::ErrorKind::{NotADirectory, NotFound, StaleNetworkFileHandle};
        use std::os::unix::fs::MetadataExt;
        let identity = |found: fs::Metadata| (found.dev(), found.ino());
        match (fs::symlink_metadata(&self.path), self.file.metadata()) {
            (Ok(found), Ok(own)) => identity(found) == identity(own),
            (Err(error), _) | (_, Err(error)) => {
                // Any other error says nothing about what the path leads to.
                !matches!(error.kind(), NotFound | NotADirectory | StaleNetworkFileHandle)
            }
        }
    }

    #[cfg(not(unix))]
    fn is_in_place(&self) -> bool {
        self.path.exists()
    }
}

#[cfg(not(unix))]
struct HeldFolder(PathBuf);

#[cfg(not(unix))]
impl Held for HeldFolder {
    fn is_in_place(&self) -> bool {
        self.0.exists()
    }
}

/// Releases the lock explicitly. Closing the file would not suffice: a child process that is just
/// being started also holds the file for a while.
struct DiskLock(HeldFile);

impl Held for DiskLock {
    fn is_in_place(&self) -> bool {
        self.0.is_in_place()
    }
}

impl Drop for DiskLock {
    fn drop(&mut self) {
        // If that fails, closing the file, which follows, is the next best.
        let _ = self.0.file.unlock();
    }
}

/// ext2/3/4, XFS and tmpfs have neither copy-on-write nor thin blocks, so a mapped page of an
/// allocated file can always be written.
#[cfg(target_os = "linux")]
fn maps_well(folder: &Path) -> bool {
    const EXT: u32 = 0xEF53;
    const XFS: u32 = 0x5846_5342;
    const TMPFS: u32 = 0x0102_1994;
    rustix::fs::statfs(folder).is_ok_and(|stat| [EXT, XFS, TMPFS].contains(&(stat.f_type as u32)))
}

/// Built-in disks of these systems have APFS or NTFS.
#[cfg(not(target_os = "linux"))]
fn maps_well(_folder: &Path) -> bool {
    cfg!(any(target_os = "macos", windows))
}

#[derive(Debug)]
struct DiskFile(File);

impl DiskFile {
    /// Allocates blocks by writing zeros, for systems without a call that does.
    fn fill(&self, size: u64) -> io::Result<()> {
        const STEP: u64 = 1 << 20;
        let zeros = vec![0; STEP as usize];
        let mut offset = self.size()?;
        while offset < size {
            let step = STEP.min(size - offset);
            self.write_at(offset, zeros.get(..step as usize).unwrap_or(&zeros))?;
            offset += step;
        }
        Ok(())
    }
}

impl StorageFile for DiskFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, out, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
        while !out.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(&self.0, out, offset)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => {
                    offset += count as u64;
                    out = out.split_at_mut(count).1;
                }
            }
        }
        Ok(())
    }

    #[cfg(unix)]
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.0, data, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, mut offset: u64, mut data: &[u8]) -> io::Result<()> {
        while !data.is_empty() {
            let count = std::os::windows::fs::FileExt::seek_write(&self.0, data, offset)?;
            offset += count as u64;
            data = data.split_at(count).1;
        }
        Ok(())
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.0.set_len(size)
    }

    #[cfg(target_os = "linux")]
    fn allocate(&self, size: u64) -> io::Result<()> {
        use rustix::io::{Errno, retry_on_intr};
        let flags = rustix::fs::FallocateFlags::empty();
        match retry_on_intr(|| rustix::fs::fallocate(&self.0, flags, 0, size)) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => self.fill(size),
            result => Ok(result?),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn allocate(&self, size: u64) -> io::Result<()> {
        self.fill(size)
    }

    // std asks macOS for F_FULLFSYNC and Windows for FlushFileBuffers.
    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn map(&self, size: u64) -> io::Result<Box<dyn Mapping>> {
        Ok(Box::new(MappedFile::new(&self.0, size)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_lock_is_free_even_while_a_starting_child_holds_the_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("lock");
        let file = File::create(&path).expect("a file");
        file.try_lock().expect("free");
        let of_a_child = file.try_clone().expect("another handle");
        let lock = DiskLock(HeldFile { file, path: path.clone() });
        let locked = || Disk.lock(&path, Mode::Existing).expect("no error").is_some();
        assert!(!locked());
        drop(lock);
        assert!(locked());
        drop(of_a_child);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_held_is_in_place_until_its_path_leads_elsewhere() {
        let outer = tempfile::tempdir().expect("a temporary folder");
        let folder = outer.path().join("store");
        fs::create_dir(&folder).expect("a folder");
        let hold = || Disk.hold_folder(&folder).expect("held");
        let lock = |path: &Path| Disk.lock(path, Mode::Either).expect("no error").expect("free");
        let path = folder.join("lock");
        let (held, locked) = (hold(), lock(&path));
        assert!(held.is_in_place() && locked.is_in_place());
        fs::remove_file(&path).expect("removed");
        assert!(held.is_in_place() && !locked.is_in_place());
        let again = lock(&path);
        assert!(again.is_in_place() && !locked.is_in_place());
        fs::rename(&folder, outer.path().join("renamed")).expect("renamed");
        assert!(!held.is_in_place() && !again.is_in_place());
        fs::create_dir(&folder).expect("a folder");
        assert!(!held.is_in_place() && hold().is_in_place());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_fifos_are_neither_followed_nor_waited_for() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (foreign, link) = (folder.path().join("foreign"), folder.path().join("link"));
        fs::write(&foreign, b"kept").expect("written");
        std::os::unix::fs::symlink(&foreign, &link).expect("a link");
        let fifo = folder.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
        assert!(made.success());
        let refused = |error: Option<io::Error>| {
            let cause = error.and_then(io::Error::into_inner).expect("a cause");
            assert!(cause.is::<NotOwned>(), "{cause}");
        };
        for path in [&link, &fifo] {
            for mode in [Mode::Read, Mode::Existing, Mode::Either] {
                refused(Disk.open(path, mode).err());
                refused(Disk.lock(path, mode).err());
            }
            super::super::create_anew(&Disk, path).expect("created").write_at(0, b"own").expect("");
            assert!(path.symlink_metadata().expect("there").is_file());
        }
        assert_eq!(fs::read(&foreign).expect("read"), b"kept");
    }
}
