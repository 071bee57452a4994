//! An in-memory file system for tests, with fault injection; a copy has the files as a killed
//! process leaves them.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::{Held, Mapping, Mode, Storage, StorageFile};

type Content = Arc<RwLock<Vec<u8>>>;
type Files = Arc<Mutex<BTreeMap<PathBuf, Content>>>;
/// How often a folder was taken away.
type Folders = Arc<Mutex<BTreeMap<PathBuf, u64>>>;

/// The faults that a test injects.
#[derive(Default)]
struct Controls {
    /// Operations left until the one that fails; `u64::MAX` for none.
    fail_in: AtomicU64,
    fail_all: AtomicBool,
    kind: Mutex<Option<io::ErrorKind>>,
}

impl Controls {
    /// Counts an operation that changes or syncs something; an error if it is to fail.
    fn step(&self) -> io::Result<()> {
        let left = self.fail_in.load(Ordering::SeqCst);
        if left == u64::MAX {
            return Ok(());
        }
        if left > 0 {
            self.fail_in.store(left - 1, Ordering::SeqCst);
            return Ok(());
        }
        if !self.fail_all.load(Ordering::SeqCst) {
            self.fail_in.store(u64::MAX, Ordering::SeqCst);
        }
        Err(self.kind.lock().unwrap_or(io::ErrorKind::Other).into())
    }
}

/// A file system in memory. Clones share the files.
#[derive(Clone)]
pub struct SimDisk {
    files: Files,
    folders: Folders,
    locks: Arc<Mutex<Vec<Content>>>,
    controls: Arc<Controls>,
    maps: bool,
}

impl SimDisk {
    /// Creates an empty file system, whose files can be mapped or not.
    pub fn new(maps: bool) -> SimDisk {
        SimDisk::with(BTreeMap::new(), maps)
    }

    fn with(files: BTreeMap<PathBuf, Content>, maps: bool) -> SimDisk {
        let controls = Controls { fail_in: AtomicU64::new(u64::MAX), ..Controls::default() };
        SimDisk {
            files: Arc::new(Mutex::new(files)),
            folders: Arc::default(),
            locks: Arc::default(),
            controls: Arc::new(controls),
            maps,
        }
    }

    /// A copy of the files as they are now, without faults.
    pub fn copy(&self) -> SimDisk {
        let files = self.files.lock();
        let copies = files
            .iter()
            .map(|(path, content)| (path.clone(), Arc::new(RwLock::new(content.read().clone()))));
        SimDisk::with(copies.collect(), self.maps)
    }

    /// Fails the write, sync, extension, rename or removal after the next `count`; with `on`, also
    /// all that follow.
    pub fn fail_after(&self, count: u64, kind: io::ErrorKind, on: bool) {
        *self.controls.kind.lock() = Some(kind);
        self.controls.fail_all.store(on, Ordering::SeqCst);
        self.controls.fail_in.store(count, Ordering::SeqCst);
    }

    /// Stops failing.
    pub fn heal(&self) {
        self.controls.fail_in.store(u64::MAX, Ordering::SeqCst);
    }

    /// The files' paths and sizes.
    pub fn files(&self) -> Vec<(PathBuf, usize)> {
        self.files
            .lock()
            .iter()
            .map(|(path, content)| (path.clone(), content.read().len()))
            .collect()
    }

    /// Puts an empty folder in the place of one that is in use.
    pub fn take_away(&self, folder: &Path) {
        self.files.lock().retain(|path, _| path.parent() != Some(folder));
        *self.folders.lock().entry(folder.to_path_buf()).or_default() += 1;
    }

    fn times_taken(&self, folder: &Path) -> u64 {
        self.folders.lock().get(folder).copied().unwrap_or_default()
    }

    /// Changes a file's bytes without the store's knowledge.
    pub fn edit(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(content) = self.files.lock().get(path) {
            change(&mut content.write());
        }
    }
}

