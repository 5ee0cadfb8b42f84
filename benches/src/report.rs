//! The table: medians over rounds, and the median and spread of each ratio.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::ceiling::Ceilings;
use crate::contest::Contestant;
use crate::machine::Machine;
use crate::startup::Startup;
use crate::workload::{Run, WORKLOADS, Work};

const MEGABYTE: f64 = 1e6;
const GIGABYTE: f64 = 1e9;

/// One run of one kind of work on one server.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    bytes_per_s: f64,
    requests_per_s: f64,
    p50_us: f64,
    p99_us: f64,
    p999_us: f64,
    cpu_s_per_gb: f64,
    cpu_us_per_request: f64,
    client_cpu_us_per_request: f64,
}

impl Sample {
    /// Of the bare server, whose CPU time is this process's own.
    pub(crate) fn of_bare(run: &Run) -> Self {
        let sample = Self::of(run, Duration::ZERO, Duration::ZERO);
        let unknown = f64::NAN;
        Self {
            cpu_s_per_gb: unknown,
            cpu_us_per_request: unknown,
            client_cpu_us_per_request: unknown,
            ..sample
        }
    }

    pub(crate) fn of(run: &Run, server_cpu: Duration, client_cpu: Duration) -> Self {
        let seconds = run.measured.elapsed.as_secs_f64();
        let (requests, bytes) = (run.measured.requests as f64, run.payload_bytes as f64);
        let latency = |quantile: f64| run.measured.latency_us.value_at_quantile(quantile) as f64;
        Self {
            bytes_per_s: bytes / seconds,
            requests_per_s: requests / seconds,
            p50_us: latency(0.5),
            p99_us: latency(0.99),
            p999_us: latency(0.999),
            cpu_s_per_gb: server_cpu.as_secs_f64() / (bytes / GIGABYTE),
            cpu_us_per_request: server_cpu.as_secs_f64() * 1e6 / requests,
            client_cpu_us_per_request: client_cpu.as_secs_f64() * 1e6 / requests,
        }
    }
}

/// All work once, and what the machine could do in the same minutes.
pub(crate) struct Round {
    pub(crate) ceilings: Ceilings,
    /// (place in the table, who, what)
    pub(crate) samples: Vec<(usize, Contestant, Sample)>,
    /// (place in the table, what a server reached that only moves the bytes)
    pub(crate) bare: Vec<(usize, Sample)>,
}

impl Round {
    pub(crate) fn new(ceilings: Ceilings) -> Self {
        Self { ceilings, samples: Vec::new(), bare: Vec::new() }
    }

    fn sample(&self, place: usize, contestant: Contestant) -> Option<&Sample> {
        self.samples.iter().find(|(at, who, _)| *at == place && *who == contestant).map(|(.., sample)| sample)
    }
}

/// Everything that was measured; shown as a Markdown table.
pub struct Report {
    contestants: Vec<Contestant>,
    pub(crate) rounds: Vec<Round>,
    /// Bytes, in the order of the contestants, after all the work.
    pub(crate) memory_peak: Vec<u64>,
    pub(crate) startups: Vec<(Contestant, Startup)>,
}

/// What is wanted of a row.
#[derive(Clone, Copy)]
enum Wanted {
    /// kraftlog's number is at least this many times Apache's.
    AtLeast(f64),
    /// kraftlog's number is at most this many times Apache's.
    AtMost(f64),
    /// kraftlog's number itself is at most this.
    Below(f64),
    /// kraftlog's number is at least this share of the sendfile ceiling.
    OfSendfile(f64),
    /// Told, not judged.
    Nothing,
}

/// A row: what is measured, how it is read from a sample, and what is wanted of it.
struct Measure {
    name: &'static str,
    read: fn(&Sample) -> f64,
    wanted: Wanted,
}

