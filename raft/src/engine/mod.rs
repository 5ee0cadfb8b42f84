//! KRaft as a state machine: events in, effects out.
//!
//! No I/O, no clock, no randomness, nothing asynchronous: the same events give the same effects.
//! One [`Engine`] is one node. Its roles and the ways between them:
//!
//! ```text
//!                 election timeout            pre-votes of a majority          votes of a majority
//!  ┌────────────┐ ───────────────► ┌─────────────┐ ─────────────────► ┌───────────┐ ──────────────► ┌────────┐
//!  │ unattached │                  │ prospective │                    │ candidate │                 │ leader │
//!  └────────────┘ ◄─────────────── └─────────────┘ ◄───────────────── └───────────┘                 └────────┘
//!     │      ▲    lost, no leader      │     ▲      election timeout                                    │
//!     │      │                    lost,│     │fetch                                  no majority fetches,│
//!     │      │ newer epoch       leader│     │timeout                                resign, shutdown    │
//!     │leader│ without leader     known│     │                                                           ▼
//!     │heard │ (from any role)         ▼     │                                                     ┌──────────┐
//!     └──────┴──────────────────► ┌──────────┐                                                     │ resigned │
//!                                 │ follower │ ◄── leader of the same or a newer epoch, any role   └──────────┘
//!                                 └──────────┘                              election timeout: unattached, epoch + 1
//! ```
//!
//! A node that is no voter is unattached or a follower: that is an observer. The log makes it a voter, or a
//! voter an observer, as soon as the record is appended; a leader that the log removed resigns once the
//! record is committed.
//!
//! | file | holds |
//! |---|---|
//! | `core.rs` | the engine's state, the one `step`, what all roles share |
//! | `role/*.rs` | one role each: its state, how it begins, what time does to it |
//! | `request/*.rs` | one request each: how it is answered, what its answer means |
//! | `membership.rs` | changes of the voters: what is asked, and why it is refused (KIP-853) |
//! | `log_view.rs`, `voter_history.rs`, `voters.rs` | what is known of the log and of the voters along it |
//! | `outbox.rs` | the order of effects, and the barrier that durability puts in it |
//! | `invariants.rs` | what holds after every step |

mod config;
mod connections;
mod core;
mod effect;
mod event;
mod invariants;
mod log_view;
mod membership;
mod message;
mod mistakes;
mod outbox;
mod request;
mod role;
mod types;
mod voter_history;
mod voters;

#[cfg(test)]
mod tests;

pub use config::EngineConfig;
pub use core::{Engine, QuorumStatus, Recovered, RoleName};
pub use effect::{Content, Effect, Report};
pub use event::Event;
pub use log_view::LogView;
pub use membership::{
    AddVoterRequest, ChangeFault, RemoveVoterRequest, SupportedVersions, UpdateVoterRequest,
    UpgradeKRaftVersionRequest,
};
pub use message::{
    BatchSummary, BeginQuorumEpochRequest, CorrelationId, EndQuorumEpochRequest, EpochResponse, FetchOutcome,
    FetchRequest, FetchResponse, FetchSnapshotRequest, FetchSnapshotResponse, FetchedBatches, LogRange,
    QuorumDescription, Refusal, ReplicaDescription, Reply, Request, RequestId, Response, SnapshotChunk,
    SnapshotRange, VoteRequest, VoteResponse,
};
pub use types::{ElectionState, Endpoint, LeaderAndEpoch, OffsetAndEpoch, Peer, ReplicaKey};
pub use voter_history::{ControlRecord, VoterHistory};
pub use voters::{KRAFT_VERSION_RECONFIG, Voter, VoterSet};
