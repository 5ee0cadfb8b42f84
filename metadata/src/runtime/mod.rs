//! The thread that joins raft, loader, controller and publishers.
//!
//! ```text
//!   ControllerHandle (handle.rs) ── Call ──┐
//!                                          ├─► MetadataRuntime (core.rs) ──► Quorum::propose (quorum.rs)
//!   raft's thread ── RaftEvent ────────────┘     │ active.rs   controller, appended but not committed
//!   (state_machine.rs)                           │ loader.rs   committed: image, transactions
//!                                                │ snapshots.rs when and how the image is written down
//!                                                └─► Publisher (publisher.rs), MetadataCache (cache.rs)
//! ```
//!
//! `core.rs` has no thread and no clock of its own: `thread.rs` drives it in production, a simulator by hand.

mod active;
mod cache;
mod core;
mod events;
mod handle;
mod loader;
mod publisher;
mod quorum;
mod snapshots;
mod state_machine;
mod thread;

pub use self::core::{MetadataRuntime, RuntimeConfig};
pub use cache::MetadataCache;
pub use events::{Call, RaftBatch, RaftEvent};
pub use handle::ControllerHandle;
pub use loader::LoadError;
pub use publisher::Publisher;
pub use quorum::{ProposeRefused, Quorum, RaftQuorum, SnapshotSink};
pub use state_machine::MetadataStateMachine;
pub use thread::{MetadataThread, spawn};

#[cfg(test)]
mod tests;
