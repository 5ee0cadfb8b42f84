//! io_uring, where many operations in flight pay: group flushes and batches of cold reads.
//!
//! A write goes by `pwritev` also here: it is a copy into the page cache, and a submission would
//! only add to it (docs/decisions/0001-io-backends.md has the numbers). So does a single read.
//!
//! ```text
//!   flush_all, read_batch   a ring borrowed from a pool, one submission, wait for all
//!   flush_later             one shared ring; a thread reaps completions and calls back
//! ```

use std::collections::VecDeque;
use std::fmt::{self, Debug, Formatter};
use std::io::{Error, ErrorKind, Result};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use io_uring::types::{Fd, FsyncFlags};
use io_uring::{IoUring, Probe, opcode, squeue};
use parking_lot::Mutex;
use slab::Slab;

use super::disk::{DiskIo, Engine};
use super::{File, OnFlush, ReadRequest};
use crate::limits::{RING_ENTRIES, RING_WORKERS_MAX, RINGS_IDLE_MAX};

/// The backend for kernels that allow io_uring.
pub type UringIo = DiskIo<Rings>;

impl UringIo {
    /// A backend with a ring and one thread of its own.
    ///
    /// # Errors
    /// The kernel has no io_uring, forbids it to this process, or lacks an operation.
    pub fn new() -> Result<Self> {
        let ring = new_ring()?;
        require_operations(&ring)?;
        Ok(Self { engine: Rings { idle: Mutex::new(vec![ring]), background: Background::start()? } })
    }
}

fn new_ring() -> Result<IoUring> {
    let ring = IoUring::builder().dontfork().build(RING_ENTRIES)?;
    // A flush holds a kernel worker until the disk answers; more workers than this queue up.
    ring.submitter().register_iowq_max_workers(&mut [RING_WORKERS_MAX, 0])?;
    Ok(ring)
}

fn require_operations(ring: &IoUring) -> Result<()> {
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe)?;
    let needed = [("FSYNC", opcode::Fsync::CODE), ("READ", opcode::Read::CODE), ("NOP", opcode::Nop::CODE)];
    for (name, code) in needed {
        if !probe.is_supported(code) {
            return Err(Error::new(ErrorKind::Unsupported, format!("io_uring lacks {name}")));
        }
    }
    Ok(())
}

/// The rings of one backend.
pub struct Rings {
    /// Rings that nobody uses. Invariant: at most [`RINGS_IDLE_MAX`], all empty.
    idle: Mutex<Vec<IoUring>>,
    background: Background,
}

impl Rings {
    fn borrow_ring(&self) -> Result<IoUring> {
        let idle = self.idle.lock().pop();
        idle.map_or_else(new_ring, Ok)
    }

    fn return_ring(&self, ring: IoUring) {
        let mut idle = self.idle.lock();
        if idle.len() < RINGS_IDLE_MAX {
            idle.push(ring);
        }
    }
}

impl Debug for Rings {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Rings {{ idle: {} }}", self.idle.lock().len())
    }
}

impl Engine for Rings {
    fn flush_all(&self, files: &[Arc<dyn File>]) -> Vec<Result<()>> {
        if let [one] = files {
            return vec![one.flush()];
        }
        let Ok(mut ring) = self.borrow_ring() else {
            return files.iter().map(|file| file.flush()).collect();
        };
        let mut results = Vec::with_capacity(files.len());
        for group in files.chunks(RING_ENTRIES as usize) {
            let entries: Vec<_> = group.iter().map(flush_entry).collect();
            // SAFETY: a flush names no memory, and `group` keeps the descriptors open.
            let answers = unsafe { perform(&mut ring, &entries) };
            for (file, answer) in group.iter().zip(answers) {
                results.push(answer.map_or_else(|| file.flush(), |answer| to_result(answer).map(drop)));
            }
        }
        self.return_ring(ring);
        results
    }

    fn flush_later(&self, file: Arc<dyn File>, done: OnFlush) {
        self.background.flush(Flush { file, done });
    }

