//! The packaged node: configuration files, command-line tools, and the process around a broker and
//! a controller.
//!
//! ```text
//!   config/   Kafka's .properties files, typed and checked, with every problem at its line
//!   cli/      `kraftlog <tool>`, and the same tools under Kafka's names
//!   random.rs  ids from the system's generator
//! ```
//!
//! Only this crate reads the environment, prints, or ends the process.

pub mod cli;
pub mod config;

mod random;
