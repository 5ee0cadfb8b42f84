//! The configuration of a node, from Kafka's own files.
//!
//! ```text
//!   values.rs      every setting typed and checked against Kafka's tables
//!   effective.rs   settings that change something; the others are named in a warning
//!   removed.rs     settings that Kafka no longer has, and what replaced them
//!   address.rs     host:port, NAME://host:port, id@host:port
//!   listeners.rs   what is bound, what is advertised, which protocol each has
//!   relations/     rules that span several settings
//!   problem.rs     what is wrong, and where; all of it at once
//!   suggest.rs     did you mean
//! ```

mod address;
mod effective;
mod listeners;
mod node;
mod problem;
mod relations;
mod removed;
mod suggest;
#[cfg(test)]
mod tests;
mod values;

pub use address::{HostPort, ListenerAddress, VoterAddress};
pub use listeners::{Listeners, SecurityProtocol};
pub use node::{NodeConfig, Quorum, Role};
pub use problem::{ConfigError, Origin, Problem};
pub use suggest::nearest;
pub use values::Values;