fn measures(work: Work) -> Vec<Measure> {
    let measure = |name, read, wanted| Measure { name, read, wanted };
    let volume = |wanted, cpu| {
        vec![
            measure("MB/s", |sample: &Sample| sample.bytes_per_s / MEGABYTE, wanted),
            measure("CPU-s per GB", |sample| sample.cpu_s_per_gb, cpu),
        ]
    };
    let mut rows = match work {
        Work::ProduceBatches(bytes) if bytes > 4096 => volume(Wanted::AtLeast(3.0), Wanted::AtMost(0.25)),
        Work::ProduceBatches(_) => volume(Wanted::AtLeast(4.0), Wanted::Nothing),
        Work::Fetch(bytes) if bytes > 64 << 10 => volume(Wanted::OfSendfile(0.9), Wanted::Nothing),
        Work::Fetch(_) => volume(Wanted::AtLeast(2.0), Wanted::Nothing),
        Work::ProduceSmall => vec![
            measure("requests/s", |sample| sample.requests_per_s, Wanted::AtLeast(3.0)),
            measure("CPU-µs per request", |sample| sample.cpu_us_per_request, Wanted::Nothing),
        ],
    };
    let p99 = if work == Work::ProduceSmall { Wanted::AtMost(1.0 / 3.0) } else { Wanted::Nothing };
    rows.push(measure("p50 ms", |sample| sample.p50_us / 1e3, Wanted::Nothing));
    rows.push(measure("p99 ms", |sample| sample.p99_us / 1e3, p99));
    rows.push(measure("p99.9 ms", |sample| sample.p999_us / 1e3, Wanted::Nothing));
    rows.push(measure(
        "generator CPU-µs per request",
        |sample| sample.client_cpu_us_per_request,
        Wanted::Nothing,
    ));
    rows
}

impl Report {
    pub(crate) fn new(contestants: Vec<Contestant>) -> Self {
        Self { contestants, rounds: Vec::new(), memory_peak: Vec::new(), startups: Vec::new() }
    }

    fn work_rows(&self, out: &mut String) -> fmt::Result {
        for (place, workload) in WORKLOADS.iter().enumerate() {
            if self.rounds.iter().all(|round| round.samples.iter().all(|(at, ..)| *at != place)) {
                continue;
            }
            for (row, measure) in measures(workload.work).into_iter().enumerate() {
                let column = |who| {
                    let samples = self.rounds.iter().filter_map(|round| round.sample(place, who));
                    samples.map(measure.read).collect::<Vec<f64>>()
                };
                let bare = self.rounds.iter().flat_map(|round| &round.bare);
                let bare = bare.filter(|(at, _)| *at == place).map(|(_, sample)| (measure.read)(sample));
                let bare: Vec<f64> = bare.filter(|number| number.is_finite()).collect();
                let name = if row == 0 { workload.name } else { "" };
                self.row(out, [name, measure.name], column, &bare, measure.wanted)?;
            }
        }
        Ok(())
    }

    fn start_rows(&self, out: &mut String) -> fmt::Result {
        let column = |read: fn(&Startup) -> f64| {
            move |who| {
                let mine = self.startups.iter().filter(move |(starter, _)| *starter == who);
                mine.map(|(_, startup)| read(startup)).collect::<Vec<f64>>()
            }
        };
        let listening = column(|startup| startup.listening.as_secs_f64() * 1e3);
        let start = "start, single node, empty, formatted";
        self.row(out, [start, "ms until it listens"], listening, &[], Wanted::Below(20.0))?;
        let topic = column(|startup| startup.first_topic.as_secs_f64() * 1e3);
        self.row(out, [start, "ms until a topic is created"], topic, &[], Wanted::Below(100.0))?;
        let idle = column(|startup| startup.memory_idle as f64 / MEGABYTE);
        self.row(out, ["memory", "MB resident when idle"], idle, &[], Wanted::Below(18.0))
    }

    fn memory_row(&self, out: &mut String) -> fmt::Result {
        let column = |who| {
            let peaks = self.contestants.iter().zip(&self.memory_peak);
            peaks
                .filter(|(contestant, _)| **contestant == who)
                .map(|(_, peak)| *peak as f64 / MEGABYTE)
                .collect()
        };
        let most = "MB at most, over all the work above";
        self.row(out, ["memory", most], column, &[], Wanted::Below(120.0))
    }

