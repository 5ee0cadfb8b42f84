//! The thread that drives [`MetadataRuntime`].

use std::io;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, select_biased};

use super::core::MetadataRuntime;
use super::events::{Call, RaftEvent};
use super::loader::LoadError;
use crate::limits::CALLS_PER_TURN;

/// The running metadata thread.
#[derive(Debug)]
pub struct MetadataThread {
    thread: JoinHandle<Result<(), LoadError>>,
}

impl MetadataThread {
    /// Waits until the thread ends, which it does when raft begins its shutdown.
    ///
    /// # Errors
    /// The log could not be followed any further.
    ///
    /// # Panics
    /// If the thread did.
    pub fn join(self) -> Result<(), LoadError> {
        match self.thread.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// Starts the metadata thread. `on_failure` is called on it if the log cannot be followed any further; requests are
/// then refused, and the node should stop.
///
/// # Errors
/// The system gives no thread.
pub fn spawn(
    runtime: MetadataRuntime,
    raft: Receiver<RaftEvent>,
    calls: Receiver<Call>,
    on_failure: impl FnOnce(&LoadError) + Send + 'static,
) -> io::Result<MetadataThread> {
    let run = move || {
        let outcome = run(runtime, &raft, &calls);
        if let Err(error) = &outcome {
            tracing::error!(%error, "the metadata log cannot be followed any further");
            on_failure(error);
        }
        outcome
    };
    let thread = std::thread::Builder::new().name("metadata".into()).spawn(run)?;
    Ok(MetadataThread { thread })
}

/// Milliseconds of the Unix epoch that never go back.
struct Clock {
    started: Instant,
    started_ms: u64,
}

impl Clock {
    fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), started_ms: since_epoch.as_millis() as u64 }
    }

    fn now_ms(&self) -> u64 {
        self.started_ms + self.started.elapsed().as_millis() as u64
    }
}

/// Raft comes first, so that what is committed is published before more is asked.
fn run(
    mut runtime: MetadataRuntime,
    raft: &Receiver<RaftEvent>,
    calls: &Receiver<Call>,
) -> Result<(), LoadError> {
    let clock = Clock::start();
    loop {
        while let Ok(event) = raft.try_recv() {
            if !runtime.handle_raft(event, clock.now_ms())? {
                return Ok(());
            }
        }
        for call in calls.try_iter().take(CALLS_PER_TURN) {
            runtime.handle_call(call, clock.now_ms());
        }
        let is_more = runtime.turn(clock.now_ms());
        let wait_ms = if is_more { 0 } else { runtime.next_turn_ms().saturating_sub(clock.now_ms()) };
        let timeout = crossbeam_channel::after(Duration::from_millis(wait_ms.min(60_000)));
        select_biased! {
            recv(raft) -> event => {
                let event = event.unwrap_or(RaftEvent::Shutdown);
                if !runtime.handle_raft(event, clock.now_ms())? {
                    return Ok(());
                }
            }
            recv(calls) -> call => if let Ok(call) = call {
                runtime.handle_call(call, clock.now_ms());
            },
            recv(timeout) -> _ => {}
        }
    }
}
