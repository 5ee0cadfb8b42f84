//! `kraftlog consume`: records of a topic, as lines.
//!
//! ```text
//!   offsets.rs  where to begin and where the end is
//!   fetch.rs    records from the leaders
//!   group.rs    a member of a consumer group: its partitions, its commits
//!   format.rs   a record as text
//! ```

mod fetch;
mod format;
mod group;
mod offsets;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use super::connect::connect;
use crate::client::{Cluster, TopicView};
use fetch::Fetcher;
use format::Format;
use group::Member;
use offsets::Begin;
pub(super) use offsets::{EARLIEST, LATEST, find_offset};

/// How long a fetch waits for new records.
const FETCH_WAIT: Duration = Duration::from_millis(500);

/// Print records of a topic
#[derive(Debug, Parser)]
pub(crate) struct Consume {
    /// The topic
    topic: String,
    /// Where the cluster is: host:port, …
    #[arg(long, short, default_value = "localhost:9092", value_name = "host:port")]
    bootstrap_server: String,
    /// Property file containing configs for the client
    #[arg(long, value_name = "file")]
    command_config: Option<PathBuf>,
    /// Read as a member of this group, which shares the partitions and remembers how far it came
    #[arg(long, short, value_name = "name")]
    group: Option<String>,
    /// Begin with the oldest records instead of the next one (in a group: where nothing is remembered)
    #[arg(long, short)]
    from_beginning: bool,
    /// Only this partition
    #[arg(long, short, value_name = "number", conflicts_with = "group")]
    partition: Option<i32>,
    /// Begin at this offset of the partition
    #[arg(long, short, value_name = "number", requires = "partition")]
    offset: Option<i64>,
    /// End after this many records
    #[arg(long, short = 'n', value_name = "count")]
    max_records: Option<u64>,
    /// End where the topic ended when this began, instead of waiting for more
    #[arg(long, short = 'e')]
    exit: bool,
    /// Print by this pattern: %k key, %v value, %h headers, %t topic, %p partition, %o offset, %T timestamp, \n, \t
    #[arg(long, value_name = "pattern", default_value = "%v\\n")]
    format: String,
}

impl Consume {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let format = Format::parse(&self.format).map_err(Failure::usage)?;
        let mut cluster =
            connect("--bootstrap-server", &self.bootstrap_server, self.command_config.as_deref())?;
        let topic = self.find_topic(&mut cluster)?;
        let begin = if self.from_beginning { Begin::Earliest } else { Begin::Latest };
        let mut printer = Printer {
            format,
            out,
            left: self.max_records.unwrap_or(u64::MAX),
            printed: 0,
            progress: progress(),
        };
        let done = match &self.group {
            Some(group) => self.run_in_group(&mut cluster, &topic, group, begin, &mut printer),
            None => self.run_alone(&mut cluster, &topic, begin, &mut printer),
        };
        printer.progress.finish_and_clear();
        printer.out.flush()?;
        super::failure::note(&format!("{} records read from {}", printer.printed, self.topic));
        done
    }

    fn find_topic(&self, cluster: &mut Cluster) -> Result<TopicView, Failure> {
        let topic = cluster.describe(Some(&[&self.topic]), false)?.into_iter().next();
        let topic =
            topic.ok_or_else(|| Failure::refused(format!("topic {:?} does not exist", self.topic)))?;
        match self.partition {
            Some(index) if !(0..topic.partitions.len() as i32).contains(&index) => {
                let last = topic.partitions.len() - 1;
                Err(Failure::usage(format!("--partition {index}: {} has partitions 0 to {last}", self.topic)))
            }
            _ => Ok(topic),
        }
    }

    fn run_alone(
        &self,
        cluster: &mut Cluster,
        topic: &TopicView,
        begin: Begin,
        printer: &mut Printer<'_>,
    ) -> Result<(), Failure> {
        let partitions: Vec<i32> = match self.partition {
            Some(index) => vec![index],
            None => topic.partitions.iter().map(|partition| partition.index).collect(),
        };
        let positions = match self.offset {
            Some(offset) => partitions.iter().map(|&partition| (partition, offset)).collect(),
            None => offsets::list(cluster, topic, &partitions, begin)?,
        };
        let ends = self.ends(cluster, topic, &partitions)?;
        let mut fetcher = Fetcher::new(topic, positions, ends, begin);
        while !fetcher.is_done() && printer.left > 0 {
            fetcher.fetch(cluster, FETCH_WAIT, printer)?;
        }
        Ok(())
    }

    fn run_in_group(
        &self,
        cluster: &mut Cluster,
        topic: &TopicView,
        group: &str,
        begin: Begin,
        printer: &mut Printer<'_>,
    ) -> Result<(), Failure> {
        let mut member = Member::new(group, topic);
        let mut done = Ok(());
        while done.is_ok() && printer.left > 0 {
            let partitions = member.join(cluster)?;
            let positions = member.positions(cluster, &partitions, begin)?;
            let ends = self.ends(cluster, topic, &partitions)?;
            let mut fetcher = Fetcher::new(topic, positions, ends, begin);
            while !fetcher.is_done() && printer.left > 0 && member.is_in_step(cluster)? {
                done = fetcher.fetch(cluster, FETCH_WAIT, printer);
                member.commit(cluster, fetcher.positions())?;
                if done.is_err() {
                    break;
                }
            }
            if fetcher.is_done() {
                break;
            }
        }
        member.leave(cluster);
        done
    }

    /// Where to end; nowhere unless `--exit`.
    fn ends(
        &self,
        cluster: &mut Cluster,
        topic: &TopicView,
        partitions: &[i32],
    ) -> Result<Option<BTreeMap<i32, i64>>, Failure> {
        self.exit.then(|| offsets::list(cluster, topic, partitions, Begin::Latest)).transpose()
    }
}

fn progress() -> ProgressBar {
    // On a terminal the records themselves show that something moves.
    if io::stdout().is_terminal() || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} records, {per_sec}, {elapsed}");
    ProgressBar::no_length().with_style(style.expect("the template is valid"))
}

/// Writes records until there are enough.
struct Printer<'a> {
    format: Format,
    out: &'a mut dyn Write,
    /// Records that may still be printed.
    left: u64,
    printed: u64,
    progress: ProgressBar,
}
