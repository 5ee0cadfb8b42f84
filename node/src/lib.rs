//! The packaged node: configuration files, command-line tools, and the process around a broker and
//! a controller.
//!
//! ```text
//!   config/   Kafka's .properties files, typed and checked, with every problem at its line
//!   cli/      `kraftlog <tool>`, and the same tools under Kafka's names
//!   client/   a small blocking Kafka client for the tools
//!   server/   a running node
//!   format/   the files a node needs before its first start
//!   random.rs  ids from the system's generator
//! ```
//!
//! Only this crate reads the environment, prints, or ends the process.

pub mod cli;
mod client;
mod clock;
pub mod config;
mod format;
mod partitioner;

mod random;
mod server;
