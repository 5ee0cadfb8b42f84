//! The one executor of the engine's effects.
//!
//! ```text
//!  Handle ──proposals──► queue ─┐                        ┌─► log (append, flush, truncate)
//!         ──commands───► inbox ─┤   poll(now)            ├─► quorum-state
//!                               ├─► engine.step ─effects─┼─► snapshots
//!  Transport ◄──requests────────┤                        └─► replies
//!  StateMachine ◄──committed────┘
//! ```
//!
//! A [`Driver`] has no thread and no clock: [`Driver::poll`] does one round, by hand in a simulator or on
//! the thread of [`spawn`]. A round takes in what waits, appends all of it with one write, flushes once,
//! and moves the high watermark once: that is the group commit.
//!
//! What is durable when: a vote, an epoch or a leader before anything that follows from it leaves this
//! node; a proposal before it is shown as committed; a snapshot before the log start moves behind it.
//! The first effect that fails is the last: the driver stops, and only a restart reads what the disk
//! really holds.

mod config;
mod delivery;
mod error;
mod execute;
mod handle;
mod queue;
mod retention;
mod run;
mod shared;
mod snapshots;
mod start;
mod thread;

#[cfg(test)]
mod tests;

pub use config::DriverConfig;
pub use error::DriverError;
pub(crate) use handle::Answered;
pub use handle::{Busy, Handle, ProposeError, Reply, SendFailed, UpgradeReply};
pub use run::{Driver, Now, Poll, Transport};
pub use shared::QuorumInfo;
pub use snapshots::{BeginSnapshotError, SnapshotBuilder};
pub use thread::{DriverThread, spawn};
