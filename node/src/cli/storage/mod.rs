//! `kafka-storage`: cluster ids and the formatting of log directories.

use std::io::Write;

use clap::{Parser, Subcommand};

use super::Failure;
use crate::random;

/// Make cluster ids, format log directories, look at them.
#[derive(Debug, Parser)]
pub(crate) struct Storage {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a random UUID.
    RandomUuid,
}

impl Storage {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self.command {
            Command::RandomUuid => writeln!(out, "{}", random::uuid())?,
        }
        Ok(())
    }
}