    fn read_batch(&self, requests: &mut [ReadRequest<'_>]) -> Vec<Result<usize>> {
        if let [one] = requests {
            return vec![one.file.read_at(one.buffer, one.position)];
        }
        let Ok(mut ring) = self.borrow_ring() else {
            return requests.iter_mut().map(|one| one.file.read_at(one.buffer, one.position)).collect();
        };
        let mut results = Vec::with_capacity(requests.len());
        for group in requests.chunks_mut(RING_ENTRIES as usize) {
            let entries: Vec<_> = group.iter_mut().map(read_entry).collect();
            // SAFETY: each entry names the buffer of one request, which `group` borrows mutably
            // until after this call, and a descriptor that the request's file keeps open.
            let answers = unsafe { perform(&mut ring, &entries) };
            for (request, answer) in group.iter_mut().zip(answers) {
                results.push(finish_read(request, answer));
            }
        }
        self.return_ring(ring);
        results
    }
}

/// `None` for a file without a descriptor, which then is flushed by its own method.
fn flush_entry(file: &Arc<dyn File>) -> Option<squeue::Entry> {
    let descriptor = Fd(file.as_fd()?.as_raw_fd());
    Some(opcode::Fsync::new(descriptor).flags(FsyncFlags::DATASYNC).build())
}

fn read_entry(request: &mut ReadRequest<'_>) -> Option<squeue::Entry> {
    let descriptor = Fd(request.file.as_fd()?.as_raw_fd());
    let length = u32::try_from(request.buffer.len()).ok()?;
    let buffer = request.buffer.as_mut_ptr();
    Some(opcode::Read::new(descriptor, buffer, length).offset(request.position).build())
}

/// A read may stop early (a page that is not up to date, a signal): the rest goes by `pread`.
fn finish_read(request: &mut ReadRequest<'_>, answer: Option<i32>) -> Result<usize> {
    let count = match answer.map(to_result) {
        Some(Ok(0)) => return Ok(0),
        Some(Ok(count)) => count,
        Some(Err(error)) if !is_transient(&error) => return Err(error),
        Some(Err(_)) | None => 0,
    };
    if count == request.buffer.len() {
        return Ok(count);
    }
    let rest = &mut request.buffer[count..];
    Ok(count + request.file.read_at(rest, request.position + count as u64)?)
}

fn to_result(answer: i32) -> Result<usize> {
    usize::try_from(answer).map_err(|_| Error::from_raw_os_error(-answer))
}

fn is_transient(error: &Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINTR | libc::EAGAIN | libc::EBUSY))
}

/// Submits the entries at once and waits for all; the answers stand in their order, `None` where
/// there was no entry.
///
/// # Safety
/// Memory and descriptors that the entries name stay valid and unaliased until this returns. It
/// returns only when the kernel is done with all of them.
unsafe fn perform(ring: &mut IoUring, entries: &[Option<squeue::Entry>]) -> Vec<Option<i32>> {
    assert!(entries.len() <= RING_ENTRIES as usize);
    let mut answers = vec![None; entries.len()];
    let mut open = 0;
    for (index, entry) in entries.iter().enumerate() {
        if let Some(entry) = entry {
            let entry = entry.clone().user_data(index as u64);
            // SAFETY: promised by the caller.
            let pushed = unsafe { ring.submission().push(&entry) };
            assert!(pushed.is_ok(), "an idle ring has room for {RING_ENTRIES} entries");
            open += 1;
        }
    }
    while open > 0 {
        if let Err(error) = ring.submit_and_wait(open)
            && !is_transient(&error)
        {
            // The kernel may still write into the caller's buffers: neither returning nor
            // unwinding would be sound.
            std::process::abort();
        }
        for completion in ring.completion() {
            answers[completion.user_data() as usize] = Some(completion.result());
            open -= 1;
        }
    }
    answers
}

struct Flush {
    file: Arc<dyn File>,
    done: OnFlush,
}

