//! `versus`: Apache Kafka 4.3.1 and kraftlog under the same load, side by side.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::Parser;
use kraftlog_benches::{Contest, Contestant, run};

/// Runs the same work on Apache Kafka and on kraftlog in turns, and prints the medians and ratios.
#[derive(Parser)]
struct Arguments {
    /// How often all work is repeated.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long each kind of work is measured, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Run one side alone: apache or kraftlog.
    #[arg(long)]
    alone: Option<String>,
    /// Only work whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Also write the table to this file.
    #[arg(long)]
    markdown: Option<PathBuf>,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program whose output is its purpose")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let contestants = match arguments.alone.as_deref() {
        None => vec![Contestant::Apache, Contestant::Kraftlog],
        Some("apache") => vec![Contestant::Apache],
        Some("kraftlog") => vec![Contestant::Kraftlog],
        Some(other) => {
            eprintln!("versus: --alone {other}: only apache and kraftlog exist");
            return ExitCode::from(2);
        }
    };
    if contestants.contains(&Contestant::Kraftlog) && !build_kraftlog() {
        eprintln!("versus: kraftlog cannot be built");
        return ExitCode::FAILURE;
    }
    let contest = Contest {
        contestants,
        rounds: arguments.rounds,
        time: Duration::from_secs(arguments.seconds),
        only: arguments.only,
    };
    let report = match run(&contest, |next| eprintln!("versus: {next}")) {
        Ok(report) => report.to_string(),
        Err(error) => {
            eprintln!("versus: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{report}");
    match arguments.markdown.map(|path| std::fs::write(path, &report)) {
        Some(Err(error)) => {
            eprintln!("versus: the table cannot be written: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// The release build must be of the present sources.
fn build_kraftlog() -> bool {
    let status =
        Command::new(env!("CARGO")).args(["build", "--release", "--locked", "-p", "kraftlog"]).status();
    status.is_ok_and(|status| status.success())
}
