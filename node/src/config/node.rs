//! The whole configuration of a node.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use log_store::properties;

use super::address::{HostPort, VoterAddress};
use super::listeners::Listeners;
use super::problem::{ConfigError, Origin, Problem};
use super::relations;
use super::values::Values;

/// What a node does in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Stores partitions and serves clients.
    Broker,
    /// Takes part in the metadata quorum.
    Controller,
}

/// How the quorum is found.
#[derive(Debug, Clone, Default)]
pub struct Quorum {
    /// `controller.quorum.voters`: a fixed set.
    pub voters: Vec<VoterAddress>,
    /// `controller.quorum.bootstrap.servers`: where to ask for the set (KIP-853).
    pub bootstrap_servers: Vec<HostPort>,
}

/// A node's configuration, whole and free of contradictions.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// Every setting.
    pub values: Values,
    /// `process.roles`.
    pub roles: Vec<Role>,
    /// `node.id`.
    pub node_id: i32,
    /// `log.dirs`, or else `log.dir`.
    pub log_dirs: Vec<PathBuf>,
    /// `metadata.log.dir`, or else the first of [`NodeConfig::log_dirs`].
    pub metadata_log_dir: PathBuf,
    /// Listeners of all kinds.
    pub listeners: Listeners,
    /// How the quorum is found.
    pub quorum: Quorum,
    /// Things to mention at start; nothing of them keeps the node from starting.
    pub notes: Vec<Problem>,
}

impl NodeConfig {
    /// Reads `file` and checks it, after `overrides` have replaced what it says.
    ///
    /// # Errors
    ///
    /// The file can't be read; or something in it is wrong, and then everything that is wrong is in the error.
    pub fn load(file: &Path, overrides: &[(String, String)]) -> Result<Self, ConfigError> {
        let bytes = std::fs::read(file).map_err(|error| ConfigError::unreadable(file, &error))?;
        Self::from_bytes(file, &bytes, overrides)
    }

    /// As [`NodeConfig::load`], with the file's content at hand; `file` is the name in messages.
    ///
    /// # Errors
    ///
    /// As [`NodeConfig::load`].
    pub fn from_bytes(
        file: &Path,
        bytes: &[u8],
        overrides: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let entries = properties::parse(bytes).map_err(|error| {
            let origin = Origin::Line(error.line);
            let problem = Problem {
                file: file.to_owned(),
                origin,
                key: String::new(),
                message: format!("{error}: \\u must be followed by four hexadecimal digits"),
            };
            ConfigError::Problems(vec![problem])
        })?;
        let mut read = Values::read(file, entries, overrides);
        let mut config = Self::assemble(read.values, &mut read.problems);
        let found = relations::check(&config);
        read.problems.extend(found.problems);
        if read.problems.is_empty() {
            let idle = Vec::from_iter(config.values.without_effect());
            config.notes = [read.unknown, read.notes, found.notes, idle].concat();
            return Ok(config);
        }
        // An unknown key is often why a known one is missing, so it belongs into the same answer.
        let mut problems = [read.problems, read.unknown].concat();
        problems.sort_by_key(|problem| match problem.origin {
            Origin::Line(line) => (0, line),
            Origin::Override => (1, 0),
            Origin::Unset => (2, 0),
        });
        Err(ConfigError::Problems(problems))
    }

    fn assemble(values: Values, problems: &mut Vec<Problem>) -> Self {
        let roles = values.list("process.roles").iter().filter_map(|role| Role::from_name(role)).collect();
        let listeners = Listeners::read(&values, problems);
        let voters = values.list("controller.quorum.voters");
        let servers = values.list("controller.quorum.bootstrap.servers");
        let quorum = Quorum {
            voters: voters.iter().filter_map(|entry| VoterAddress::parse(entry).ok()).collect(),
            bootstrap_servers: servers.iter().filter_map(|entry| HostPort::parse(entry).ok()).collect(),
        };
        let key = if values.is_set("log.dirs") { "log.dirs" } else { "log.dir" };
        let log_dirs: Vec<PathBuf> = values.list(key).into_iter().map(PathBuf::from).collect();
        let metadata_log_dir = values.text("metadata.log.dir").map(PathBuf::from);
        let metadata_log_dir = metadata_log_dir.or_else(|| log_dirs.first().cloned()).unwrap_or_default();
        let node_id = values.integer_or_none("node.id").and_then(|id| i32::try_from(id).ok()).unwrap_or(-1);
        Self { values, roles, node_id, log_dirs, metadata_log_dir, listeners, quorum, notes: Vec::new() }
    }

    /// Whether `process.roles` has this role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Log directories and the metadata directory, each once, in the order of their names.
    pub fn all_directories(&self) -> Vec<PathBuf> {
        let all: BTreeSet<&PathBuf> = self.log_dirs.iter().chain([&self.metadata_log_dir]).collect();
        all.into_iter().cloned().collect()
    }
}

impl Role {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "broker" => Some(Self::Broker),
            "controller" => Some(Self::Controller),
            _ => None,
        }
    }

    /// Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Controller => "controller",
        }
    }
}
