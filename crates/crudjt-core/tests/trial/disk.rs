//! A simulated disk that keeps apart what was written and what is on the medium: file contents by
//! sector, lengths and folder entries. Its power can be cut before any step, and any access can
//! fail. It holds one folder; names are those in it.

mod files;

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::inode::{Inode, Luck};
use super::names::{Names, Number};
use super::rng::Rng;

/// What was asked of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    List,
    Read,
    Map,
    /// Opening a file that exists.
    Open,
    Create,
    Write,
    Extend,
    Sync,
    Rename,
    Remove,
    SyncFolder,
}

/// An access that fails.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// How many accesses succeed before it.
    pub after: usize,
    pub kind: io::ErrorKind,
    /// Whether a part of it is done before it fails.
    pub partly: bool,
    /// Whether all accesses after it fail too.
    pub on: bool,
    /// Cuts the power so many steps after it.
    pub cut_after: Option<u64>,
}

impl Fault {
    /// Whether it lets an access fail before which so many were made.
    fn strikes(&self, access: Access, passed: usize) -> bool {
        let takes_no_space = !matches!(
            access,
            Access::Create
                | Access::Write
                | Access::Extend
                | Access::Sync
                | Access::Rename
                | Access::SyncFolder
        );
        let lacks_space = self.kind == io::ErrorKind::StorageFull;
        let is_turn = passed == self.after || self.on && passed > self.after;
        is_turn && !(lacks_space && takes_no_space)
    }
}

/// When the power is cut.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Never,
    /// Before this step; what comes after it fails.
    Before(u64),
    /// Before each step, as often as told, in copies: the disk itself goes on.
    Copies(u64),
}

/// What a power cut left.
pub struct Remains {
    pub disk: PowerDisk,
    /// Whether anything was not synced when it came.
    pub unsynced: bool,
}

struct State {
    inodes: Vec<Inode>,
    names: Names,
    locked: BTreeSet<Number>,
    /// The number of the folder: another one may have its place later.
    folder: u64,
    rng: Rng,
    cut: Cut,
    /// Whether cuts and faults have to wait.
    held: bool,
    /// Steps so far: accesses that change or sync something.
    steps: u64,
    remains: Vec<Remains>,
    dead: bool,
    fault: Option<Fault>,
    accesses: Vec<Access>,
    /// Accesses that the fault let fail.
    failures: Vec<Access>,
    /// Bytes that all files together may have.
    capacity: usize,
}

/// The disk. Clones share it.
#[derive(Clone)]
pub struct PowerDisk(Arc<Mutex<State>>);

impl PowerDisk {
    pub fn new(seed: u64) -> PowerDisk {
        PowerDisk::with(Vec::new(), Names::default(), Rng::new(seed))
    }

