//! `kafka-server-start`: runs a node until it is asked to stop.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Parser;

use super::Failure;
use crate::config::NodeConfig;
use crate::server;

/// Where a daemon's output goes, below the working directory unless `LOG_DIR` says where.
const DAEMON_LOG: &str = "kafkaServer.out";

/// Run a node until it is asked to stop
#[derive(Debug, Parser)]
pub(crate) struct ServerStart {
    /// Run in the background; output goes to $LOG_DIR/kafkaServer.out (also -daemon)
    #[arg(long)]
    daemon: bool,
    /// The node's Kafka configuration file
    #[arg(value_name = "server.properties")]
    config: PathBuf,
    /// A setting that replaces the file's; may be given several times
    #[arg(long = "override", value_name = "property=value", value_parser = parse_override)]
    overrides: Vec<(String, String)>,
}

fn parse_override(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("expected property=value".to_owned()),
    }
}

/// Kafka's script takes `-daemon` with one dash.
pub(super) fn accept_single_dash(args: &mut [OsString]) {
    args.iter_mut()
        .filter(|argument| *argument == "-daemon")
        .for_each(|argument| *argument = "--daemon".into());
}

impl ServerStart {
    pub(super) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = NodeConfig::load(&self.config, &self.overrides)?;
        if self.daemon {
            return self.detach(out);
        }
        let ending = server::serve(&config, || {}).map_err(|error| Failure::refused(error.to_string()))?;
        if ending.is_clean() { Ok(()) } else { Err(Failure::refused(ending.to_string())) }
    }

    /// Starts this program once more in a session of its own, without `--daemon`.
    fn detach(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let directory = env::var_os("LOG_DIR").map_or_else(|| PathBuf::from("logs"), PathBuf::from);
        let path = directory.join(DAEMON_LOG);
        let failed = |error: std::io::Error| Failure::refused(format!("{}: {error}", path.display()));
        fs::create_dir_all(&directory).map_err(failed)?;
        let log = File::options().create(true).append(true).open(&path).map_err(failed)?;
        let errors = log.try_clone().map_err(failed)?;
        let mut command = Command::new(env::current_exe().map_err(failed)?);
        command.arg0("kraftlog").arg("server-start").arg(&self.config);
        for (key, value) in &self.overrides {
            command.arg("--override").arg(format!("{key}={value}"));
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        writeln!(out, "started as process {}, output in {}", child.id(), path.display())?;
        Ok(())
    }
}