impl Storage for SimDisk {
    fn create_folder(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let files = self.files.lock();
        let inside = files.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect())
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn StorageFile>> {
        let mut files = self.files.lock();
        let content = match (files.get(path), mode) {
            (Some(_), Mode::New) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Some(content), _) => content.clone(),
            (None, Mode::Read | Mode::Existing) => return Err(io::ErrorKind::NotFound.into()),
            (None, _) => {
                self.controls.step()?;
                files.entry(path.to_path_buf()).or_default().clone()
            }
        };
        Ok(Arc::new(SimFile { content, controls: self.controls.clone() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.controls.step()?;
        let mut files = self.files.lock();
        let content = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_path_buf(), content);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.controls.step()?;
        self.files.lock().remove(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(())
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        self.controls.step()
    }

    fn lock(&self, path: &Path, mode: Mode) -> io::Result<Option<Box<dyn Held>>> {
        let mut files = self.files.lock();
        if mode == Mode::Either {
            files.entry(path.to_path_buf()).or_default();
        }
        let content = files.get(path).ok_or(io::ErrorKind::NotFound)?.clone();
        drop(files);
        let mut locks = self.locks.lock();
        if locks.iter().any(|held| Arc::ptr_eq(held, &content)) {
            return Ok(None);
        }
        locks.push(content.clone());
        Ok(Some(Box::new(SimLock { disk: self.clone(), path: path.to_path_buf(), content })))
    }

    fn hold_folder(&self, folder: &Path) -> io::Result<Box<dyn Held>> {
        let (disk, path) = (self.clone(), folder.to_path_buf());
        Ok(Box::new(SimFolder { times: self.times_taken(&path), disk, path }))
    }

    fn maps_well(&self, _folder: &Path) -> bool {
        self.maps
    }
}

struct SimLock {
    disk: SimDisk,
    path: PathBuf,
    content: Content,
}

impl Held for SimLock {
    fn is_in_place(&self) -> bool {
        let files = self.disk.files.lock();
        files.get(&self.path).is_some_and(|content| Arc::ptr_eq(content, &self.content))
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.disk.locks.lock().retain(|held| !Arc::ptr_eq(held, &self.content));
    }
}

struct SimFolder {
    disk: SimDisk,
    path: PathBuf,
    times: u64,
}

impl Held for SimFolder {
    fn is_in_place(&self) -> bool {
        self.disk.times_taken(&self.path) == self.times
    }
}

struct SimFile {
    content: Content,
    controls: Arc<Controls>,
}

impl std::fmt::Debug for SimFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SimFile({} bytes)", self.content.read().len())
    }
}

impl SimFile {
    fn change(&self, change: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.controls.step()?;
        change(&mut self.content.write());
        Ok(())
    }
}

impl StorageFile for SimFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.content.read().len() as u64)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        copy_out(&self.content, offset, out)
            .then_some(())
            .ok_or(io::ErrorKind::UnexpectedEof.into())
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(|content| {
            let end = offset as usize + data.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            copy_in(content, offset, data);
        })
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.change(|content| content.resize(size as usize, 0))
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        self.change(|content| content.resize(content.len().max(size as usize), 0))
    }

    fn sync(&self) -> io::Result<()> {
        self.controls.step()
    }

    fn map(&self, _size: u64) -> io::Result<Box<dyn Mapping>> {
        Ok(Box::new(SimMapping { content: self.content.clone(), controls: self.controls.clone() }))
    }
}

struct SimMapping {
    content: Content,
    controls: Arc<Controls>,
}

impl Mapping for SimMapping {
    fn write(&self, offset: u64, data: &[u8]) -> bool {
        copy_in(&mut self.content.write(), offset, data)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> bool {
        copy_out(&self.content, offset, out)
    }

    fn sync(&self, _range: Range<u64>) -> io::Result<()> {
        self.controls.step()
    }
}

fn copy_out(content: &Content, offset: u64, out: &mut [u8]) -> bool {
    let content = content.read();
    let source = content.get(offset as usize..).and_then(|rest| rest.get(..out.len()));
    source.map(|source| out.copy_from_slice(source)).is_some()
}

fn copy_in(content: &mut [u8], offset: u64, data: &[u8]) -> bool {
    let target = content.get_mut(offset as usize..).and_then(|rest| rest.get_mut(..data.len()));
    target.map(|target| target.copy_from_slice(data)).is_some()
}
