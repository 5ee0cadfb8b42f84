//! `kraftlog produce`: lines of standard input or of files, as records.
//!
//! ```text
//!   reader thread ── lines ──► Batcher ── one batch per partition ──► leader, acks=all, idempotent
//! ```
//!
//! Lines that come together travel together; a line that comes alone leaves at once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use wire::batch::BatchBuilder;
use wire::compression::Compression;
use wire::messages::init_producer_id_request::InitProducerIdRequest;
use wire::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use wire::{ApiKey, ErrorCode, Records};

use super::Failure;
use super::connect::connect;
use crate::client::{ClientError, Cluster, TopicView, broker_error};
use crate::{clock, partitioner};

/// Bytes at which a batch is full; well under a broker's default limit.
const BATCH_BYTES: usize = 256 << 10;
/// How long a record waits for company.
const LINGER: Duration = Duration::from_millis(5);
/// Lines read ahead of what was sent.
const LINES_AHEAD: usize = 4096;
/// How long the broker may wait for its replicas, in milliseconds.
const TIMEOUT_MS: i32 = 30_000;

/// Write lines of standard input, or of files, to a topic
#[derive(Debug, Parser)]
pub(crate) struct Produce {
    /// The topic; made by the broker if it does that
    topic: String,
    /// Files to read instead of standard input
    files: Vec<PathBuf>,
    /// Where the cluster is: host:port, …
    #[arg(long, short, default_value = "localhost:9092", value_name = "host:port")]
    bootstrap_server: String,
    /// Property file containing configs for the client
    #[arg(long, value_name = "file")]
    command_config: Option<PathBuf>,
    /// What stands between key and value of a line; without it lines have no key
    #[arg(long, short, value_name = "text")]
    key_separator: Option<String>,
    /// A header for every record, as name=value
    #[arg(long, short = 'H', value_name = "name=value", value_parser = parse_header)]
    header: Vec<(String, String)>,
    /// Write to this partition instead of choosing by key
    #[arg(long, short, value_name = "number")]
    partition: Option<i32>,
    /// Compression of the batches: none, gzip, snappy, lz4 or zstd
    #[arg(long, short = 'z', default_value = "none", value_parser = parse_compression, value_name = "kind")]
    compression: Compression,
}

fn parse_header(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or_else(|| format!("expected name=value, got {text:?}"))?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

fn parse_compression(text: &str) -> Result<Compression, String> {
    Compression::from_name(text)
        .ok_or_else(|| format!("expected none, gzip, snappy, lz4 or zstd, got {text:?}"))
}

/// A record that has yet to be written.
struct Line {
    key: Option<Vec<u8>>,
    value: Vec<u8>,
    timestamp: i64,
}

impl Produce {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut cluster =
            connect("--bootstrap-server", &self.bootstrap_server, self.command_config.as_deref())?;
        let topic = find_or_create(&mut cluster, &self.topic)?;
        if let Some(partition) =
            self.partition.filter(|index| !(0..topic.partitions.len() as i32).contains(index))
        {
            let count = topic.partitions.len();
            return Err(Failure::usage(format!(
                "--partition {partition}: {} has partitions 0 to {}",
                self.topic,
                count - 1
            )));
        }
        let producer = producer_id(&mut cluster)?;
        let mut sender =
            Sender { options: &self, topic, producer, sequences: BTreeMap::new(), sticky: 0, sent: 0 };
        let progress = progress();
        let lines = self.read_lines();
        let mut waiting: Vec<Line> = Vec::new();
        let mut bytes = 0;
        loop {
            let next = if waiting.is_empty() {
                lines.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                lines.recv_timeout(LINGER)
            };
            let is_over = matches!(next, Err(RecvTimeoutError::Disconnected));
            match next {
                Ok(line) => {
                    let line = self.split(line?);
                    bytes += line.value.len() + line.key.as_ref().map_or(0, Vec::len);
                    waiting.push(line);
                    if bytes < BATCH_BYTES {
                        continue;
                    }
                }
                Err(_) if waiting.is_empty() => break,
                Err(_) => {}
            }
            sender.send(&mut cluster, std::mem::take(&mut waiting))?;
            bytes = 0;
            progress.set_position(sender.sent);
            if is_over {
                break;
            }
        }
        progress.finish_and_clear();
        super::failure::note(&format!("{} records written to {}", sender.sent, self.topic));
        Ok(())
    }

    /// Reads ahead on a thread of its own, so that waiting for a terminal doesn't hold records back.
    fn read_lines(&self) -> Receiver<Result<Vec<u8>, Failure>> {
        let (sender, receiver) = sync_channel(LINES_AHEAD);
        let files = self.files.clone();
        thread::spawn(move || {
            if files.is_empty() {
                hand_over(&sender, io::stdin().lock(), "standard input");
                return;
            }
            for file in files {
                match File::open(&file) {
                    Ok(opened) => hand_over(&sender, BufReader::new(opened), &file.display().to_string()),
                    Err(error) => {
                        let failure =
                            Failure::refused(format!("{}: cannot be read: {error}", file.display()));
                        let _ = sender.send(Err(failure));
                        return;
                    }
                }
            }
        });
        receiver
    }

    fn split(&self, line: Vec<u8>) -> Line {
        let timestamp = clock::now_ms();
        let separator = self.key_separator.as_deref().unwrap_or_default().as_bytes();
        if separator.is_empty() {
            return Line { key: None, value: line, timestamp };
        }
        match line.windows(separator.len()).position(|window| window == separator) {
            Some(at) => {
                let value = line[at + separator.len()..].to_vec();
                Line { key: Some(line[..at].to_vec()), value, timestamp }
            }
            None => Line { key: None, value: line, timestamp },
        }
    }
}

