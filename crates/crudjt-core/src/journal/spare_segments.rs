//! Keeps a spare segment ready in a background thread, so that no append waits for its creation.

use std::path::Path;
use std::sync::Arc;

use crate::platform::sync::Mutex;

use super::{Segment, SegmentMaker};
use crate::options::Environment;
use crate::platform::clock::Signal;
use crate::{Error, Result};

const RETRY_MS: u64 = 500;

/// The spare segment, and the means to make the next one.
pub(crate) struct SpareSegments {
    maker: SegmentMaker,
    state: Mutex<State>,
    /// Held while a segment is made: one at a time, so that they are used in the order of their
    /// numbers.
    making: Mutex<()>,
    wanted: Arc<Signal>,
}

struct State {
    spare: Option<Arc<Segment>>,
    failed: Option<Error>,
    /// Whether the last attempt found no space.
    lacks_space: bool,
    /// Whether the disk is full: from an attempt that found no space until a segment is made.
    is_full: bool,
    /// What [`SpareSegments::space_changed`] has told of that.
    told_full: bool,
    next_number: u64,
    stopped: bool,
}

impl State {
    fn next_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number - 1
    }
}

impl SpareSegments {
    pub(crate) fn new(maker: SegmentMaker, next_number: u64) -> SpareSegments {
        let state = State {
            spare: None,
            failed: None,
            lacks_space: false,
            is_full: false,
            told_full: false,
            next_number,
            stopped: false,
        };
        let (state, making) = (Mutex::new(state), Mutex::default());
        SpareSegments { maker, state, making, wanted: Arc::default() }
    }

    /// The spare segment; `None` while it is being made. Returns the error of the last attempt
    /// once, and asks for a new attempt.
    pub(crate) fn take(&self) -> Result<Option<Arc<Segment>>> {
        let mut state = self.state.lock();
        self.wanted.raise();
        match state.failed.take() {
            Some(error) => Err(error),
            None => Ok(state.spare.take()),
        }
    }

    /// Takes back a segment that could not be begun.
    pub(crate) fn give_back(&self, segment: Arc<Segment>) {
        self.state.lock().spare = Some(segment);
    }

    /// Whether [`SpareSegments::take`] would return a segment or an error.
    pub(crate) fn is_ready(&self) -> bool {
        let state = self.state.lock();
        state.spare.is_some() || state.failed.is_some()
    }

    /// Whether [`SpareSegments::take`] would return a segment.
    pub(crate) fn has_spare(&self) -> bool {
        self.state.lock().spare.is_some()
    }

    /// Makes a spare segment if there is none; blocks on the disk.
    pub(crate) fn restock(&self) {
        let _making = self.making.lock();
        let number = {
            let mut state = self.state.lock();
            if state.spare.is_some() || state.stopped {
                return;
            }
            state.next_number()
        };
        let made = self.maker.make(number);
        let mut state = self.state.lock();
        state.lacks_space = matches!(made, Err(Error::Full { .. }));
        match made {
            Ok(segment) => {
                (state.spare, state.failed) = (Some(Arc::new(segment)), None);
                state.is_full = false;
            }
            Err(error) => {
                state.is_full |= matches!(error, Error::Full { .. });
                state.failed = Some(error);
            }
        }
    }

    /// Whether the last attempt found no space.
    pub(crate) fn lacks_space(&self) -> bool {
        self.state.lock().lacks_space
    }

    /// Whether the disk turned out to be full, true, or has space for a segment again, false; once for
    /// each change.
    pub(crate) fn space_changed(&self) -> Option<bool> {
        let mut state = self.state.lock();
        let is_full = state.is_full;
        (std::mem::replace(&mut state.told_full, is_full) != is_full).then_some(is_full)
    }

    /// The segment that an opening continues in: of the usual size, or a smaller one if the disk has
    /// no space for that; `None` if it has space for neither.
    pub(crate) fn take_first(&self) -> Result<Option<Arc<Segment>>> {
        self.restock();
        match self.take() {
            Err(Error::Full { .. }) => {}
            taken => return taken,
        }
        self.make_smaller()
    }

    /// A segment smaller than the usual one; `None` if the disk has no space for that either.
    pub(crate) fn make_smaller(&self) -> Result<Option<Arc<Segment>>> {
        let _making = self.making.lock();
        self.maker.release_reserve();
        let made = self.maker.smaller_sizes().find_map(|size| {
            let number = self.state.lock().next_number();
            match self.maker.make_small(number, size) {
                Err(Error::Full { .. }) => None,
                made => Some(made.map(Arc::new)),
            }
        });
        self.maker.reserve();
        made.transpose()
    }

    /// Wakes the background thread.
    pub(crate) fn wake(&self) {
        self.wanted.raise();
    }

    /// Runs until [`SpareSegments::halt`]. Whenever the thread was woken, it calls `prefault`, makes
    /// a segment if `is_due`, and calls `attempted`.
    pub(crate) fn run(
        &self,
        environment: &Environment,
        prefault: impl Fn(),
        is_due: impl Fn() -> bool,
        attempted: impl Fn(),
    ) {
        while !self.state.lock().stopped {
            prefault();
            if is_due() {
                self.restock();
            }
            attempted();
            // Retried while it fails, so that a returned error is never an old one, and that space on a
            // disk that was full is noticed before somebody needs it.
            let again = {
                let state = self.state.lock();
                state.failed.is_some() || state.is_full
            };
            let until = again.then(|| environment.clock.monotonic() + RETRY_MS);
            environment.clock.wait(&self.wanted, until);
        }
    }

    /// Ends [`SpareSegments::run`].
    pub(crate) fn halt(&self) {
        self.state.lock().stopped = true;
        self.wanted.raise();
    }

    /// The unused spare and the next number, after [`SpareSegments::halt`].
    pub(crate) fn take_rest(&self) -> (Option<Arc<Segment>>, u64) {
        let mut state = self.state.lock();
        (state.spare.take(), state.next_number)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.maker.folder()
    }

    pub(crate) fn maker(&self) -> &SegmentMaker {
        &self.maker
    }
}