    fn row(
        &self,
        out: &mut String,
        [work, measure]: [&str; 2],
        column: impl Fn(Contestant) -> Vec<f64>,
        bare: &[f64],
        wanted: Wanted,
    ) -> fmt::Result {
        let (apache, ours) = (column(Contestant::Apache), column(Contestant::Kraftlog));
        let ratios: Vec<f64> = ours.iter().zip(&apache).map(|(ours, apache)| ours / apache).collect();
        let sendfile: Vec<f64> = self.rounds.iter().map(|round| round.ceilings.sendfile / MEGABYTE).collect();
        let shares: Vec<f64> = ours.iter().zip(&sendfile).map(|(ours, ceiling)| ours / ceiling).collect();
        let judged = match wanted {
            Wanted::Nothing => String::new(),
            Wanted::AtLeast(least) => {
                judgement(format!("≥ {least:.0} ×"), &ratios, |ratio| ratio >= least)
            }
            Wanted::AtMost(most) => judgement(format!("≤ {most:.2} ×"), &ratios, |ratio| ratio <= most),
            Wanted::Below(most) => judgement(format!("≤ {most:.0}"), &ours, |ours| ours <= most),
            Wanted::OfSendfile(least) => {
                let shown =
                    median(&shares).map_or_else(String::new, |share| format!(" ({:.0} %)", share * 100.0));
                let wanted = format!("≥ {:.0} % of sendfile{shown}", least * 100.0);
                judgement(wanted, &shares, |share| share >= least)
            }
        };
        let (apache, ours, bare, ratio) = (middle(&apache), middle(&ours), middle(bare), spread(&ratios));
        writeln!(out, "| {work} | {measure} | {apache} | {ours} | {ratio} | {bare} | {judged} |")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        writeln!(out, "{} {} rounds.\n", Machine::here(), self.rounds.len())?;
        writeln!(
            out,
            "| work | measure | Apache Kafka 4.3.1 | kraftlog | ratio (lowest–highest) | bare server | wanted |"
        )?;
        writeln!(out, "|---|---|---|---|---|---|---|")?;
        self.work_rows(&mut out)?;
        self.memory_row(&mut out)?;
        self.start_rows(&mut out)?;
        let ceiling = |read: fn(&Ceilings) -> f64| {
            spread(&self.rounds.iter().map(|round| read(&round.ceilings) / MEGABYTE).collect::<Vec<f64>>())
        };
        writeln!(
            out,
            "\nThe machine without a broker, MB/s, in the same rounds: sendfile over loopback {}, ",
            ceiling(|ceilings| ceilings.sendfile)
        )?;
        writeln!(
            out,
            "64 KiB writes into the page cache {}, ",
            ceiling(|ceilings| ceilings.page_cache_write)
        )?;
        writeln!(out, "CRC-32C of 64 KiB blocks {}.", ceiling(|ceilings| ceilings.crc))?;
        formatter.write_str(&out)
    }
}

fn judgement(wanted: String, numbers: &[f64], met: impl Fn(f64) -> bool) -> String {
    match median(numbers) {
        Some(middle) if met(middle) => format!("{wanted}: met"),
        Some(_) => format!("{wanted}: **missed**"),
        None => wanted,
    }
}

fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some(f64::midpoint(*low, *high))
}

fn middle(numbers: &[f64]) -> String {
    median(numbers).map_or_else(|| "–".to_owned(), number)
}

fn spread(numbers: &[f64]) -> String {
    let (low, high) = numbers.iter().fold((f64::MAX, f64::MIN), |(low, high), n| (n.min(low), n.max(high)));
    match median(numbers) {
        Some(middle) => format!("{} ({}–{})", number(middle), number(low), number(high)),
        None => "–".to_owned(),
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 0.1 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(spread(&[2.0, 1.0, 30.0]), "2.00 (1.00–30.0)");
    }
}