fn hand_over(sender: &SyncSender<Result<Vec<u8>, Failure>>, mut input: impl BufRead, name: &str) {
    loop {
        let mut line = Vec::new();
        match input.read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => {
                while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
                    line.pop();
                }
                if sender.send(Ok(line)).is_err() {
                    return;
                }
            }
            Err(error) => {
                let _ = sender.send(Err(Failure::refused(format!("{name}: cannot be read: {error}"))));
                return;
            }
        }
    }
}

/// The topic; asking for it makes a broker create it that is configured to.
fn find_or_create(cluster: &mut Cluster, name: &str) -> Result<TopicView, Failure> {
    let found = cluster.retry(|cluster| {
        let topic = cluster.describe(Some(&[name]), true)?.into_iter().next();
        let ready = topic.filter(|topic| topic.partitions.iter().all(|partition| partition.leader >= 0));
        ready.ok_or_else(|| {
            let refused = broker_error(ErrorCode::UnknownTopicOrPartition.code(), None);
            ClientError::from(refused.expect_err("this code is an error"))
        })
    });
    found.map_err(|error| match error {
        ClientError::Refused(refusal) if refusal.code == ErrorCode::UnknownTopicOrPartition => {
            Failure::refused(format!(
                "topic {name:?} does not exist and the broker does not create it; make it with `kraftlog topics --create --topic {name}`"
            ))
        }
        other => other.into(),
    })
}

/// An id that lets brokers recognise what they have already; `None` where they don't give any.
fn producer_id(cluster: &mut Cluster) -> Result<Option<(i64, i16)>, Failure> {
    if !cluster.offers(ApiKey::InitProducerId)? {
        return Ok(None);
    }
    let request = InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: TIMEOUT_MS,
        ..InitProducerIdRequest::default()
    };
    Ok(cluster.retry(|cluster| {
        let reply = cluster.ask_any(&request)?;
        let response = reply.get()?;
        broker_error(response.error_code, None)?;
        Ok(Some((response.producer_id, response.producer_epoch)))
    })?)
}

fn progress() -> ProgressBar {
    // Whoever types doesn't want a moving line between the lines.
    if io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} records, {per_sec}, {elapsed}");
    ProgressBar::no_length().with_style(style.expect("the template is valid"))
}

/// Sends batches, each until it is acknowledged.
struct Sender<'a> {
    options: &'a Produce,
    topic: TopicView,
    producer: Option<(i64, i16)>,
    /// Next sequence number of each partition.
    sequences: BTreeMap<i32, i32>,
    /// The partition that records without a key go to next.
    sticky: usize,
    sent: u64,
}

impl Sender<'_> {
    fn send(&mut self, cluster: &mut Cluster, lines: Vec<Line>) -> Result<(), Failure> {
        let count = self.topic.partitions.len();
        let mut by_partition: BTreeMap<i32, Vec<Line>> = BTreeMap::new();
        for line in lines {
            let chosen = match (&line.key, self.options.partition) {
                (_, Some(partition)) => partition,
                (Some(key), None) => partitioner::partition_of(key, count),
                (None, None) => (self.sticky % count) as i32,
            };
            by_partition.entry(chosen).or_default().push(line);
        }
        self.sticky += 1;
        for (partition, lines) in by_partition {
            self.send_batch(cluster, partition, &lines)?;
        }
        Ok(())
    }

    fn send_batch(&mut self, cluster: &mut Cluster, partition: i32, lines: &[Line]) -> Result<(), Failure> {
        let batch = self.batch(partition, lines);
        let name = self.options.topic.clone();
        let id = self.topic.id;
        let data = PartitionProduceData { index: partition, records: Some(Records::Bytes(batch.into())) };
        let topic =
            TopicProduceData { name: name.clone().into(), topic_id: id, partition_data: vec![data].into() };
        let request = ProduceRequest {
            acks: -1,
            timeout_ms: TIMEOUT_MS,
            topic_data: vec![topic].into(),
            ..ProduceRequest::default()
        };
        cluster.retry(|cluster| {
            let topics = cluster.describe(Some(&[&name]), false)?;
            let leader = topics.first().and_then(|topic| topic.partitions.get(partition as usize));
            let leader = leader.map_or(-1, |partition| partition.leader);
            if leader < 0 {
                broker_error(ErrorCode::LeaderNotAvailable.code(), None)?;
            }
            let reply = cluster.ask(leader, &request)?;
            for topic in reply.get()?.responses.iter() {
                for answer in topic.partition_responses.iter() {
                    // The records are there already: an earlier answer was lost.
                    if answer.error_code != ErrorCode::DuplicateSequenceNumber.code() {
                        broker_error(answer.error_code, answer.error_message.as_deref())?;
                    }
                }
            }
            Ok(())
        })?;
        *self.sequences.entry(partition).or_default() += lines.len() as i32;
        self.sent += lines.len() as u64;
        Ok(())
    }

    fn batch(&self, partition: i32, lines: &[Line]) -> Vec<u8> {
        let mut batch = BatchBuilder::new(0).compression(self.options.compression, None);
        if let Some((id, epoch)) = self.producer {
            batch = batch.producer(id, epoch, self.sequences.get(&partition).copied().unwrap_or(0));
        }
        let headers =
            self.options.header.iter().map(|(name, value)| (name.as_bytes(), Some(value.as_bytes())));
        let headers: Vec<(&[u8], Option<&[u8]>)> = headers.collect();
        for line in lines {
            batch.push(line.timestamp, line.key.as_deref(), Some(&line.value), &headers);
        }
        batch.build()
    }
}
