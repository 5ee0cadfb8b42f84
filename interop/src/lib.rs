//! The harness of the interop tests: a real server in a directory of its own, and the programs of
//! others that talk to it.
//!
//! ```text
//! tests/*.rs ── Node (node.rs) ──── Server (server.rs): Apache Kafka 4.3.1 or kraftlog
//!           │        └─ probe.rs: is it ready?      ports.rs: where it listens
//!           └── Tool (tool.rs) ──── java.rs, kcat.rs, python.rs: whose program
//!           │        └─ client.rs: four verbs that every client library has
//!                    └─ process.rs: children that die with the test
//! small_disk.rs: a file system that fills up
//! files.rs: what a log directory holds, for the tests that exchange files
//! ```
//!
//! Scenarios take either server (`KRAFTLOG_INTEROP_SERVER=apache`), so that each of them is known
//! to be true of Apache Kafka before it is asked of kraftlog.

mod client;
mod files;
mod java;
mod kcat;
mod node;
mod ports;
mod probe;
mod process;
mod python;
mod server;
mod small_disk;
mod tool;
mod wait;

pub use client::{Client, SENT_HEADER, example};
pub use files::{BatchSpan, batch_spans, files_ending_with};
pub use java::{console_consumer, console_producer, java};
pub use kcat::kcat;
pub use node::{Node, NodeBuilder};
pub use ports::free_port;
pub use probe::answers_metadata;
pub use process::Running;
pub use python::python;
pub use server::{Server, kraftlog_tool};
pub use small_disk::SmallDisk;
pub use tool::{Finished, RunningTool, Tool};
pub use wait::{eventually, until};
