//! Which servers to ask, and how.

use std::path::Path;
use std::time::Duration;

use log_store::properties;

use crate::config::HostPort;

/// How the tools reach a cluster.
#[derive(Debug, Clone)]
pub(crate) struct ClientOptions {
    /// Servers to begin with.
    pub(crate) servers: Vec<HostPort>,
    /// Name that requests bear.
    pub(crate) client_id: String,
    /// Longest wait for a connection.
    pub(crate) connect_timeout: Duration,
    /// Longest wait for a response.
    pub(crate) request_timeout: Duration,
    /// Longest time for a whole task with its retries.
    pub(crate) task_timeout: Duration,
}

impl ClientOptions {
    /// What holds without a file of options.
    pub(crate) fn new(servers: Vec<HostPort>) -> Self {
        Self {
            servers,
            client_id: "kraftlog-tools".to_owned(),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            task_timeout: Duration::from_secs(60),
        }
    }

    /// Applies a file of client settings (`--command-config`); settings that concern other clients are passed over.
    ///
    /// An error is a sentence about the file.
    pub(crate) fn apply(&mut self, file: &Path) -> Result<(), String> {
        let bytes =
            std::fs::read(file).map_err(|error| format!("{}: cannot be read: {error}", file.display()))?;
        let settings = properties::parse(&bytes)
            .map_err(|error| format!("{}:{}: {error}", file.display(), error.line))?;
        for setting in settings {
            let fault = |expected: &str| {
                format!(
                    "{}:{}: {}: expected {expected}, got {:?}",
                    file.display(),
                    setting.line,
                    setting.key,
                    setting.value
                )
            };
            let value = setting.value.trim();
            let millis = || value.parse().map(Duration::from_millis).map_err(|_| fault("a whole number ≥ 0"));
            match setting.key.as_str() {
                "client.id" => self.client_id = value.to_owned(),
                "request.timeout.ms" => self.request_timeout = millis()?,
                "default.api.timeout.ms" => self.task_timeout = millis()?,
                "socket.connection.setup.timeout.ms" => self.connect_timeout = millis()?,
                "security.protocol" if !value.eq_ignore_ascii_case("PLAINTEXT") => {
                    return Err(fault("PLAINTEXT, the only protocol these tools speak so far"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Reads the list of `--bootstrap-server`. An error is a sentence about it.
pub(crate) fn parse_servers(text: &str) -> Result<Vec<HostPort>, String> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let servers = entries.map(HostPort::parse).collect::<Result<Vec<_>, _>>()?;
    if servers.is_empty() { Err("expected host:port, …".to_owned()) } else { Ok(servers) }
}
