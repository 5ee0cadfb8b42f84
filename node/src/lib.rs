//! The packaged node: configuration files, command-line tools, and the process around a broker and
//! a controller.
//!
//! ```text
//!   config/   Kafka's .properties files, typed and checked, with every problem at its line
//! ```
//!
//! Only this crate reads the environment, prints, or ends the process.

pub mod config;
