//! System calls on the caller's thread, and a bounded pool of threads for what goes in parallel.

use std::collections::VecDeque;
use std::fmt::{self, Debug, Formatter};
use std::io::Result;
use std::sync::Arc;
use std::thread;

use parking_lot::{Condvar, Mutex};

use super::disk::{DiskIo, Engine};
use super::{File, OnFlush, ReadRequest};
use crate::limits::BACKGROUND_THREADS_MAX;

/// The backend that works everywhere.
pub type BlockingIo = DiskIo<ThreadPool>;

impl BlockingIo {
    /// A backend with a pool of its own. Threads start with the first background work.
    #[must_use]
    pub fn new() -> Self {
        Self { engine: ThreadPool { shared: Arc::default() } }
    }
}

impl Default for BlockingIo {
    fn default() -> Self {
        Self::new()
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// At most [`BACKGROUND_THREADS_MAX`] threads that take jobs in the order they came.
pub struct ThreadPool {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Signalled when a job or the end arrives.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    /// Threads that wait for a job. Invariant: idle <= threads <= BACKGROUND_THREADS_MAX.
    idle: usize,
    closed: bool,
}

impl ThreadPool {
    fn run(&self, job: Job) {
        let mut queue = self.shared.queue.lock();
        queue.jobs.push_back(job);
        if queue.idle < queue.jobs.len() && queue.threads < BACKGROUND_THREADS_MAX {
            let shared = Arc::clone(&self.shared);
            let started = thread::Builder::new().name("log-flush".into()).spawn(move || work(&shared));
            match started {
                Ok(_) => queue.threads += 1,
                // Without any thread nobody would take the job: do it here.
                Err(_) if queue.threads == 0 => {
                    let job = queue.jobs.pop_back();
                    drop(queue);
                    return job.into_iter().for_each(|job| job());
                }
                Err(_) => {}
            }
        }
        self.shared.changed.notify_one();
    }
}

fn work(shared: &Shared) {
    let mut queue = shared.queue.lock();
    loop {
        if let Some(job) = queue.jobs.pop_front() {
            drop(queue);
            job();
            queue = shared.queue.lock();
        } else if queue.closed {
            return;
        } else {
            queue.idle += 1;
            shared.changed.wait(&mut queue);
            queue.idle -= 1;
        }
    }
}

impl Engine for ThreadPool {
    fn flush_all(&self, files: &[Arc<dyn File>]) -> Vec<Result<()>> {
        if let [one] = files {
            return vec![one.flush()];
        }
        let gathered = Arc::new(Gathered::new(files.len()));
        for (index, file) in files.iter().enumerate() {
            let (file, gathered) = (Arc::clone(file), Arc::clone(&gathered));
            self.run(Box::new(move || gathered.put(index, file.flush())));
        }
        gathered.wait()
    }

    fn flush_later(&self, file: Arc<dyn File>, done: OnFlush) {
        self.run(Box::new(move || done(file.flush())));
    }

    /// One after the other: a borrowed buffer cannot be lent to a pool, and whoever has many cold
    /// reads has many callers.
    fn read_batch(&self, requests: &mut [ReadRequest<'_>]) -> Vec<Result<usize>> {
        requests.iter_mut().map(|request| request.file.read_at(request.buffer, request.position)).collect()
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shared.queue.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Debug for ThreadPool {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let queue = self.shared.queue.lock();
        write!(f, "ThreadPool {{ threads: {}, jobs: {} }}", queue.threads, queue.jobs.len())
    }
}

/// Results that arrive in any order and are awaited together.
struct Gathered {
    results: Mutex<(Vec<Option<Result<()>>>, usize)>,
    complete: Condvar,
}

impl Gathered {
    fn new(count: usize) -> Self {
        let empty = (0..count).map(|_| None).collect();
        Self { results: Mutex::new((empty, count)), complete: Condvar::new() }
    }

    fn put(&self, index: usize, result: Result<()>) {
        let mut results = self.results.lock();
        assert!(results.0[index].is_none(), "one result per file");
        results.0[index] = Some(result);
        results.1 -= 1;
        if results.1 == 0 {
            self.complete.notify_all();
        }
    }

    fn wait(&self) -> Vec<Result<()>> {
        let mut results = self.results.lock();
        while results.1 > 0 {
            self.complete.wait(&mut results);
        }
        std::mem::take(&mut results.0).into_iter().flatten().collect()
    }
}
