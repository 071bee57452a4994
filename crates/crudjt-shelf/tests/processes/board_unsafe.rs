//! Words in a file that all processes of a trial map.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use memmap2::{MmapOptions, MmapRaw};

pub struct SharedWords(MmapRaw);

impl SharedWords {
    pub fn open(path: &Path) -> SharedWords {
        let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
        SharedWords(MmapOptions::new().map_raw(&file).unwrap())
    }

    pub fn word(&self, at: usize) -> &AtomicU64 {
        assert!(at < self.0.len() / 8);
        // SAFETY: within the mapping, which lives as long as the reference; aligned, for mappings begin
        // at pages; accessed by atomics only, in all processes.
        unsafe { AtomicU64::from_ptr(self.0.as_mut_ptr().cast::<u64>().add(at)) }
    }
}
