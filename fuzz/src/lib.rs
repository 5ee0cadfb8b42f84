//! What any bytes may do to the parts that read bytes: a plain function per target, from bytes to a
//! panic or none.
//!
//! | target | what the bytes are | what must hold |
//! |---|---|---|
//! | [`frames`] | a request or an answer as it comes from a socket | no memory by claims; what is read can be written |
//! | [`messages`] | any message in any version | the same |
//! | [`records`] | a record of the metadata log or of a coordinator, or of consumers | the same |
//! | [`batches`] | record batches, their compressed records | bounded output; batches rebuilt from records are equal |
//! | [`segment_recovery`] | a segment after a crash | exactly the whole batches stay |
//! | [`partition_files`] | indexes, producer snapshots, epochs beside a good segment | every read gives the right batches |
//! | [`snapshots`] | a snapshot of the metadata log | all of it is checked; accepted ones read the same again |
//! | [`state_files`] | quorum state, checkpoints, `meta.properties`, … | what is read and written again reads the same |
//! | [`config`] | a configuration file | problems have words, never a panic |
//! | [`log_model`] | operations on a log whose disk fails | the log is what a map of batches says |
//! | [`raft_events`] | events for a voter, from honest disks and any peers | the invariants of the engine and of KRaft |
//!
//! [`targets`] lists them for whoever runs all; [`input`] turns bytes into decisions, [`mutation`] makes new
//! inputs of old ones in a fixed order, [`memory`] measures what a piece of work allocates.

pub mod batches;
pub mod config;
pub mod frames;
pub mod input;
pub mod log_model;
pub mod memory;
pub mod messages;
pub mod mutation;
pub mod partition_files;
pub mod raft_events;
pub mod records;
pub mod segment_recovery;
pub mod snapshots;
pub mod state_files;
pub mod targets;
