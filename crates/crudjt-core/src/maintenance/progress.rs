//! How far a long run is.

/// Gets the bytes done so far and the bytes in all. The last call gives the same number twice.
pub type Progress<'p> = &'p mut dyn FnMut(u64, u64);

/// Bytes between two calls.
const REPORT_EVERY: u64 = 1 << 20;

/// Counts bytes and tells of them now and then.
pub(super) struct ProgressMeter<'p> {
    progress: Progress<'p>,
    done: u64,
    told: u64,
    total: u64,
}

impl<'p> ProgressMeter<'p> {
    pub(super) fn new(progress: Progress<'p>, total: u64) -> ProgressMeter<'p> {
        progress(0, total);
        ProgressMeter { progress, done: 0, told: 0, total }
    }

    pub(super) fn add(&mut self, bytes: u64) {
        // A block may be read twice, and more may be read than there was at first.
        self.done = (self.done + bytes).min(self.total);
        if self.done >= self.told + REPORT_EVERY {
            self.told = self.done;
            (self.progress)(self.done, self.total);
        }
    }

    pub(super) fn finish(self) {
        (self.progress)(self.total, self.total);
    }
}
