//! `kafka-topics`: create, list, describe, alter, delete.
//!
//! ```text
//!   change.rs    create, alter, delete
//!   describe.rs  list, describe
//!   view.rs      what Apache prints about a topic and its partitions
//! ```

mod change;
mod describe;
mod view;

use std::io::Write;

use clap::{Args, Parser};
use regex_lite::Regex;
use wire::Uuid;

use super::Failure;
use super::connect::Connect;
use crate::client::{ClientError, Cluster, TopicView};

/// Create, delete, describe, or change a topic
#[derive(Debug, Parser)]
pub(crate) struct Topics {
    #[command(flatten)]
    connect: Connect,
    #[command(flatten)]
    action: Action,
    /// The topic to create, alter, describe or delete; also a regular expression, except for --create
    #[arg(long, value_name = "topic")]
    topic: Option<String>,
    /// The topic-id to describe
    #[arg(long, value_name = "topic-id", conflicts_with_all = ["create", "list", "alter", "delete"], allow_hyphen_values = true)]
    topic_id: Option<Uuid>,
    /// A topic configuration override for the topic being created
    #[arg(long, value_name = "name=value", conflicts_with_all = ["list", "describe", "alter", "delete"])]
    config: Vec<String>,
    /// The number of partitions for the topic being created or altered
    #[arg(long, value_name = "# of partitions", conflicts_with_all = ["list", "describe", "delete"])]
    partitions: Option<i32>,
    /// The replication factor for each partition in the topic being created
    #[arg(long, value_name = "replication factor", conflicts_with_all = ["list", "describe", "alter", "delete"])]
    replication_factor: Option<i32>,
    /// Manual partition-to-broker assignments: broker:broker, broker:broker, …
    #[arg(long, value_name = "broker_id_for_part1_replica1 : …", conflicts_with_all = ["list", "describe", "delete"])]
    replica_assignment: Option<String>,
    #[command(flatten)]
    filters: Filters,
    /// Do nothing when the topic does not exist (altering, deleting, describing)
    #[arg(long, conflicts_with_all = ["create", "list"])]
    if_exists: bool,
    /// Do not fail when the topic exists (creating)
    #[arg(long, conflicts_with_all = ["list", "describe", "alter", "delete"])]
    if_not_exists: bool,
    /// Exclude internal topics when listing or describing
    #[arg(long, conflicts_with_all = ["create", "alter", "delete"])]
    exclude_internal: bool,
    /// The most partitions in one answer of the server
    #[arg(long, value_name = "maximum number of partitions per response", default_value_t = 2000)]
    partition_size_limit_per_response: i32,
}

/// What to do; exactly one.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Action {
    /// Create a new topic
    #[arg(long)]
    create: bool,
    /// List all available topics
    #[arg(long)]
    list: bool,
    /// List details for the given topics
    #[arg(long)]
    describe: bool,
    /// Alter the number of partitions and replica assignment
    #[arg(long)]
    alter: bool,
    /// Delete a topic
    #[arg(long)]
    delete: bool,
}

/// What to show of a description; at most one.
#[derive(Debug, Args)]
#[group(multiple = false, conflicts_with_all = ["create", "list", "alter", "delete"])]
struct Filters {
    /// Only show under-replicated partitions
    #[arg(long)]
    under_replicated_partitions: bool,
    /// Only show partitions whose leader is not available
    #[arg(long)]
    unavailable_partitions: bool,
    /// Only show partitions whose isr count is less than the configured minimum
    #[arg(long)]
    under_min_isr_partitions: bool,
    /// Only show partitions whose isr count is equal to the configured minimum
    #[arg(long)]
    at_min_isr_partitions: bool,
    /// Only show topics that have overridden configs
    #[arg(long)]
    topics_with_overrides: bool,
}

impl Topics {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        if (self.action.create || self.action.alter || self.action.delete) && self.topic.is_none() {
            return Err(Failure::usage("Missing required argument \"[topic]\""));
        }
        let mut cluster = self.connect.cluster()?;
        let done = match &self.action {
            Action { create: true, .. } => self.create(&mut cluster, out),
            Action { list: true, .. } => self.list(&mut cluster, out),
            Action { describe: true, .. } => self.describe(&mut cluster, out),
            Action { alter: true, .. } => self.alter(&mut cluster),
            _ => self.delete(&mut cluster),
        };
        match done {
            Err(Problem::Client(error @ ClientError::Unreachable(_))) => Err(error.into()),
            Err(Problem::Output(failure)) => Err(failure),
            // Apache prints refusals where the output goes, and scripts look for them there.
            Err(Problem::Client(error)) => refuse(&error.to_string(), out),
            Err(Problem::Said(message)) => refuse(&message, out),
            Ok(()) => Ok(()),
        }
    }

    /// The topics that the pattern of `--topic` means, by name.
    fn matching(&self, cluster: &mut Cluster) -> Result<Vec<TopicView>, Problem> {
        let mut topics = cluster.describe(None, false)?;
        topics.retain(|topic| !(self.exclude_internal && topic.is_internal));
        if let Some(pattern) = &self.topic {
            let filter = include_list(pattern)?;
            topics.retain(|topic| filter.is_match(&topic.name));
        }
        Ok(topics)
    }

    /// As [`Topics::matching`]; none is a problem unless `--if-exists`.
    fn existing(&self, cluster: &mut Cluster) -> Result<Vec<TopicView>, Problem> {
        let topics = self.matching(cluster)?;
        match &self.topic {
            Some(name) if topics.is_empty() && !self.if_exists => {
                Err(Problem::Said(format!("Topic '{name}' does not exist as expected")))
            }
            _ => Ok(topics),
        }
    }
}

fn refuse(message: &str, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "Error while executing topic command : {message}")?;
    Err(Failure::quiet())
}

/// Why an action came to nothing.
enum Problem {
    Client(ClientError),
    Said(String),
    Output(Failure),
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error.into())
    }
}

/// A list of names or patterns between commas, each to match a whole name.
fn include_list(pattern: &str) -> Result<Regex, Problem> {
    let alternatives = pattern.trim().replace(',', "|").replace(['"', '\''], "").replace(' ', "");
    Regex::new(&format!("^(?:{alternatives})$"))
        .map_err(|error| Problem::Said(format!("{pattern} is an invalid regex: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        include_list(pattern).ok().unwrap().is_match(name)
    }

    #[test]
    fn patterns_match_whole_names() {
        assert!(matches("a|b", "b"));
        assert!(matches("a,b", "b"));
        assert!(matches("orders.*", "orders-eu"));
        assert!(!matches("order", "orders"));
        assert!(include_list("(").is_err());
    }
}
