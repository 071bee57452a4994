//! The real file system.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::map_unsafe::MappedFile;
use super::{Mapping, Mode, Storage, StorageFile};

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
        let mut options = OpenOptions::new();
        options.read(true).write(mode != Mode::Read);
        options.create(mode == Mode::Either).create_new(mode == Mode::New);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Arc::new(DiskFile(options.open(path)?)))
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

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // A store on a read-only medium can still be inspected.
        let file = options.open(path).or_else(|error| File::open(path).map_err(|_| error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(DiskLock(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn maps_well(&self, folder: &Path) -> bool {
        maps_well(folder)
    }
}

/// Releases the lock explicitly. Closing the file would not suffice: a child process that is just
/// being started also holds the file for a while.
struct DiskLock(File);

impl Drop for DiskLock {
    fn drop(&mut self) {
        // If that fails, closing the file, which follows, is the next best.
        let _ = self.0.unlock();
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
        let lock = DiskLock(file);
        assert!(Disk.lock(&path).expect("no error").is_none());
        drop(lock);
        assert!(Disk.lock(&path).expect("no error").is_some());
        drop(of_a_child);
    }
}
