//! A simulated disk whose power can fail: what was not synced is then lost. It can also hold back
//! whoever begins a segment.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crudjt_core::storage::sim::SimDisk;
use crudjt_core::storage::{Held, Mapping, Mode, Storage, StorageFile};
use crudjt_core::{Options, Store};

use super::World;

/// Where a segment's beginning is written.
pub const BEGIN_AT: u64 = 512;
/// Where a segment's entries start.
pub const ENTRIES: u64 = 4096;

/// What of a file is on the medium.
type Durable = Arc<Mutex<Vec<u8>>>;

/// The disk of a world, for plain journals.
#[derive(Clone)]
pub struct Medium {
    disk: SimDisk,
    files: Arc<Mutex<BTreeMap<PathBuf, Durable>>>,
    switches: Arc<Switches>,
}

#[derive(Debug, Default)]
struct Switches {
    hold_begin: AtomicBool,
    begin_held: AtomicBool,
    refuse_sync: AtomicBool,
}

impl Medium {
    pub fn of(world: &World) -> Medium {
        Medium { disk: world.disk.clone(), files: Arc::default(), switches: Arc::default() }
    }

    pub fn options(&self, world: &World) -> Options {
        let mut options = world.options();
        options.environment.storage = Arc::new(self.clone());
        options
    }

    /// The world after its power failed: only what was synced is there.
    pub fn lose_power(&self, world: World, store: Store) -> World {
        let survived = self.disk.copy();
        for (path, durable) in self.files.lock().unwrap().iter() {
            survived.edit(path, |bytes| bytes.clone_from(&durable.lock().unwrap()));
        }
        drop(store);
        World { disk: survived, ..world }
    }

    /// The world after its process was killed: everything is there, but what was not synced can
    /// still be lost with the power.
    pub fn kill(&self, world: World, store: Store) -> (World, Medium) {
        let disk = self.disk.copy();
        let copied = |durable: &Durable| Arc::new(Mutex::new(durable.lock().unwrap().clone()));
        let copies = self.files.lock().unwrap().clone().into_iter();
        let files = copies.map(|(path, durable)| (path, copied(&durable))).collect();
        let files = Arc::new(Mutex::new(files));
        drop(store);
        (World { disk: disk.clone(), ..world }, Medium { disk, files, switches: Arc::default() })
    }

    /// Refuses the next sync of entries for lack of space.
    pub fn refuse_sync(&self) {
        self.switches.refuse_sync.store(true, Ordering::SeqCst);
    }

    /// Holds back whoever begins a segment from now on.
    pub fn hold_begin(&self) {
        self.switches.hold_begin.store(true, Ordering::SeqCst);
    }

    /// Returns when somebody is held back.
    pub fn wait_until_held(&self) {
        while !self.switches.begin_held.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
    }

    pub fn let_begin(&self) {
        self.switches.hold_begin.store(false, Ordering::SeqCst);
    }
}

impl Storage for Medium {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.create_folder(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.disk.list(folder)
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn StorageFile>> {
        let file = self.disk.open(path, mode)?;
        let durable = self.files.lock().unwrap().entry(path.to_path_buf()).or_default().clone();
        let (switches, has_entries) = (self.switches.clone(), AtomicBool::new(false));
        Ok(Arc::new(MediumFile { file, durable, switches, has_entries }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)?;
        let mut files = self.files.lock().unwrap();
        let durable = files.remove(from).unwrap();
        files.insert(to.to_path_buf(), durable);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)?;
        self.files.lock().unwrap().remove(path);
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.disk.sync_folder(folder)
    }

    fn lock(&self, path: &Path, mode: Mode) -> io::Result<Option<Box<dyn Held>>> {
        self.disk.lock(path, mode)
    }

    fn hold_folder(&self, folder: &Path) -> io::Result<Box<dyn Held>> {
        self.disk.hold_folder(folder)
    }

    fn maps_well(&self, _folder: &Path) -> bool {
        false
    }
}

#[derive(Debug)]
struct MediumFile {
    file: Arc<dyn StorageFile>,
    durable: Durable,
    switches: Arc<Switches>,
    has_entries: AtomicBool,
}

impl StorageFile for MediumFile {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, out)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        while offset == BEGIN_AT && self.switches.hold_begin.load(Ordering::SeqCst) {
            self.switches.begin_held.store(true, Ordering::SeqCst);
            std::thread::yield_now();
        }
        self.has_entries.fetch_or(offset >= ENTRIES, Ordering::SeqCst);
        self.file.write_at(offset, data)
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.file.set_size(size)
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        self.file.allocate(size)
    }

    fn sync(&self) -> io::Result<()> {
        let has_entries = self.has_entries.load(Ordering::SeqCst);
        if has_entries && self.switches.refuse_sync.swap(false, Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.sync()?;
        let mut bytes = vec![0; self.file.size()? as usize];
        self.file.read_at(0, &mut bytes)?;
        *self.durable.lock().unwrap() = bytes;
        Ok(())
    }

    fn map(&self, _size: u64) -> io::Result<Box<dyn Mapping>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
