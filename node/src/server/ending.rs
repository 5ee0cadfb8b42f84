//! What ends the process: a signal, or a part that cannot go on.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

/// Why the node stops.
#[derive(Debug)]
pub(crate) enum Ending {
    /// It was asked to.
    Signal(i32),
    /// The quorum's thread has ended, and why.
    Raft(String),
    /// The metadata cannot be followed any further, and why.
    Metadata(String),
    /// Clients cannot be served, and why.
    Server(String),
}

impl Ending {
    /// Whether the node stops in good order.
    pub(crate) fn is_clean(&self) -> bool {
        matches!(self, Self::Signal(_))
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(SIGINT) => f.write_str("interrupted (SIGINT)"),
            Self::Signal(SIGTERM) => f.write_str("asked to stop (SIGTERM)"),
            Self::Signal(SIGHUP) => f.write_str("the terminal is gone (SIGHUP)"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Raft(reason) => write!(f, "the metadata log cannot be written: {reason}"),
            Self::Server(reason) => write!(f, "clients cannot be served: {reason}"),
            Self::Metadata(reason) => write!(f, "the metadata cannot be followed: {reason}"),
        }
    }
}

/// Where the first reason to stop arrives.
pub(super) struct Endings {
    sender: Sender<Ending>,
    receiver: Receiver<Ending>,
}

impl Endings {
    /// Watches for signals from now on. Those that mean nothing to a node are noted; without a handler
    /// they would kill it.
    ///
    /// # Errors
    /// The handlers cannot be installed, or there is no thread left.
    pub(super) fn watch() -> io::Result<Self> {
        let (sender, receiver) = channel();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2])?;
        if !is_ignored(SIGHUP) {
            signals.add_signal(SIGHUP)?;
        }
        let on_signal = sender.clone();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                if matches!(signal, SIGQUIT | SIGUSR1 | SIGUSR2) {
                    tracing::info!(signal, "this signal means nothing here; SIGTERM stops the node");
                } else if on_signal.send(Ending::Signal(signal)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { sender, receiver })
    }

    /// Where a part that cannot go on says so.
    pub(super) fn sender(&self) -> Sender<Ending> {
        self.sender.clone()
    }

    /// Waits for the first reason to stop.
    pub(super) fn wait(&self) -> Ending {
        self.receiver.recv().expect("this side holds a sender")
    }
}

/// Whether this process was started with a signal ignored, as `nohup` does with SIGHUP.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal - 1)) != 0
}
