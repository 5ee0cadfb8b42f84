//! The broker: what clients and other brokers talk to.
//!
//! ```text
//! net ──frame──▶ dispatch ──▶ api/<request> ──▶ partition ──▶ log_store
//!  ▲                              │  └──▶ controller (metadata)
//!  └──── answer, in order ◀───────┴──▶ waiting: until a partition moves
//! ```
//!
//! | to find | look in |
//! |---|---|
//! | connections, frames, sendfile | [`net`] |
//! | which handler answers what | `dispatch` |
//! | a request's handler | `api` |
//! | who may do what | `authorise` |
//! | which code an error has | `errors` |
//! | a partition; all partitions | `partition`, `partitions` |
//! | fetch sessions; waiting requests | `fetch_sessions`, `waiting` |
//! | groups | `group` |

#![forbid(unsafe_code)]

#[allow(clippy::needless_pass_by_value, reason = "handlers have one shape: they own their request")]
mod api;
mod authorise;
mod auto_create;
mod broker;
mod cluster_view;
mod config;
mod context;
mod controller;
mod descriptors;
mod disks;
mod dispatch;
mod errors;
mod fetch_sessions;
mod group;
mod lifecycle;
mod limits;
pub mod net;
mod partition;
mod partitions;
mod periodic;
mod producer_ids;
mod reply;
mod time;
mod topic_config;
mod topic_names;
mod waiting;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use authorise::{AllowAll, Authoriser, Operation, Principal, Resource};
pub use broker::{Broker, StartError};
pub use config::{AdvertisedListener, BrokerConfig, Settings};
pub use controller::{Answer, Caller, ControllerChannel, LocalController};
pub use lifecycle::Readiness;
