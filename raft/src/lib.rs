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
//! | what performs it: log, snapshots, quorum state, threads | [`driver`] |
//! | how requests get to other nodes, over TCP or what takes its place | [`net`] |
//! | how the rest of the node uses it | [`Handle`], [`StateMachine`], [`Transport`] |
//! | bounds | [`limits`] |
//!
//! KIP-595 (Raft by fetching), KIP-630 (snapshots), KIP-853 (voters in the log), KIP-996 (pre-votes).

#![forbid(unsafe_code)]

pub mod driver;
pub mod engine;
pub mod limits;
pub mod net;
mod protocol;
mod quorum_state;
mod state_machine;

pub use driver::{
    BeginSnapshotError, Busy, Driver, DriverConfig, DriverError, DriverThread, Handle, Now, Poll,
    ProposeError, QuorumInfo, Reply, SendFailed, SnapshotBuilder, Transport, UpgradeReply, spawn,
};
pub use engine::{
    ChangeFault, CorrelationId, ElectionState, Endpoint, EngineConfig, LeaderAndEpoch, OffsetAndEpoch, Peer,
    ReplicaKey, RoleName, UpgradeKRaftVersionRequest, Voter, VoterSet,
};
pub use net::TcpTransport;
pub use protocol::{InboundRequest, RequestBody, ResponseBody, TOPIC_ID, TOPIC_NAME};
pub use quorum_state::{QUORUM_STATE_FILE_NAME, QuorumStateError, read_quorum_state, write_quorum_state};
pub use state_machine::{CommittedBatch, SnapshotRecords, StateMachine};
