//! Who runs what, and in which order: the contestants take turns within each round, so that a noisy
//! minute of the machine hits both.

use std::time::Duration;

use interop::{Node, Server};

use crate::ceiling;
use crate::generator::GeneratorError;
use crate::report::{Report, Round, Sample};
use crate::startup;
use crate::usage::{cpu_time, memory_peak};
use crate::warm::{Ballast, touch_free_memory};
use crate::workload::{WORKLOADS, Workload, fill_read_topic};

/// How long the machine rests between two runs, for deleted files to be gone.
const REST: Duration = Duration::from_secs(2);
const DELETE_DELAY_MS: &str = "500";

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contestant {
    /// Apache Kafka 4.3.1, as its start script starts it.
    Apache,
    /// The release build of this workspace.
    Kraftlog,
}

impl Contestant {
    fn server(self) -> Server {
        match self {
            Self::Apache => Server::ApacheAtFullSpeed,
            Self::Kraftlog => Server::Kraftlog,
        }
    }

    /// The head of its column.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Apache => "Apache Kafka 4.3.1",
            Self::Kraftlog => "kraftlog",
        }
    }
}

/// What to run.
#[derive(Clone, Debug)]
pub struct Contest {
    /// Who takes part, in the order of their turns.
    pub contestants: Vec<Contestant>,
    /// How often all work is repeated.
    pub rounds: usize,
    /// How long each kind of work is measured.
    pub time: Duration,
    /// Only work whose name contains this.
    pub only: Option<String>,
}

impl Contest {
    /// The work that was asked for, with its place in the table.
    fn workloads(&self) -> impl Iterator<Item = (usize, &'static Workload)> {
        let wanted = |name: &str| self.only.as_deref().is_none_or(|only| name.contains(only));
        WORKLOADS.iter().enumerate().filter(move |(_, workload)| wanted(workload.name))
    }
}

/// Runs the contest and calls `progress` with what comes next.
///
/// # Errors
/// When a server refuses the work or goes away.
///
/// # Panics
/// When a server cannot be started.
pub fn run(contest: &Contest, mut progress: impl FnMut(&str)) -> Result<Report, GeneratorError> {
    let mut report = Report::new(contest.contestants.clone());
    let mut nodes = Vec::new();
    progress("taking the memory that nobody shall need");
    let _ballast = Ballast::take();
    for contestant in &contest.contestants {
        progress(&format!("starting {}", contestant.title()));
        let node = Node::of(contestant.server()).set("log.segment.delete.delay.ms", DELETE_DELAY_MS).start();
        fill_read_topic(node.port())?;
        nodes.push(node);
    }
    for number in 1..=contest.rounds {
        touch_free_memory();
        let mut round = Round::new(ceiling::measure()?);
        for (place, workload) in contest.workloads() {
            touch_free_memory();
            round.bare.push((place, Sample::of_bare(&workload.run_bare(contest.time)?)));
            for (contestant, node) in contest.contestants.iter().zip(&nodes) {
                progress(&format!("round {number}: {} on {}", workload.name, contestant.title()));
                std::thread::sleep(REST);
                touch_free_memory();
                round.samples.push((place, *contestant, sample(workload, node, contest.time)?));
            }
        }
        report.rounds.push(round);
    }
    report.memory_peak = nodes.iter().map(|node| memory_peak(node.process_id())).collect();
    drop(nodes);
    for number in 1..=contest.rounds {
        for contestant in &contest.contestants {
            progress(&format!("round {number}: start of {}", contestant.title()));
            report.startups.push((*contestant, startup::measure(contestant.server())));
        }
    }
    Ok(report)
}

fn sample(workload: &Workload, node: &Node, time: Duration) -> Result<Sample, GeneratorError> {
    let (server, client) = (node.process_id(), std::process::id());
    let mut before = (Duration::ZERO, Duration::ZERO);
    let run = workload.run(node.port(), time, || before = (cpu_time(server), cpu_time(client)))?;
    let server_cpu = cpu_time(server) - before.0;
    let client_cpu = cpu_time(client) - before.1;
    Ok(Sample::of(&run, server_cpu, client_cpu))
}