    fn with(inodes: Vec<Inode>, names: Names, rng: Rng) -> PowerDisk {
        PowerDisk(Arc::new(Mutex::new(State {
            inodes,
            names,
            locked: BTreeSet::new(),
            folder: 0,
            rng,
            cut: Cut::Never,
            held: false,
            steps: 0,
            remains: Vec::new(),
            dead: false,
            fault: None,
            accesses: Vec::new(),
            failures: Vec::new(),
            capacity: usize::MAX,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Cuts the power before the step after the next `steps`.
    pub fn cut_after(&self, steps: u64) {
        let mut state = self.state();
        state.cut = Cut::Before(state.steps + steps + 1);
    }

    /// Cuts the power of so many copies before each step; none any more with 0.
    pub fn cut_copies(&self, copies: u64) {
        self.state().cut = Cut::Copies(copies);
    }

    pub fn cut_never(&self) {
        self.state().cut = Cut::Never;
    }

    /// Puts cuts and faults off until they are let go.
    pub fn hold(&self, held: bool) {
        self.state().held = held;
    }

    /// Whether the power was cut.
    pub fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// What the cuts so far left.
    pub fn take_remains(&self) -> Vec<Remains> {
        std::mem::take(&mut self.state().remains)
    }

    /// Cuts the power now.
    pub fn cut(&self) -> Remains {
        let mut state = self.state();
        state.dead = true;
        state.cut_copy()
    }

    /// The disk as the death of the process leaves it: everything written is there, but what was
    /// not synced can still be lost with the power.
    pub fn kill(&self) -> PowerDisk {
        let disk = self.copy();
        self.state().dead = true;
        disk
    }

    /// Another disk in the same state, with the same cut and fault before it.
    pub fn copy(&self) -> PowerDisk {
        let mut state = self.state();
        let rng = Rng::new(state.rng.next());
        let copy = PowerDisk::with(state.inodes.clone(), state.names.clone(), rng);
        {
            let mut copied = copy.state();
            (copied.cut, copied.steps, copied.capacity) = (state.cut, state.steps, state.capacity);
            (copied.fault, copied.accesses) = (state.fault, state.accesses.clone());
            copied.failures.clone_from(&state.failures);
        }
        copy
    }

    /// Makes an access fail; `None` heals the disk.
    pub fn set_fault(&self, fault: Option<Fault>) {
        let mut state = self.state();
        state.fault = fault;
        state.accesses.clear();
        state.failures.clear();
    }

    /// Leaves so many bytes free; `None` for no end of them.
    pub fn leave_free(&self, bytes: Option<usize>) {
        let mut state = self.state();
        state.capacity = bytes.map_or(usize::MAX, |bytes| state.used() + bytes);
    }

    /// The accesses since faults were set last.
    pub fn accesses(&self) -> Vec<Access> {
        self.state().accesses.clone()
    }

    /// The accesses that failed since then.
    pub fn failures(&self) -> Vec<Access> {
        self.state().failures.clone()
    }

    /// Puts an empty folder in the place of the one that is in use.
    pub fn take_away(&self) {
        let mut state = self.state();
        state.names = Names::default();
        state.folder += 1;
    }

    /// Removes files by hand.
    pub fn unlink(&self, is_meant: impl Fn(&str) -> bool) {
        let names = &mut self.state().names;
        let meant: Vec<_> = names.live.keys().filter(|name| is_meant(name)).cloned().collect();
        assert!(meant.iter().all(|name| names.remove(name)) && !meant.is_empty());
    }

    /// Destroys bytes of a file, in memory and on the medium.
    pub fn destroy(&self, name: &str, bytes: std::ops::Range<usize>) {
        let state = &mut *self.state();
        let number = state.names.live.get(name).copied();
        let inode = number.and_then(|number| state.inodes.get_mut(number));
        inode.into_iter().for_each(|inode| inode.destroy(bytes.clone()));
    }

    /// Drops from the system's memory what a failed sync gave up.
    pub fn evict(&self) {
        self.state().inodes.iter_mut().for_each(Inode::evict);
    }
}

impl State {
    /// Notes an access, cuts the power before it or lets it fail if that is its turn.
    fn access(&mut self, access: Access) -> io::Result<()> {
        if !matches!(access, Access::List | Access::Read | Access::Map | Access::Open) {
            self.step();
        }
        if self.dead {
            return Err(io::Error::other("the power is off"));
        }
        if self.held {
            return Ok(());
        }
        let passed = self.accesses.len();
        self.accesses.push(access);
        let Some(fault) = self.fault.filter(|fault| fault.strikes(access, passed)) else {
            return Ok(());
        };
        self.failures.push(access);
        if let Some(steps) = fault.cut_after.filter(|_| passed == fault.after) {
            self.cut = Cut::Before(self.steps + steps);
        }
        Err(fault.kind.into())
    }

    fn create(&mut self, name: &str) -> Number {
        self.inodes.push(Inode::default());
        let number = self.inodes.len() - 1;
        self.names.create(name, number);
        number
    }

    fn used(&self) -> usize {
        self.names.live.values().map(|number| self.inodes[*number].live.len()).sum()
    }

    /// Whether a file can have this size.
    fn has_space(&self, number: Number, size: usize) -> bool {
        let more = size.saturating_sub(self.inodes[number].live.len());
        more == 0 || self.used() + more <= self.capacity
    }

    /// Whether an access that failed is to be done in part.
    fn is_partial(&self) -> bool {
        !self.dead && self.fault.is_some_and(|fault| fault.partly)
    }

    fn step(&mut self) {
        self.steps += 1;
        match self.cut {
            _ if self.dead => {}
            Cut::Before(step) if step <= self.steps && !self.held => {
                self.dead = true;
                let remains = self.cut_copy();
                self.remains.push(remains);
            }
            Cut::Copies(copies) => {
                for _ in 0..copies {
                    let remains = self.cut_copy();
                    self.remains.push(remains);
                }
            }
            _ => {}
        }
    }

    fn cut_copy(&mut self) -> Remains {
        let rng = &mut self.rng;
        let luck = Luck::draw(rng);
        let mut names = self.names.cut(rng, luck);
        let mut inodes = Vec::new();
        for number in names.values_mut() {
            inodes.push(self.inodes[*number].cut(rng, luck));
            *number = inodes.len() - 1;
        }
        let known = self.names.live.values();
        let unsynced =
            !self.names.is_synced() || known.into_iter().any(|it| !self.inodes[*it].is_synced());
        let disk = PowerDisk::with(inodes, Names::durable(names), Rng::new(self.rng.next()));
        Remains { disk, unsynced }
    }
}
