//! The same work on Apache Kafka and on kraftlog, and what the machine itself could do.
//!
//! ```text
//! bin/versus.rs ── contest.rs ── who runs what, in which order
//!                    ├─ workload.rs ── generator.rs ── connection.rs ── frames.rs, batches.rs
//!                    │     produce and fetch over raw connections, cheap for the client
//!                    ├─ startup.rs    from the start of the process to the first topic
//!                    ├─ usage.rs      CPU time and memory of a process
//!                    ├─ warm.rs       the same memory for every run
//!                    ├─ bare.rs       a server that does only what no server can leave out
//!                    └─ ceiling.rs    sendfile, page cache and CRC without any server
//!                  report.rs ── medians, spreads, ratios, as a table; machine.rs ── of what machine
//! ```

mod bare;
mod batches;
mod ceiling;
mod connection;
mod contest;
mod frames;
mod generator;
mod machine;
mod report;
mod startup;
mod usage;
mod warm;
mod workload;

pub use contest::{Contest, Contestant, run};
pub use generator::GeneratorError;
pub use report::Report;
