//! The load generator: one thread, several connections, several requests under way on each.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use thiserror::Error;

use crate::connection::{Connection, Scratch};
use crate::frames::ReplyShape;

/// A server that is silent for this long has failed.
const SILENCE_MAX: Timespec = Timespec { tv_sec: 30, tv_nsec: 0 };

/// Longer waits count as this long.
const LATENCY_MAX_US: u64 = 60_000_000;

/// Why a run of the generator could not be finished.
#[derive(Debug, Error)]
pub enum GeneratorError {
    /// The connection failed.
    #[error("connection: {0}")]
    Io(#[from] std::io::Error),
    /// The server closed the connection.
    #[error("the server closed the connection")]
    Closed,
    /// The server answered with an error code.
    #[error("the server answered with error code {0}")]
    Refused(i16),
    /// A reply doesn't have the layout of its version.
    #[error("a reply is not laid out as its version says")]
    Malformed,
    /// Nothing came back for a long time.
    #[error("no reply within {} s", SILENCE_MAX.tv_sec)]
    Silent,
}

/// Where one connection's requests come from.
pub(crate) enum Source {
    /// The same frame again and again.
    Same(Vec<u8>),
    /// Fetches that walk over a partition: the frame, where its offset lies, the stride and the end.
    Walk { frame: Vec<u8>, offset_at: usize, offset: i64, stride: i64, end: i64 },
}

impl Source {
    fn frame(&self) -> &[u8] {
        match self {
            Self::Same(frame) | Self::Walk { frame, .. } => frame,
        }
    }

    fn advance(&mut self) {
        if let Self::Walk { frame, offset_at, offset, stride, end } = self {
            *offset += *stride;
            if *offset + *stride > *end {
                *offset = 0;
            }
            frame[*offset_at..*offset_at + 8].copy_from_slice(&offset.to_be_bytes());
        }
    }
}

/// When to stop sending; whichever comes first.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) time: Duration,
    pub(crate) requests: u64,
}

/// What came back.
pub(crate) struct Measured {
    pub(crate) elapsed: Duration,
    pub(crate) requests: u64,
    /// Bytes of records in fetch replies.
    pub(crate) records_bytes: u64,
    /// Time from the first byte of a request to the last of its reply, µs.
    pub(crate) latency_us: Histogram<u64>,
}

struct Lane {
    connection: Connection,
    source: Source,
}

/// Keeps `depth` requests of each source under way until the limits are reached, then waits for the
/// replies that are owed.
pub(crate) fn generate(
    port: u16,
    sources: Vec<Source>,
    shape: ReplyShape,
    depth: usize,
    limits: Limits,
) -> Result<Measured, GeneratorError> {
    let lanes: Result<Vec<Lane>, std::io::Error> = sources
        .into_iter()
        .map(|source| Ok(Lane { connection: Connection::open(port, shape)?, source }))
        .collect();
    let mut run =
        Run { lanes: lanes?, depth, limits, start: Instant::now(), begun: 0, scratch: Scratch::new() };
    let mut measured = Measured {
        elapsed: Duration::ZERO,
        requests: 0,
        records_bytes: 0,
        latency_us: Histogram::new_with_bounds(1, LATENCY_MAX_US, 3).expect("the bounds are in order"),
    };
    while run.step(&mut measured)? {}
    measured.elapsed = run.start.elapsed();
    Ok(measured)
}

struct Run {
    lanes: Vec<Lane>,
    depth: usize,
    limits: Limits,
    start: Instant,
    begun: u64,
    scratch: Scratch,
}

impl Run {
    /// One round over all connections; false when nothing is under way and nothing more is wanted.
    fn step(&mut self, measured: &mut Measured) -> Result<bool, GeneratorError> {
        for at in 0..self.lanes.len() {
            self.send_all(at)?;
        }
        if self.lanes.iter().all(|lane| lane.connection.in_flight() == 0) {
            return Ok(false);
        }
        self.wait()?;
        for lane in &mut self.lanes {
            while let Some(completed) = lane.connection.receive(&mut self.scratch)? {
                measured.requests += 1;
                measured.records_bytes += completed.records_bytes;
                let latency_us = u64::try_from(completed.latency.as_micros()).unwrap_or(u64::MAX);
                measured.latency_us.saturating_record(latency_us);
            }
        }
        Ok(true)
    }

    fn send_all(&mut self, at: usize) -> Result<(), GeneratorError> {
        loop {
            let more = self.wants_more();
            let lane = &mut self.lanes[at];
            let mid_frame = lane.connection.mid_frame();
            if !mid_frame && (!more || lane.connection.in_flight() >= self.depth) {
                return Ok(());
            }
            self.begun += u64::from(!mid_frame);
            if !lane.connection.send(lane.source.frame())? {
                return Ok(());
            }
            lane.source.advance();
        }
    }

    fn wants_more(&self) -> bool {
        self.begun < self.limits.requests && self.start.elapsed() < self.limits.time
    }

    /// Until a reply arrives, or a socket that was full has room again.
    fn wait(&self) -> Result<(), GeneratorError> {
        let mut fds: Vec<PollFd<'_>> = self
            .lanes
            .iter()
            .map(|lane| {
                let room = if lane.connection.mid_frame() { PollFlags::OUT } else { PollFlags::empty() };
                PollFd::from_borrowed_fd(lane.connection.fd(), PollFlags::IN | room)
            })
            .collect();
        match poll(&mut fds, Some(&SILENCE_MAX)) {
            Ok(0) => Err(GeneratorError::Silent),
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(GeneratorError::Io(error.into())),
        }
    }
}
