//! `kraftlog dev`: a ready node on this machine, with nothing to prepare.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use log_store::io::{BlockingIo, Io};

use super::Failure;
use super::storage::standalone;
use crate::config::NodeConfig;
use crate::format::{Levels, Plan};
use crate::{clock, random, server};

/// Run a ready node on this machine; formats its data directory on first use
#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// Where the data is kept
    #[arg(long, default_value = "data", value_name = "DIRECTORY")]
    data_dir: PathBuf,
    /// The port that clients use; the controller uses the next one
    #[arg(long, default_value_t = 9092, value_parser = clap::value_parser!(u16).range(1..65_535))]
    port: u16,
}

impl Dev {
    pub(super) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = NodeConfig::from_bytes(Path::new("dev"), self.properties().as_bytes(), &[])?;
        if !self.data_dir.join("meta.properties").exists() {
            format(&config)?;
            writeln!(out, "Formatted {} for a cluster of its own.", self.data_dir.display())?;
            out.flush()?;
        }
        let text = self.what_next();
        let ready = move || {
            // Whoever closed standard output needs no advice.
            let _ = io::stdout().write_all(text.as_bytes());
        };
        let ending = server::serve(&config, ready).map_err(|error| Failure::refused(error.to_string()))?;
        if ending.is_clean() { Ok(()) } else { Err(Failure::refused(ending.to_string())) }
    }

    /// A configuration as somebody would write it for a laptop.
    fn properties(&self) -> String {
        let (port, controller_port) = (self.port, self.port + 1);
        // A backslash would escape what follows it.
        let directory = self.data_dir.display().to_string().replace('\\', "\\\\");
        format!(
            "process.roles=broker,controller\n\
             node.id=1\n\
             controller.quorum.bootstrap.servers=localhost:{controller_port}\n\
             listeners=PLAINTEXT://localhost:{port},CONTROLLER://localhost:{controller_port}\n\
             controller.listener.names=CONTROLLER\n\
             log.dirs={directory}\n\
             offsets.topic.replication.factor=1\n\
             group.initial.rebalance.delay.ms=0\n"
        )
    }

    fn what_next(&self) -> String {
        let (program, port) = (program(), self.port);
        format!(
            "\n  Listening on localhost:{port}; the data is in {}. Ctrl-C stops the node.\n\n  \
             In another terminal:\n    \
             {program} topics --bootstrap-server localhost:{port} --create --topic first --partitions 3\n    \
             echo hello | {program} produce --bootstrap-server localhost:{port} first\n    \
             {program} consume --bootstrap-server localhost:{port} --from-beginning first\n\n",
            self.data_dir.display()
        )
    }
}

/// This program as it was called, so that what is printed can be typed.
fn program() -> String {
    let called = std::env::args().next().unwrap_or_default();
    if called.is_empty() || called.contains(char::is_whitespace) { "kraftlog".to_owned() } else { called }
}

/// Formats the directory for a cluster of its own.
fn format(config: &NodeConfig) -> Result<(), Failure> {
    let plan = Plan {
        cluster_id: random::uuid().to_string(),
        node_id: config.node_id,
        directories: config.all_directories(),
        metadata_directory: config.metadata_log_dir.clone(),
        levels: Levels::choose(None, &[], true).map_err(Failure::refused)?,
        voters: Some(vec![standalone(config)?]),
        controller_listener: config.listeners.controller_names[0].clone(),
        ignore_formatted: true,
    };
    let disk: Arc<dyn Io> = Arc::new(BlockingIo::new());
    plan.run(&disk, clock::now_ms(), &mut io::sink()).map_err(|error| Failure::refused(error.to_string()))
}
