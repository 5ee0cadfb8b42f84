//! A seeded simulation of whole nodes: the real raft driver, the real metadata runtime, and a clock and a disk that
//! obey a seed.
//!
//! ```text
//!   scenario.rs     what a seed expands to: thresholds, weights, faults
//!   simulation.rs   the run: one step, then every invariant
//!   workload.rs     what is asked of the controller, and what an answer promises
//!   node.rs         one node on its disk, driven by hand
//!   invariants/     one file per property, named after it
//!   trace.rs        a hash of everything that was seen
//! ```
//!
//! What is covered, and what is not: `sim/README.md`.

#![forbid(unsafe_code)]

mod invariants;
mod node;
mod scenario;
mod simulation;
mod trace;
mod workload;

pub use scenario::Scenario;
pub use simulation::{Counts, Failure, Report, run, simulate};
