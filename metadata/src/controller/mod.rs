//! The controller, as a value: what is asked of it, what it would write, what it answers. No I/O, no clock, no
//! randomness of its own.
//!
//! ```text
//!   api.rs            requests, responses, who asks                error.rs  why something is refused
//!   active.rs         Controller: one match over the requests, sweeps, what time asks for (timers.rs)
//!   plan.rs           Planned { records, response }, and questions about the state
//!   state.rs          ControllerState: the image after the last record written; indexes.rs into it
//!
//!   topics            create_topics, create_partitions, delete_topics (topic_names, partitions, placement)
//!   partitions        alter_partition, elect_leaders, reassignments, partition_change; sweep for many at once
//!   brokers           registration, lifecycle (heartbeats), directories
//!   others            configs (config_rules), features, producer_ids, activation
//! ```
//!
//! Each `plan` reads the state and returns records and a response; a refusal is a response without records. Only
//! [`ControllerState::replay`] changes hard state, here as on every other node.

mod activation;
mod active;
mod alter_partition;
pub(crate) mod api;
mod config;
mod config_rules;
mod configs;
mod create_partitions;
mod create_topics;
mod delete_topics;
mod dice;
mod directories;
mod elect_leaders;
mod error;
mod features;
mod heartbeats;
mod indexes;
mod lifecycle;
mod partition_change;
mod partitions;
mod placement;
mod plan;
mod producer_ids;
mod reassignments;
mod registration;
mod state;
mod sweep;
mod timers;
mod topic_names;

pub use active::{Controller, Outcome};
pub use api::{Access, AllowAll, ControllerContext, ControllerRequest, ControllerResponse, TopicAccess};
pub use config::{ControllerConfig, bootstrap_records, supported_features};
pub use dice::Dice;
pub use error::ApiError;
pub use plan::Planned;
pub use state::ControllerState;
pub use topic_names::validate_topic_name;

#[cfg(test)]
mod tests;
