//! Client libraries other than Apache's: what they send comes back, whole and once, also when a
//! member of a group dies.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kraftlog_interop::{Client, Node, RunningTool, SENT_HEADER, batch_spans, eventually, java};

/// Kafka's names of the compression kinds, by their number in a batch's attributes.
const COMPRESSIONS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

fn topics(node: &Node, rest: &str) {
    java("TopicCommand").words(&format!("--bootstrap-server {} {rest}", node.bootstrap())).run();
}

/// A line as the clients' `read` and `join` print it.
struct Shown<'a> {
    partition: i32,
    offset: i64,
    key: &'a str,
    headers: &'a str,
    timestamp: i64,
    value: &'a str,
}

impl<'a> Shown<'a> {
    /// `None` for a line that is not all there yet.
    fn parse(line: &'a str) -> Option<Self> {
        let mut cells = line.splitn(6, '\t');
        Some(Self {
            partition: cells.next()?.parse().ok()?,
            offset: cells.next()?.parse().ok()?,
            key: cells.next()?,
            headers: cells.next()?,
            timestamp: cells.next()?.parse().ok()?,
            value: cells.next()?,
        })
    }
}

/// Lines of `key TAB value` with the numbers of `range`; a number's record always has the same key.
fn lines(range: std::ops::Range<usize>) -> String {
    range.map(|n| format!("key-{}\tvalue {n} {}\n", n % 97, "repeated words ".repeat(n % 7))).collect()
}

fn sent_value(n: usize) -> String {
    format!("value {n} {}", "repeated words ".repeat(n % 7))
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    i64::try_from(now.as_millis()).expect("it fits")
}

/// Keys, values, headers, timestamps and the compression on disk, for each kind of compression.
fn every_compression_keeps_all_of_a_record(client: Client) {
    const RECORDS: usize = 2000;
    let node = Node::start();
    let first_timestamp = now_ms() - 60_000;
    for (codec, compression) in COMPRESSIONS.into_iter().enumerate() {
        let topic = format!("packed-{compression}");
        topics(&node, &format!("--create --topic {topic} --partitions 3"));
        client.send(&node.bootstrap(), &topic, compression, first_timestamp).input(lines(0..RECORDS)).run();
        let shown = client.read(&node.bootstrap(), &topic, RECORDS).run();
        assert_read(client, &shown, RECORDS, first_timestamp);
        for partition in 0..3 {
            let log = node.partition_dir(&topic, partition).join("00000000000000000000.log");
            let spans = batch_spans(&std::fs::read(log).expect("the segment can be read"));
            assert!(!spans.is_empty(), "{topic}-{partition} holds nothing");
            assert!(
                spans.iter().all(|span| usize::from(span.codec) == codec),
                "{topic}-{partition}: {spans:?}"
            );
        }
    }
}

fn assert_read(client: Client, shown: &str, records: usize, first_timestamp: i64) {
    let shown: Vec<Shown<'_>> = shown.lines().filter_map(Shown::parse).collect();
    assert_eq!(shown.len(), records);
    let mut next_offset = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for record in &shown {
        let next = next_offset.entry(record.partition).or_insert(0);
        assert_eq!(record.offset, *next, "partition {}", record.partition);
        *next += 1;
        assert_eq!(record.headers, SENT_HEADER);
        let number: usize = record.value.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("a number");
        seen.insert(number, (record.key, record.value, record.timestamp));
    }
    assert_eq!(seen.len(), records, "a record came twice");
    for (number, (key, value, timestamp)) in seen {
        assert_eq!((key, value), (format!("key-{}", number % 97).as_str(), sent_value(number).as_str()));
        if client.sets_timestamps() {
            assert_eq!(timestamp, first_timestamp + number as i64);
        } else {
            assert!((timestamp - now_ms()).abs() < 120_000, "{timestamp} is not of these minutes");
        }
    }
}

/// Three members share six partitions; one is killed; the others take over and nothing is missed.
fn group_of_three_outlives_a_killed_member(client: Client) {
    const STEP: usize = 600;
    let node = Node::start();
    topics(&node, "--create --topic shared --partitions 6");
    let join = || client.join(&node.bootstrap(), "shared", "three").start();
    let send = |from: usize| {
        let sender = client.send(&node.bootstrap(), "shared", "none", now_ms());
        sender.input(lines(from..from + STEP)).run();
    };
    let mut members: Vec<RunningTool> = (0..3).map(|_| join()).collect();
    let mut sent = 0;
    eventually("each of three members reads", Duration::from_secs(90), || {
        send(sent);
        sent += STEP;
        members.iter().all(|member| member.output_lines() > 0)
    });
    let last_words = members.remove(1).kill();
    for _ in 0..5 {
        send(sent);
        sent += STEP;
    }
    let mut outputs = Vec::new();
    eventually("two members read what three would have", Duration::from_secs(90), || {
        outputs = members.iter().map(RunningTool::output).collect();
        outputs.push(last_words.clone());
        distinct_values(&outputs) == sent
    });
    let partitions: Vec<BTreeSet<i32>> =
        outputs[..2].iter().map(|output| last_partitions(output, sent)).collect();
    assert!(partitions.iter().all(|own| !own.is_empty()), "a member is idle: {partitions:?}");
    assert!(partitions[0].is_disjoint(&partitions[1]), "two members own one partition: {partitions:?}");
}

fn distinct_values(outputs: &[String]) -> usize {
    let shown = outputs.iter().flat_map(|output| output.lines()).filter_map(Shown::parse);
    shown.map(|record| record.value).collect::<BTreeSet<_>>().len()
}

/// The partitions from which a member has read records of the last step of `sent`.
fn last_partitions(output: &str, sent: usize) -> BTreeSet<i32> {
    let number = |record: &Shown<'_>| record.value.split(' ').nth(1).and_then(|n| n.parse::<usize>().ok());
    let shown = output.lines().filter_map(Shown::parse);
    shown.filter(|record| number(record) >= Some(sent - 600)).map(|record| record.partition).collect()
}

/// Refused at the default limit, and whole after the limit is raised.
fn ten_megabytes_pass_once_the_limit_is_raised(client: Client) {
    const LENGTH: usize = 10_000_000;
    let node = Node::start();
    topics(&node, "--create --topic small --partitions 1");
    let refused = client.large(&node.bootstrap(), "small", LENGTH).finish().refused();
    assert!(
        refused.to_lowercase().replace('_', "").contains("size") || refused.contains("large"),
        "{refused}"
    );
    topics(&node, "--create --topic big --partitions 1 --config max.message.bytes=11000000");
    assert_eq!(client.large(&node.bootstrap(), "big", LENGTH).run().trim(), format!("read {LENGTH}"));
}

macro_rules! scenarios {
    ($module:ident, $client:expr) => {
        mod $module {
            use kraftlog_interop::Client;

            const CLIENT: Client = $client;

            #[test]
            fn every_compression_keeps_all_of_a_record() {
                super::every_compression_keeps_all_of_a_record(CLIENT);
            }

            #[test]
            fn group_of_three_outlives_a_killed_member() {
                super::group_of_three_outlives_a_killed_member(CLIENT);
            }

            #[test]
            fn ten_megabytes_pass_once_the_limit_is_raised() {
                super::ten_megabytes_pass_once_the_limit_is_raised(CLIENT);
            }
        }
    };
}

scenarios!(kcat, Client::Kcat);
scenarios!(confluent_kafka, Client::Confluent);
scenarios!(kafka_python, Client::KafkaPython);
scenarios!(rdkafka, Client::Rdkafka);
