//! KRaft: how the metadata log is replicated, as Apache Kafka 4.3.1 speaks it.
//!
//! ```text
//!   metadata crate        driver                         engine
//!   Handle::propose ────► one thread (or a simulator):   events in, effects out;
//!   StateMachine   ◄───── log, snapshots, quorum-state ◄► no I/O, no clock
//!                         Transport ──► other nodes
//! ```
//!
//! | to find | look in |
//! |---|---|
//! | the protocol: roles, votes, fetches, the high watermark | [`engine`] |
//! | what is built from the log | [`StateMachine`] |
//! | bounds | [`limits`] |
//!
//! KIP-595 (Raft by fetching), KIP-630 (snapshots), KIP-853 (voters in the log), KIP-996 (pre-votes).

#![forbid(unsafe_code)]

pub mod engine;
pub mod limits;
mod state_machine;

pub use engine::{
    ElectionState, Endpoint, LeaderAndEpoch, OffsetAndEpoch, Peer, ReplicaKey, Voter, VoterSet,
};
pub use state_machine::{CommittedBatch, SnapshotRecords, StateMachine};
