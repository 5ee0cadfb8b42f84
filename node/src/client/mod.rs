//! A small Kafka client for the tools: blocking, one request at a time, PLAINTEXT.
//!
//! ```text
//!   error.rs       what went wrong, in words that name host, address and cause
//!   options.rs     --bootstrap-server, --command-config
//!   connection.rs  one connection: dial, versions, request and response
//!   cluster.rs     the nodes of a cluster, and requests that find their node
//! ```

mod cluster;
mod connection;
mod error;
mod options;

pub(crate) use cluster::{Cluster, PartitionView, TopicView, broker_error};

pub(crate) use error::{ClientError, Refusal};
pub(crate) use options::{ClientOptions, parse_servers};
