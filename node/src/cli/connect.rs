//! Options that every tool has which talks to a cluster.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::client::{ClientError, ClientOptions, Cluster, parse_servers};

/// Where the cluster is.
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// The Kafka server to connect to: host:port, …
    #[arg(long, value_name = "server to connect to", required = true)]
    bootstrap_server: String,
    /// Property file containing configs for the client
    #[arg(long, value_name = "command config property file")]
    command_config: Option<PathBuf>,
}

impl Connect {
    /// Connects to the cluster.
    pub(crate) fn cluster(&self) -> Result<Cluster, Failure> {
        connect("--bootstrap-server", &self.bootstrap_server, self.command_config.as_deref())
    }
}

/// Connects to the servers that an option lists.
pub(crate) fn connect(
    option: &str,
    servers: &str,
    config: Option<&std::path::Path>,
) -> Result<Cluster, Failure> {
    let servers = parse_servers(servers).map_err(|error| Failure::usage(format!("{option}: {error}")))?;
    let mut options = ClientOptions::new(servers);
    if let Some(file) = config {
        options.apply(file).map_err(Failure::refused)?;
    }
    Ok(Cluster::connect(options)?)
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Unreachable(_) => Self::unreachable(error.to_string()),
            other => Self::refused(other.to_string()),
        }
    }
}
