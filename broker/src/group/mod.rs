//! The group coordinator: classic consumer groups and the offsets they commit.
//!
//! ```text
//! api/join_group.rs …  ->  coordinator  ->  shard (one per partition of __consumer_offsets)
//!                              |              |- group, member    state of one group (KIP-62, 345, 394)
//!                              |              |- join, sync, leave, heartbeat, offsets, describe
//!                              |              |- timers           deadlines of members and rebalances
//!                              v              `- effects          records to append, what follows once committed
//!                          OffsetsLog (a partition, seen from here)
//! ```
//!
//! A shard is a state machine without I/O: an operation changes what no log needs to remember, and
//! names the records to append and what is to happen once they are committed. [`coordinator`]
//! appends them in order and applies the rest when the high watermark has passed them, so a reply
//! never tells of something a crash could take back.

mod config;
mod coordinator;
mod describe;
mod effects;
#[allow(clippy::module_inception, reason = "a classic group is what the field calls a group")]
mod group;
mod heartbeat;
mod join;
mod leave;
mod load;
mod member;
mod offsets;
mod records;
pub(crate) mod service;
mod shard;
mod static_member;
mod sync;
#[cfg(test)]
mod tests;
mod timers;

pub(crate) use config::GroupConfig;
pub(crate) use coordinator::{GroupCoordinator, GroupFilter, partition_for};
pub(crate) use effects::Now;
pub(crate) use join::Joiner;
