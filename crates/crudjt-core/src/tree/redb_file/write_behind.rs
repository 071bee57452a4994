//! A write-behind buffer: redb writes single blocks in no particular order, the file gets them sorted
//! and in long runs. A sync empties the buffer.

use std::collections::BTreeMap;
use std::io;

/// Bytes that start another write to the file.
const RUN: usize = 256 << 10;

/// Slots (blocks with their checksums) waiting to be written, by block number.
#[derive(Debug, Default)]
pub(super) struct WriteBehind {
    /// The offset of each block's slot in `bytes`.
    offsets: BTreeMap<u64, usize>,
    bytes: Vec<u8>,
}

impl WriteBehind {
    /// Bytes waiting.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a block's slot, or replaces it.
    pub(super) fn put(&mut self, block: u64, data: &[u8], sum: [u8; 8]) {
        let end = self.bytes.len();
        let offset = *self.offsets.entry(block).or_insert(end);
        if offset == end {
            self.bytes.extend_from_slice(data);
            self.bytes.extend_from_slice(&sum);
        } else if let Some(stored) = self.bytes.get_mut(offset..offset + data.len() + sum.len()) {
            let (block, tail) = stored.split_at_mut(data.len());
            block.copy_from_slice(data);
            tail.copy_from_slice(&sum);
        }
    }

    /// Copies a waiting block to `out`; false if it does not wait.
    pub(super) fn get(&self, block: u64, out: &mut [u8]) -> bool {
        let offset = self.offsets.get(&block);
        let stored = offset.and_then(|offset| self.bytes.get(*offset..)?.get(..out.len()));
        stored.map(|data| out.copy_from_slice(data)).is_some()
    }

    /// Writes and removes everything in ascending order, in runs of adjacent slots of `stored` bytes.
    pub(super) fn drain(
        &mut self,
        stored: usize,
        mut write: impl FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut run = Vec::with_capacity(RUN + stored);
        let mut first = 0;
        for (block, offset) in &self.offsets {
            let next = first + (run.len() / stored) as u64;
            if !run.is_empty() && (*block != next || run.len() >= RUN) {
                write(first, &run)?;
                run.clear();
            }
            if run.is_empty() {
                first = *block;
            }
            run.extend_from_slice(self.bytes.get(*offset..offset + stored).unwrap_or_default());
        }
        if !run.is_empty() {
            write(first, &run)?;
        }
        self.offsets.clear();
        self.bytes.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_file_gets_what_was_put_last_in_ascending_runs(puts in prop::collection::vec((0..300u64, any::<u8>()), 0..600)) {
            let mut waiting = WriteBehind::default();
            let mut expected = BTreeMap::new();
            for (block, byte) in puts {
                waiting.put(block, &[byte; 100], [byte; 8]);
                expected.insert(block, byte);
            }
            for block in 0..300 {
                let mut out = [0; 100];
                prop_assert_eq!(waiting.get(block, &mut out).then_some(out[0]), expected.get(&block).copied());
            }
            let (mut written, mut last) = (BTreeMap::new(), None);
            waiting.drain(108, |first, run| {
                assert!(last < Some(first) && run.len() % 108 == 0);
                for (block, stored) in (first..).zip(run.chunks(108)) {
                    assert!(stored.iter().all(|byte| *byte == stored[0]));
                    (_, last) = (written.insert(block, stored[0]), Some(block));
                }
                Ok(())
            }).expect("drained");
            prop_assert_eq!((written, waiting.size()), (expected, 0));
        }
    }
}
