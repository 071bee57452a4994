//! The simulated disk as the engine sees it: through the traits of its storage.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crudjt_core::storage::{Held, Mapping, Mode, Storage, StorageFile};

use super::super::inode::{Inode, Luck};
use super::super::names::Number;
use super::{Access, PowerDisk, State};

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

impl Storage for PowerDisk {
    fn create_folder(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, _folder: &Path) -> io::Result<Vec<String>> {
        let mut state = self.state();
        state.access(Access::List)?;
        Ok(state.names.live.keys().cloned().collect())
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn StorageFile>> {
        let mut state = self.state();
        let name = name_of(path);
        let number = match (state.names.live.get(&name).copied(), mode) {
            (Some(_), Mode::New) => return Err(io::ErrorKind::AlreadyExists.into()),
            (None, Mode::Read | Mode::Existing) => return Err(io::ErrorKind::NotFound.into()),
            (Some(number), _) => {
                state.access(Access::Open)?;
                number
            }
            (None, _) => {
                state.access(Access::Create)?;
                state.create(&name)
            }
        };
        Ok(Arc::new(PowerFile { disk: self.clone(), number }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.access(Access::Rename)?;
        let renamed = state.names.rename(&name_of(from), &name_of(to));
        renamed.then_some(()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.access(Access::Remove)?;
        let removed = state.names.remove(&name_of(path));
        removed.then_some(()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.access(Access::SyncFolder)?;
        state.names.sync();
        Ok(())
    }

    fn lock(&self, path: &Path, mode: Mode) -> io::Result<Option<Box<dyn Held>>> {
        let (mut state, name) = (self.state(), name_of(path));
        if mode == Mode::Either && !state.names.live.contains_key(&name) {
            state.create(&name);
        }
        let number = *state.names.live.get(&name).ok_or(io::ErrorKind::NotFound)?;
        let is_free = state.locked.insert(number);
        let disk = self.clone();
        Ok(is_free.then(|| Box::new(PowerLock { disk, name, number }) as Box<dyn Held>))
    }

    fn hold_folder(&self, _folder: &Path) -> io::Result<Box<dyn Held>> {
        Ok(Box::new(PowerFolder { disk: self.clone(), number: self.state().folder }))
    }

    fn maps_well(&self, _folder: &Path) -> bool {
        true
    }
}

struct PowerLock {
    disk: PowerDisk,
    name: String,
    number: Number,
}

impl Held for PowerLock {
    fn is_in_place(&self) -> bool {
        self.disk.state().names.live.get(&self.name) == Some(&self.number)
    }
}

impl Drop for PowerLock {
    fn drop(&mut self) {
        self.disk.state().locked.remove(&self.number);
    }
}

struct PowerFolder {
    disk: PowerDisk,
    number: u64,
}

impl Held for PowerFolder {
    fn is_in_place(&self) -> bool {
        self.disk.state().folder == self.number
    }
}

struct PowerFile {
    disk: PowerDisk,
    number: Number,
}

impl std::fmt::Debug for PowerFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "PowerFile({})", self.number)
    }
}

impl PowerFile {
    /// Does `work`, after which the file has at least a size, unless the access fails; then `part`
    /// of it where a fault is to be partial.
    fn access(
        &self,
        access: Access,
        size: u64,
        work: impl FnOnce(&mut Inode),
        part: impl FnOnce(&mut Inode),
    ) -> io::Result<()> {
        let mut state = self.disk.state();
        let full = !state.has_space(self.number, size as usize);
        let allowed = state.access(access);
        let allowed =
            allowed.and(if full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) });
        let partial = state.is_partial();
        let inode = &mut state.inodes[self.number];
        match &allowed {
            Ok(()) => work(inode),
            Err(_) if partial => part(inode),
            Err(_) => {}
        }
        allowed
    }

    fn sync_with(&self, sync: impl FnOnce(&mut Inode)) -> io::Result<()> {
        let mut state = self.disk.state();
        let allowed = state.access(Access::Sync);
        let State { inodes, rng, dead, .. } = &mut *state;
        match &allowed {
            Ok(()) => sync(&mut inodes[self.number]),
            Err(_) if !*dead => {
                let luck = Luck::draw(rng);
                inodes[self.number].fail_sync(rng, luck);
            }
            Err(_) => {}
        }
        allowed
    }
}

impl StorageFile for PowerFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.state().inodes[self.number].live.len() as u64)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        state.access(Access::Read)?;
        copy_out(&state.inodes[self.number].live, offset, out)
            .then_some(())
            .ok_or(io::ErrorKind::UnexpectedEof.into())
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (half, end) = (&data[..data.len() / 2], offset + data.len() as u64);
        self.access(Access::Write, end, |it| it.write(offset, data), |it| it.write(offset, half))
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.access(Access::Extend, size, |it| it.set_size(size as usize), |_| ())
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        let bytes = size as usize;
        self.access(Access::Extend, size, |it| it.extend(bytes), |it| it.extend(bytes / 2))
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_with(Inode::sync)
    }

    fn map(&self, size: u64) -> io::Result<Box<dyn Mapping>> {
        self.disk.state().access(Access::Map)?;
        let file = PowerFile { disk: self.disk.clone(), number: self.number };
        Ok(Box::new(PowerMapping { file, size }))
    }
}

struct PowerMapping {
    file: PowerFile,
    size: u64,
}

impl Mapping for PowerMapping {
    fn write(&self, offset: u64, data: &[u8]) -> bool {
        let mut state = self.file.disk.state();
        let inode = &state.inodes[self.file.number];
        let end = offset + data.len() as u64;
        if end > self.size.min(inode.live.len() as u64) {
            return false;
        }
        // A mapping writes to memory, which has no errors to tell of.
        state.step();
        if !state.dead {
            state.inodes[self.file.number].write(offset, data);
        }
        true
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> bool {
        copy_out(&self.file.disk.state().inodes[self.file.number].live, offset, out)
    }

    fn sync(&self, range: Range<u64>) -> io::Result<()> {
        self.file.sync_with(|inode| inode.sync_range(range))
    }
}

fn copy_out(content: &[u8], offset: u64, out: &mut [u8]) -> bool {
    let source = content.get(offset as usize..).and_then(|rest| rest.get(..out.len()));
    source.map(|source| out.copy_from_slice(source)).is_some()
}
