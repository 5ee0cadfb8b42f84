//! `kafka-consumer-groups`: list, describe, reset offsets, delete.
//!
//! ```text
//!   groups.rs    what the cluster knows of a group: its state, members and offsets
//!   describe.rs  list, describe
//!   reset.rs     reset-offsets: which partitions, and to which offsets
//!   remove.rs    delete, delete-offsets
//!   table.rs     Kafka's columns
//! ```

mod describe;
mod groups;
mod remove;
mod reset;
mod table;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser};

use super::Failure;
use super::connect::connect;
use crate::client::{ClientError, Cluster};
use table::TopicPartition;

/// List consumer groups, describe them, reset their offsets, delete them
#[derive(Debug, Parser)]
pub(crate) struct ConsumerGroups {
    /// The Kafka server to connect to: host:port, …
    #[arg(long, value_name = "server to connect to", required_unless_present = "validate_regex")]
    bootstrap_server: Option<String>,
    /// Property file containing configs for the client
    #[arg(long, value_name = "command config property file")]
    command_config: Option<PathBuf>,
    /// How long the whole command may take, in milliseconds
    #[arg(long, value_name = "timeout (ms)", default_value_t = 30_000)]
    timeout: u64,
    #[command(flatten)]
    action: Action,
    /// A consumer group; may be given several times
    #[arg(long, value_name = "consumer group", conflicts_with_all = ["all_groups", "list"])]
    group: Vec<String>,
    /// All consumer groups (describe, delete, reset-offsets)
    #[arg(long, conflicts_with = "delete_offsets")]
    all_groups: bool,
    /// Topics whose offsets are deleted or reset; for some partitions `topic:0,1`
    #[arg(long, value_name = "topic", conflicts_with_all = ["list", "describe", "delete"])]
    topic: Vec<String>,
    /// Reset all topics that the group has offsets of
    #[arg(long, requires = "reset_offsets", conflicts_with = "topic")]
    all_topics: bool,
    #[command(flatten)]
    view: View,
    /// With --list, the types of groups; or only those of some types: classic,consumer
    #[arg(long = "type", value_name = "types", num_args = 0..=1, requires = "list")]
    types: Option<Option<String>>,
    /// More about what is described
    #[arg(long, requires = "describe")]
    verbose: bool,
    #[command(flatten)]
    target: reset::Target,
    /// Change nothing, show what --execute would do; the default
    #[arg(long, requires = "reset_offsets", conflicts_with = "execute")]
    dry_run: bool,
    /// Reset the offsets
    #[arg(long, requires = "reset_offsets")]
    execute: bool,
    /// Print the new offsets as CSV, as --from-file reads them
    #[arg(long, requires = "reset_offsets")]
    export: bool,
}

/// What to do; exactly one.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Action {
    /// List all consumer groups
    #[arg(long)]
    list: bool,
    /// Describe groups: their offsets and how far they lag behind
    #[arg(long)]
    describe: bool,
    /// Delete groups that have no members, with their offsets
    #[arg(long)]
    delete: bool,
    /// Reset the offsets of groups that have no members
    #[arg(long)]
    reset_offsets: bool,
    /// Delete the offsets that a group has of topics
    #[arg(long)]
    delete_offsets: bool,
    /// Check whether a pattern is a regular expression
    #[arg(long, value_name = "regex")]
    validate_regex: Option<String>,
}

/// What to describe; at most one.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct View {
    /// Offsets by partition; the default
    #[arg(long, requires = "describe")]
    offsets: bool,
    /// The members of the group
    #[arg(long, requires = "describe")]
    members: bool,
    /// The state of the group; with --list, of all groups, or only those in some states: stable,empty
    #[arg(long, value_name = "states", num_args = 0..=1)]
    state: Option<Option<String>>,
}

/// A tool in use: what was asked for, the cluster, and where it prints.
struct Tool<'a> {
    options: &'a ConsumerGroups,
    cluster: Cluster,
    out: &'a mut dyn Write,
}