/// The ring of [`Engine::flush_later`] and the thread that reaps it.
struct Background {
    shared: Arc<Shared>,
    reaper: Option<JoinHandle<()>>,
}

struct Shared {
    ring: IoUring,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Flushes that the kernel has, by user data. Invariant: fewer than [`RING_ENTRIES`], so that
    /// the completion queue (twice as long) cannot overflow and a stop always finds room.
    in_flight: Slab<Flush>,
    /// Flushes beyond that, in the order they came.
    waiting: VecDeque<Flush>,
    stopping: bool,
}

/// User data of the entry that wakes the reaper to stop.
const STOP: u64 = u64::MAX;

impl Background {
    fn start() -> Result<Self> {
        let shared = Arc::new(Shared { ring: new_ring()?, state: Mutex::default() });
        let reaped = Arc::clone(&shared);
        let reaper = thread::Builder::new().name("log-uring".into()).spawn(move || reaped.reap())?;
        Ok(Self { shared, reaper: Some(reaper) })
    }

    fn flush(&self, flush: Flush) {
        if flush.file.as_fd().is_none() {
            return (flush.done)(flush.file.flush());
        }
        let mut state = self.shared.state.lock();
        state.waiting.push_back(flush);
        self.shared.submit_waiting(&mut state);
    }
}

impl Drop for Background {
    /// Flushes in flight end and call back first.
    fn drop(&mut self) {
        {
            let mut state = self.shared.state.lock();
            state.stopping = true;
            self.shared.submit(&mut state, &opcode::Nop::new().build().user_data(STOP));
        }
        if let Some(reaper) = self.reaper.take()
            && reaper.thread().id() != thread::current().id()
        {
            // A panic of a callback ended the thread; there is nobody left to tell.
            let _ended = reaper.join();
        }
    }
}

impl Shared {
    fn submit_waiting(&self, state: &mut State) {
        while state.in_flight.len() < RING_ENTRIES as usize - 1
            && let Some(flush) = state.waiting.pop_front()
        {
            let entry = flush_entry(&flush.file);
            let key = state.in_flight.insert(flush);
            match entry {
                Some(entry) => self.submit(state, &entry.user_data(key as u64)),
                None => unreachable!("only files with a descriptor are queued"),
            }
        }
    }

    /// `_state` shows that the caller holds the lock, which orders all submissions.
    fn submit(&self, _state: &mut State, entry: &squeue::Entry) {
        // SAFETY: the lock makes this the only user of the submission queue. The entry names a
        // descriptor that `in_flight` keeps open until the completion, and no memory.
        let pushed = unsafe { self.ring.submission_shared().push(entry) };
        assert!(pushed.is_ok(), "every entry is submitted before the next is pushed");
        while let Err(error) = self.ring.submit() {
            assert!(is_transient(&error), "io_uring_enter: {error}");
            thread::yield_now();
        }
    }

    fn reap(&self) {
        loop {
            // SAFETY: no argument beyond the ring is passed. GETEVENTS waits for one completion.
            let waited = unsafe { self.ring.submitter().enter::<libc::sigset_t>(0, 1, GETEVENTS, None) };
            if let Err(error) = waited {
                assert!(is_transient(&error), "io_uring_enter: {error}");
            }
            // SAFETY: this thread alone uses the completion queue.
            let completed: Vec<_> = unsafe { self.ring.completion_shared() }.collect();
            for completion in completed.iter().filter(|completion| completion.user_data() != STOP) {
                let flush = self.state.lock().in_flight.remove(completion.user_data() as usize);
                (flush.done)(to_result(completion.result()).map(drop));
            }
            let mut state = self.state.lock();
            self.submit_waiting(&mut state);
            if state.stopping && state.in_flight.is_empty() && state.waiting.is_empty() {
                return;
            }
        }
    }
}

/// IORING_ENTER_GETEVENTS.
const GETEVENTS: u32 = 1;
