//! The command line: `kraftlog <tool> …`, and each tool under Kafka's name by the name of the program.
//!
//! ```text
//!   failure.rs   how a tool ends when it can't do what was asked, and the exit code
//!   connect.rs   how a tool finds its cluster
//!   server_start.rs, dev.rs   a node in the foreground
//!   storage/     kafka-storage
//!   topics/      kafka-topics
//!   dump_log/    kafka-dump-log
//!   consumer_groups/  kafka-consumer-groups
//!   metadata_quorum.rs
//!   produce.rs, consume/
//!   server_stop.rs
//! ```

mod connect;
mod consume;
mod consumer_groups;
mod dev;
mod dump_log;
mod failure;
mod metadata_quorum;
mod produce;
mod server_start;
mod server_stop;
mod storage;
mod topics;

use std::ffi::{OsStr, OsString};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};

pub(crate) use failure::Failure;

/// A Kafka node in KRaft mode, and its tools.
#[derive(Debug, Parser)]
#[command(name = "kraftlog", version, disable_help_subcommand = true, max_term_width = 100)]
struct Kraftlog {
    #[command(subcommand)]
    tool: Tool,
}

/// The tools; the doc of each is its line in `kraftlog --help`.
#[derive(Debug, clap::Subcommand)]
enum Tool {
    /// Run a ready node on this machine, with nothing to prepare
    Dev(dev::Dev),
    /// Run a node until it is asked to stop (kafka-server-start)
    ServerStart(server_start::ServerStart),
    /// Make cluster ids, format log directories, look at them (kafka-storage)
    Storage(storage::Storage),
    /// Stop the nodes that run on this machine (kafka-server-stop)
    ServerStop(server_stop::ServerStop),
    /// Create, list, describe, alter, delete topics (kafka-topics)
    Topics(Box<topics::Topics>),
    /// List, describe, reset, delete consumer groups (kafka-consumer-groups)
    ConsumerGroups(Box<consumer_groups::ConsumerGroups>),
    /// Describe the metadata quorum (kafka-metadata-quorum)
    MetadataQuorum(metadata_quorum::MetadataQuorum),
    /// Write lines to a topic
    Produce(produce::Produce),
    /// Print the records of a topic
    Consume(consume::Consume),
    /// Print the records, indexes and snapshots in a log directory's files (kafka-dump-log)
    DumpLog(dump_log::DumpLog),
}

/// Runs the program with its arguments, the program's name first.
///
/// Output goes to standard output, a failure's sentence to standard error, and the code tells them apart:
/// 0 done or help shown, 1 refused or failed, 2 wrong usage, 3 no broker reached.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let tool = match parse(args.into_iter().collect()) {
        Ok(tool) => tool,
        Err(error) => {
            // Help and version come this way too, with 0; clap knows which stream each belongs to.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut out = BufWriter::new(std::io::stdout());
    let done = run(tool, &mut out).and_then(|()| out.flush().map_err(Failure::from));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = out.flush();
            failure.report()
        }
    }
}

fn run(tool: Tool, out: &mut dyn Write) -> Result<(), Failure> {
    match tool {
        Tool::Dev(dev) => dev.run(out),
        Tool::ServerStart(start) => start.run(out),
        Tool::Storage(storage) => storage.run(out),
        Tool::ServerStop(stop) => stop.run(out),
        Tool::Topics(topics) => topics.run(out),
        Tool::ConsumerGroups(groups) => groups.run(out),
        Tool::MetadataQuorum(quorum) => quorum.run(out),
        Tool::Produce(produce) => produce.run(),
        Tool::Consume(consume) => consume.run(out),
        Tool::DumpLog(dump_log) => dump_log.run(out),
    }
}

/// Reads the arguments of `kraftlog`, or those of one tool when the program goes by its Kafka name.
fn parse(mut args: Vec<OsString>) -> Result<Tool, clap::Error> {
    let program = args.first().map(|program| program_name(program)).unwrap_or_default();
    server_start::accept_single_dash(&mut args);
    match program.as_str() {
        "kafka-server-start" => parse_as(&program, args).map(Tool::ServerStart),
        "kafka-storage" => parse_as(&program, args).map(Tool::Storage),
        "kafka-server-stop" => parse_as(&program, args).map(Tool::ServerStop),
        "kafka-topics" => parse_as(&program, args).map(|topics| Tool::Topics(Box::new(topics))),
        "kafka-consumer-groups" => {
            parse_as(&program, args).map(|groups| Tool::ConsumerGroups(Box::new(groups)))
        }
        "kafka-metadata-quorum" => parse_as(&program, args).map(Tool::MetadataQuorum),
        "kafka-dump-log" => parse_as(&program, args).map(Tool::DumpLog),
        tool if tool.starts_with("kafka-") => Err(absent(tool)),
        _ => Kraftlog::try_parse_from(args).map(|kraftlog| kraftlog.tool),
    }
}

/// For a link under the name of a tool of Kafka's that is not here.
fn absent(tool: &str) -> clap::Error {
    let message = format!("kraftlog has no {tool}; Apache Kafka's own works with its nodes\n");
    Kraftlog::command().error(clap::error::ErrorKind::InvalidSubcommand, message)
}

fn parse_as<T: CommandFactory + FromArgMatches>(name: &str, args: Vec<OsString>) -> Result<T, clap::Error> {
    let mut command = T::command()
        .name(name.to_owned())
        .version(env!("CARGO_PKG_VERSION"))
        .max_term_width(100)
        .disable_help_subcommand(true);
    let matches = command.try_get_matches_from_mut(args)?;
    T::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// `kafka-topics` for `/opt/kafka/bin/kafka-topics.sh`.
fn program_name(program: &OsStr) -> String {
    let name =
        Path::new(program).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.strip_suffix(".sh").map(str::to_owned).unwrap_or(name)
}