impl ConsumerGroups {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        if let Some(pattern) = &self.action.validate_regex {
            return validate_regex(pattern, out);
        }
        self.check()?;
        let servers = self.bootstrap_server.as_deref().unwrap_or_default();
        let mut cluster = connect("--bootstrap-server", servers, self.command_config.as_deref())?;
        cluster.limit(Duration::from_millis(self.timeout));
        let mut tool = Tool { options: &self, cluster, out };
        let done = match &self.action {
            Action { list: true, .. } => tool.list(),
            Action { describe: true, .. } => tool.describe(),
            Action { delete: true, .. } => tool.delete(),
            Action { reset_offsets: true, .. } => tool.reset(),
            _ => tool.delete_offsets(),
        };
        done.or_else(|problem| problem.report(tool.out))
    }

    /// What clap cannot say.
    fn check(&self) -> Result<(), Failure> {
        let action = &self.action;
        let needs_groups = action.describe || action.delete || action.reset_offsets;
        if needs_groups && self.group.is_empty() && !self.all_groups {
            return Err(Failure::usage("say which groups: --group or --all-groups"));
        }
        if action.delete_offsets && (self.group.len() != 1 || self.topic.is_empty()) {
            return Err(Failure::usage("--delete-offsets takes one --group and --topic"));
        }
        if action.describe && matches!(self.view.state, Some(Some(_))) {
            return Err(Failure::usage("--state takes no value with --describe"));
        }
        if action.reset_offsets {
            self.check_reset()?;
        }
        Ok(())
    }

    fn check_reset(&self) -> Result<(), Failure> {
        if !self.target.is_chosen() {
            return Err(Failure::usage(
                "say where to: --to-offset, --to-earliest, --to-latest, --to-current, --to-datetime, --by-duration, \
                 --shift-by or --from-file",
            ));
        }
        if self.topic.is_empty() && !self.all_topics && !self.target.is_from_file() {
            return Err(Failure::usage("say which topics: --topic or --all-topics"));
        }
        if !self.dry_run && !self.execute {
            super::failure::note(
                "WARN: nothing is reset without --execute; --dry-run says so without this line",
            );
        }
        Ok(())
    }
}

impl Tool<'_> {
    /// The groups that are meant.
    fn chosen_groups(&mut self) -> Result<Vec<String>, Problem> {
        if !self.options.all_groups {
            return Ok(self.options.group.clone());
        }
        let listed = groups::list(&mut self.cluster, &[], &[])?;
        Ok(listed.into_iter().map(|group| group.id).collect())
    }

    /// The partitions that `--topic` names.
    fn named_partitions(&mut self) -> Result<Vec<TopicPartition>, Problem> {
        let mut named = Vec::new();
        for argument in &self.options.topic {
            match argument.split_once(':') {
                Some((topic, numbers)) => {
                    for number in numbers.split(',') {
                        let number = number.trim().parse().map_err(|_| {
                            Problem::Said(format!(
                                "Invalid partition '{number}' specified in topic arg '{argument}'"
                            ))
                        })?;
                        named.push((topic.to_owned(), number));
                    }
                }
                None => {
                    let found = self.cluster.describe(Some(&[argument]), false)?.into_iter().next();
                    let found =
                        found.ok_or_else(|| Problem::Said(format!("topic '{argument}' does not exist")))?;
                    let partitions = found.partitions.iter();
                    named.extend(partitions.map(|partition| (argument.clone(), partition.index)));
                }
            }
        }
        Ok(named)
    }

    /// A line as Apache prints its errors.
    fn print_error(&mut self, message: &str) -> Result<(), Problem> {
        Ok(writeln!(self.out, "\nError: {message}")?)
    }
}

fn validate_regex(pattern: &str, out: &mut dyn Write) -> Result<(), Failure> {
    match regex_lite::Regex::new(pattern) {
        Ok(_) => Ok(writeln!(out, "The regular expression `{pattern}` is valid.")?),
        Err(error) => {
            writeln!(out, "The regular expression `{pattern}` is invalid: {error}.")?;
            Err(Failure::quiet())
        }
    }
}

/// Why an action came to nothing.
enum Problem {
    Client(ClientError),
    Said(String),
    /// Everything is said.
    Told,
    Output(Failure),
}

impl Problem {
    /// Apache prints refusals where the output goes, and scripts look for them there.
    fn report(self, out: &mut dyn Write) -> Result<(), Failure> {
        let message = match self {
            Self::Client(error @ ClientError::Unreachable(_)) => return Err(error.into()),
            Self::Output(failure) => return Err(failure),
            Self::Told => return Err(Failure::quiet()),
            Self::Client(error) => error.to_string(),
            Self::Said(message) => message,
        };
        writeln!(out, "\nError: Executing consumer group command failed due to {message}")?;
        Err(Failure::quiet())
    }
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
