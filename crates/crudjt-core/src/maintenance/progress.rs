//! The progress of a long run.

/// Receives the bytes processed so far and the total. In the last call both are equal.
pub type Progress<'p> = &'p mut dyn FnMut(u64, u64);

/// Bytes between two reports.
const REPORT_EVERY: u64 = 1 << 20;

/// Counts bytes and reports them from time to time.
pub(super) struct ProgressMeter<'p> {
    progress: Progress<'p>,
    done: u64,
    reported: u64,
    total: u64,
}

impl<'p> ProgressMeter<'p> {
    pub(super) fn new(progress: Progress<'p>, total: u64) -> ProgressMeter<'p> {
        progress(0, total);
        ProgressMeter { progress, done: 0, reported: 0, total }
    }

    pub(super) fn add(&mut self, bytes: u64) {
        // A block may be read twice, and the files may have grown.
        self.done = (self.done + bytes).min(self.total);
        if self.done >= self.reported + REPORT_EVERY {
            self.reported = self.done;
            (self.progress)(self.done, self.total);
        }
    }

    pub(super) fn finish(self) {
        (self.progress)(self.total, self.total);
    }
}
