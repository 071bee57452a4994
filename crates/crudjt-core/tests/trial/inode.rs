//! A file of the simulated disk: what programs see, and what is on the medium.
//!
//! Between two syncs the system may write any sector back at any time, so each state that a sector
//! had since the last sync may be the one on the medium, and so may each length of the file.

use std::collections::BTreeMap;
use std::ops::Range;

use super::rng::Rng;

pub const SECTOR: usize = 512;
const PAGE: u64 = 4096;

type Sector = [u8; SECTOR];

/// How much of what was not synced is on the medium after a cut, in percent.
#[derive(Debug, Clone, Copy)]
pub struct Luck {
    pub sectors: u64,
    pub torn: u64,
    pub lengths: u64,
    pub names: u64,
}

impl Luck {
    pub fn draw(rng: &mut Rng) -> Luck {
        const PERCENT: [u64; 6] = [0, 5, 50, 50, 95, 100];
        let mut draw = || *rng.pick(&PERCENT);
        Luck { sectors: draw(), torn: draw() / 4, lengths: draw(), names: draw() }
    }
}

#[derive(Clone, Default)]
pub struct Inode {
    /// What programs see.
    pub live: Vec<u8>,
    /// What is surely on the medium.
    durable: Vec<u8>,
    /// The states of each sector since it was last synced, oldest first.
    unsynced: BTreeMap<usize, Vec<Sector>>,
    /// The lengths since the last sync, oldest first.
    lengths: Vec<usize>,
}

impl Inode {
    pub fn write(&mut self, offset: u64, data: &[u8]) {
        let range = offset as usize..offset as usize + data.len();
        if self.live.len() < range.end {
            self.extend(range.end);
        }
        self.live[range.clone()].copy_from_slice(data);
        self.touch(range);
    }

    /// What is new is zero, and what is cut off is zero when the file grows again.
    pub fn set_size(&mut self, size: usize) {
        let before = self.live.len();
        if size >= before {
            return self.extend(size);
        }
        self.live[size..].fill(0);
        self.touch(size..before);
        self.live.truncate(size);
        self.lengths.push(size);
    }

    pub fn extend(&mut self, size: usize) {
        if size > self.live.len() {
            self.live.resize(size, 0);
            self.lengths.push(size);
        }
    }

    fn touch(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            for number in range.start / SECTOR..=(range.end - 1) / SECTOR {
                let state = sector(&self.live, number);
                self.unsynced.entry(number).or_default().push(state);
            }
        }
    }

    /// All of it is on the medium.
    pub fn sync(&mut self) {
        let length = self.live.len();
        self.sync_range(0..length as u64);
        self.unsynced.clear();
        self.durable.truncate(length);
    }

    /// The pages that the range touches are on the medium, and the length.
    pub fn sync_range(&mut self, range: Range<u64>) {
        let pages = range.start / PAGE * PAGE..range.end.next_multiple_of(PAGE);
        let sectors = pages.start as usize / SECTOR..pages.end as usize / SECTOR;
        self.durable.resize(self.live.len().max(self.durable.len()), 0);
        let synced: Vec<usize> = self.unsynced.range(sectors).map(|(number, _)| *number).collect();
        for number in synced {
            self.unsynced.remove(&number);
            put_sector(&mut self.durable, number, &sector(&self.live, number));
        }
        self.durable.truncate(self.live.len());
        self.lengths.clear();
    }

    /// A sync that failed: the system forgets that these sectors were to be written.
    pub fn fail_sync(&mut self, rng: &mut Rng, luck: Luck) {
        let (live, durable) = (&self.live, &mut self.durable);
        self.unsynced.retain(|number, _| {
            if rng.chance(luck.sectors) {
                put_sector(durable, *number, &sector(live, *number));
            }
            false
        });
    }

    /// These bytes are gone, whatever was written there.
    pub fn destroy(&mut self, bytes: Range<usize>) {
        for content in [&mut self.live, &mut self.durable] {
            let end = bytes.end.min(content.len());
            content.get_mut(bytes.start..end).into_iter().for_each(|gone| gone.fill(0x55));
        }
        let sectors = bytes.start / SECTOR..bytes.end.div_ceil(SECTOR);
        self.unsynced.retain(|number, _| !sectors.contains(number));
    }

    /// What the system dropped from its memory after a failed sync is read from the medium again.
    pub fn evict(&mut self) {
        let mut fresh = self.durable.clone();
        fresh.resize(self.live.len(), 0);
        for number in self.unsynced.keys() {
            put_sector(&mut fresh, *number, &sector(&self.live, *number));
        }
        self.live = fresh;
    }

    pub fn is_synced(&self) -> bool {
        self.unsynced.is_empty() && self.lengths.is_empty()
    }

    /// What a power cut leaves of it.
    pub fn cut(&self, rng: &mut Rng, luck: Luck) -> Inode {
        let mut bytes = self.durable.clone();
        bytes.resize(self.live.len().max(bytes.len()), 0);
        for (number, states) in &self.unsynced {
            let survived = survivor(&sector(&bytes, *number), states, rng, luck);
            put_sector(&mut bytes, *number, &survived);
        }
        let keep = !self.lengths.is_empty() && rng.chance(luck.lengths);
        let length = if keep { *rng.pick(&self.lengths) } else { self.durable.len() };
        bytes.resize(length, 0);
        Inode { durable: bytes.clone(), live: bytes, ..Inode::default() }
    }
}

/// What is on the medium of a sector that went through these states: mostly the newest or the
/// oldest, sometimes one between, sometimes parts of two.
fn survivor(before: &Sector, states: &[Sector], rng: &mut Rng, luck: Luck) -> Sector {
    let torn = rng.chance(luck.torn);
    if !torn && !rng.chance(luck.sectors) {
        return *before;
    }
    let at = match rng.chance(70) {
        true => states.len() - 1,
        false => rng.below(states.len() as u64) as usize,
    };
    let (mut newer, mut older) = (states[at], if at == 0 { *before } else { states[at - 1] });
    if torn {
        let split = rng.below(SECTOR as u64) as usize;
        if rng.chance(50) {
            std::mem::swap(&mut newer, &mut older);
        }
        newer[split..].copy_from_slice(&older[split..]);
    }
    newer
}

fn sector(bytes: &[u8], number: usize) -> Sector {
    let mut out = [0; SECTOR];
    let start = (number * SECTOR).min(bytes.len());
    let part = &bytes[start..bytes.len().min(start + SECTOR)];
    out[..part.len()].copy_from_slice(part);
    out
}

fn put_sector(bytes: &mut [u8], number: usize, state: &Sector) {
    let start = (number * SECTOR).min(bytes.len());
    let end = bytes.len().min(start + SECTOR);
    bytes[start..end].copy_from_slice(&state[..end - start]);
}
