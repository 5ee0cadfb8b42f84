//! `kafka-storage`: cluster ids, and log directories before their first start.
//!
//! ```text
//!   format.rs    format
//!   info.rs      info
//!   versions.rs  version-mapping, feature-dependencies
//! ```

mod format;
mod info;
mod versions;

use std::io::Write;

use clap::{Parser, Subcommand};

use super::Failure;
use crate::random;

pub(super) use format::standalone;

/// Make cluster ids, format log directories, look at them
#[derive(Debug, Parser)]
pub(crate) struct Storage {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Get information about the Kafka log directories on this node
    Info(info::Info),
    /// Format the Kafka log directories on this node
    Format(Box<format::Format>),
    /// Look up the corresponding features for a given metadata version
    VersionMapping(versions::VersionMapping),
    /// Look up dependencies for a given feature version
    FeatureDependencies(versions::FeatureDependencies),
    /// Print a random UUID
    RandomUuid,
}

impl Storage {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self.command {
            Command::Info(info) => info.run(out),
            Command::Format(format) => format.run(out),
            Command::VersionMapping(mapping) => mapping.run(out),
            Command::FeatureDependencies(dependencies) => dependencies.run(out),
            Command::RandomUuid => Ok(writeln!(out, "{}", random::uuid())?),
        }
    }
}
