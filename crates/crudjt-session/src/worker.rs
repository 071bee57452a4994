//! A thread for work that blocks. It takes all jobs that wait at once, so that they share one sync.

use std::mem;
use std::sync::Arc;
use std::thread;

use parking_lot::{Condvar, Mutex};

/// A thread that is started with its first job, and ends with this handle.
pub(crate) struct Worker<J> {
    name: &'static str,
    queue: Arc<Queue<J>>,
    run: Arc<dyn Fn(Vec<J>) + Send + Sync>,
}

struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    jobs: Vec<J>,
    is_running: bool,
    is_closed: bool,
}

impl<J: Send + 'static> Worker<J> {
    /// `run` must not panic.
    pub(crate) fn new(
        name: &'static str,
        run: impl Fn(Vec<J>) + Send + Sync + 'static,
    ) -> Worker<J> {
        let state = State { jobs: Vec::new(), is_running: false, is_closed: false };
        let queue = Queue { state: Mutex::new(state), changed: Condvar::new() };
        Worker { name, queue: Arc::new(queue), run: Arc::new(run) }
    }

    /// Adds jobs, which are taken together. Where no thread can be started, they run here.
    pub(crate) fn add(&self, jobs: impl IntoIterator<Item = J>) {
        let mut state = self.queue.state.lock();
        state.jobs.extend(jobs);
        if state.is_running {
            self.queue.changed.notify_one();
            return;
        }
        let (queue, run) = (Arc::clone(&self.queue), Arc::clone(&self.run));
        let thread = thread::Builder::new().name(self.name.to_owned());
        state.is_running = thread.spawn(move || queue.work(&*run)).is_ok();
        if !state.is_running {
            let jobs = mem::take(&mut state.jobs);
            drop(state);
            (self.run)(jobs);
        }
    }
}

impl<J> Worker<J> {
    /// Whether it has had any job.
    pub(crate) fn is_started(&self) -> bool {
        self.queue.state.lock().is_running
    }
}

impl<J> Queue<J> {
    fn work(&self, run: &dyn Fn(Vec<J>)) {
        let mut state = self.state.lock();
        loop {
            let jobs = mem::take(&mut state.jobs);
            if !jobs.is_empty() {
                drop(state);
                run(jobs);
                state = self.state.lock();
            } else if state.is_closed {
                return;
            } else {
                self.changed.wait(&mut state);
            }
        }
    }
}

impl<J> Drop for Worker<J> {
    fn drop(&mut self) {
        self.queue.state.lock().is_closed = true;
        self.queue.changed.notify_one();
    }
}
