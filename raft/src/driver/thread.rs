//! A driver on a thread of its own.

use std::io;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::DriverError;
use super::run::{Driver, Now};
use crate::limits;

/// A running driver's thread.
#[derive(Debug)]
pub struct DriverThread {
    thread: JoinHandle<Result<(), DriverError>>,
}

impl DriverThread {
    /// Waits until the driver has stopped, after [`Handle::shutdown`](super::Handle::shutdown) or by
    /// itself.
    ///
    /// # Errors
    /// [`DriverError`]: its last word, when it did not stop in order.
    pub fn join(self) -> Result<(), DriverError> {
        self.thread.join().unwrap_or(Err(DriverError::Failed))
    }

    /// Whether the driver has stopped.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }
}

/// Runs a driver on an OS thread named `raft`, with `clock` for its time. `on_stop` is called on that
/// thread when the driver stops, with its last word.
///
/// # Errors
/// The system has no thread left.
pub fn spawn(
    driver: Driver,
    clock: impl Fn() -> Now + Send + 'static,
    on_stop: impl FnOnce(Result<(), &DriverError>) + Send + 'static,
) -> io::Result<DriverThread> {
    let thread = Builder::new().name("raft".to_owned()).spawn(move || {
        let outcome = run(driver, clock);
        on_stop(outcome.as_ref().copied());
        outcome
    })?;
    Ok(DriverThread { thread })
}

fn run(mut driver: Driver, clock: impl Fn() -> Now) -> Result<(), DriverError> {
    let mut stop_by_ms = None;
    loop {
        let now = clock();
        let poll = driver.poll(now)?;
        if driver.is_shutting_down() {
            let stop_by_ms = *stop_by_ms.get_or_insert(now.monotonic_ms + limits::SHUTDOWN_TIMEOUT_MS);
            if poll.may_stop || now.monotonic_ms >= stop_by_ms {
                return driver.close();
            }
        }
        if poll.has_more {
            continue;
        }
        let deadline_ms = poll.next_deadline_ms.into_iter().chain(stop_by_ms).min();
        let timeout = deadline_ms.map(|at| Duration::from_millis(at.saturating_sub(clock().monotonic_ms)));
        driver.wait(timeout);
    }
}
