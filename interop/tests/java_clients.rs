//! Apache's producing and consuming programs, unmodified.

use std::collections::BTreeMap;
use std::time::Duration;

use kraftlog_interop::{Node, Tool, console_consumer, console_producer, java};

const GROUP_COMMAND: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";

fn create_topic(node: &Node, topic: &str, partitions: u32) {
    java("TopicCommand")
        .words(&format!(
            "--bootstrap-server {} --create --topic {topic} --partitions {partitions}",
            node.bootstrap()
        ))
        .run();
}

fn groups(node: &Node, rest: &str) -> Tool {
    java(GROUP_COMMAND).words(&format!("--bootstrap-server {} {rest}", node.bootstrap()))
}

/// The columns CURRENT-OFFSET, LOG-END-OFFSET and LAG of a group's partitions, in order.
fn group_positions(node: &Node, group: &str) -> Vec<(i64, i64, i64)> {
    let table = groups(node, &format!("--describe --group {group}")).run();
    let rows = table.lines().filter(|line| line.starts_with(group));
    let mut positions: Vec<_> = rows.map(group_row).collect();
    positions.sort_unstable();
    positions.into_iter().map(|(_, position)| position).collect()
}

/// Partition, and its current offset, log end offset and lag.
fn group_row(row: &str) -> (i64, (i64, i64, i64)) {
    let cells: Vec<&str> = row.split_whitespace().collect();
    let number = |n: usize| cells[n].parse().unwrap_or_else(|_| panic!("not a number in column {n}: {row}"));
    (number(2), (number(3), number(4), number(5)))
}

#[test]
fn console_programs_keep_keys_headers_and_places_of_a_group() {
    let node = Node::start();
    create_topic(&node, "talk", 1);
    console_producer(&node.bootstrap(), "talk")
        .words("--reader-property parse.key=true --reader-property parse.headers=true")
        .input("a:1\tk1\tfirst\nb:2,c:3\tk2\tsecond\n")
        .run();
    console_producer(&node.bootstrap(), "talk").input("third\nfourth\n").run();

    let shown = console_consumer(&node.bootstrap(), "talk", 4)
        .words("--formatter-property print.key=true --formatter-property print.headers=true")
        .words("--formatter-property print.offset=true --formatter-property print.partition=true")
        .run();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(
        lines,
        [
            "Partition:0\tOffset:0\ta:1\tk1\tfirst",
            "Partition:0\tOffset:1\tb:2,c:3\tk2\tsecond",
            "Partition:0\tOffset:2\tNO_HEADERS\tnull\tthird",
            "Partition:0\tOffset:3\tNO_HEADERS\tnull\tfourth",
        ]
    );

    let first = console_consumer(&node.bootstrap(), "talk", 3).words("--group readers").run();
    assert_eq!(first.lines().collect::<Vec<_>>(), ["first", "second", "third"]);
    let rest = console_consumer(&node.bootstrap(), "talk", 1).words("--group readers").run();
    assert_eq!(rest.trim(), "fourth");
}

#[test]
fn consumer_group_command_lists_describes_resets_and_deletes() {
    let node = Node::start();
    create_topic(&node, "shelf", 2);
    let lines: String = (0..200).map(|n| format!("k{n}:{n}\n")).collect();
    console_producer(&node.bootstrap(), "shelf")
        .words("--reader-property parse.key=true --reader-property key.separator=:")
        .input(lines)
        .run();
    console_consumer(&node.bootstrap(), "shelf", 200).words("--group clerks").run();

    assert_eq!(groups(&node, "--list").run().trim(), "clerks");
    let read = group_positions(&node, "clerks");
    assert_eq!(read.len(), 2);
    assert_eq!(read.iter().map(|(_, end, _)| end).sum::<i64>(), 200);
    assert!(read.iter().all(|(current, end, lag)| current == end && *lag == 0), "{read:?}");
    let state = groups(&node, "--describe --group clerks --state").run();
    assert!(state.contains("Empty"), "{state}");
    let members = groups(&node, "--describe --group clerks --members").finish();
    let members = members.stdout + &members.stderr;
    assert!(members.contains("has no active members"), "{members}");

    groups(&node, "--reset-offsets --group clerks --topic shelf --to-earliest --execute").run();
    assert!(group_positions(&node, "clerks").iter().all(|(current, end, lag)| *current == 0 && lag == end));
    groups(&node, "--reset-offsets --group clerks --topic shelf --shift-by 5 --execute").run();
    assert!(group_positions(&node, "clerks").iter().all(|(current, ..)| *current == 5));
    groups(&node, "--reset-offsets --group clerks --topic shelf:1 --to-latest --execute").run();
    assert_eq!(group_positions(&node, "clerks")[1].2, 0);

    let removed = groups(&node, "--delete-offsets --group clerks --topic shelf:0").run();
    assert!(removed.contains("Successful"), "{removed}");
    assert_eq!(group_positions(&node, "clerks").len(), 1);
    let deleted = groups(&node, "--delete --group clerks").run();
    assert!(
        deleted.contains("Deletion of requested consumer groups ('clerks') was successful."),
        "{deleted}"
    );
    assert_eq!(groups(&node, "--list").run().trim(), "");
}

/// The end offset of each partition, as `GetOffsetShell` shows it.
fn end_offsets(node: &Node, topic: &str) -> Vec<i64> {
    let command = format!("--bootstrap-server {} --topic {topic}", node.bootstrap());
    let shown = java("GetOffsetShell").words(&command).run();
    shown.lines().filter_map(|line| line.rsplit(':').next()?.parse().ok()).collect()
}

/// One million records of `compression` with the producer's defaults (idempotent, acks=all), and all
/// of them read back.
fn a_million_records(compression: &str) {
    const RECORDS: &str = "1000000";
    let node = Node::start();
    create_topic(&node, "perf", 3);
    let sent = java("ProducerPerformance")
        .words(&format!("--topic perf --num-records {RECORDS} --record-size 100 --throughput -1"))
        .words(&format!(
            "--producer-props bootstrap.servers={} compression.type={compression}",
            node.bootstrap()
        ))
        .within(Duration::from_mins(4))
        .run();
    let last = sent.lines().last().expect("a last line");
    assert!(last.starts_with(&format!("{RECORDS} records sent")), "{sent}");

    assert_eq!(end_offsets(&node, "perf").iter().sum::<i64>().to_string(), RECORDS);

    let read = java("ConsumerPerformance")
        .words(&format!("--bootstrap-server {} --topic perf --num-records {RECORDS}", node.bootstrap()))
        .within(Duration::from_mins(4))
        .run();
    let columns: Vec<&str> = read.lines().last().expect("a last line").split(", ").collect();
    let seen: i64 = columns[4].parse().unwrap_or_else(|_| panic!("not a count of records: {read}"));
    assert_eq!(seen.to_string(), RECORDS, "{read}");
}

#[test]
fn a_million_records_uncompressed() {
    a_million_records("none");
}

#[test]
fn a_million_records_of_gzip() {
    a_million_records("gzip");
}

#[test]
fn a_million_records_of_snappy() {
    a_million_records("snappy");
}

#[test]
fn a_million_records_of_lz4() {
    a_million_records("lz4");
}

#[test]
fn a_million_records_of_zstd() {
    a_million_records("zstd");
}

#[test]
fn end_to_end_latency_sees_every_record_come_back() {
    let node = Node::start();
    create_topic(&node, "echo", 1);
    let seen = java("EndToEndLatency")
        .words(&format!("--bootstrap-server {} --topic echo --num-records 2000", node.bootstrap()))
        .words("--producer-acks all --record-size 100")
        .run();
    assert!(seen.contains("Avg latency:"), "{seen}");
    assert!(seen.contains("Percentiles: 50th = "), "{seen}");
}

#[test]
fn verifiable_programs_lose_double_and_reorder_nothing() {
    const RECORDS: usize = 500_000;
    let node = Node::start();
    create_topic(&node, "proof", 3);
    let produced = java("VerifiableProducer")
        .words(&format!("--bootstrap-server {} --topic proof --max-messages {RECORDS}", node.bootstrap()))
        .words("--throughput -1 --acks -1")
        .within(Duration::from_mins(4))
        .run();
    let acknowledged = Ledger::of(&produced, "producer_send_success");
    assert_eq!(acknowledged.count(), RECORDS);

    let consumed = java("VerifiableConsumer")
        .words(&format!("--bootstrap-server {} --topic proof --max-messages {RECORDS}", node.bootstrap()))
        .words("--group-id auditors --reset-policy earliest --verbose")
        .within(Duration::from_mins(4))
        .run();
    let read = Ledger::of(&consumed, "record_data");
    assert_eq!(read.count(), RECORDS);
    read.assert_contiguous();
    for (partition, records) in &read.by_partition {
        let numbers: Vec<i64> = records.iter().map(|(_, value)| *value).collect();
        assert!(numbers.is_sorted_by(|left, right| left < right), "partition {partition} is out of order");
    }
    let mut values: Vec<i64> = read.by_partition.values().flatten().map(|(_, value)| *value).collect();
    values.sort_unstable();
    assert!(values.iter().copied().eq(0..RECORDS as i64), "a record is lost or doubled");
    let mut acknowledged = acknowledged;
    acknowledged.by_partition.values_mut().for_each(|records| records.sort_unstable());
    assert_eq!(acknowledged.by_partition, read.by_partition, "what was acknowledged is what is read");
}

/// (offset, value) of each record that a verifiable program tells of, by partition.
struct Ledger {
    by_partition: BTreeMap<i64, Vec<(i64, i64)>>,
}

impl Ledger {
    fn of(output: &str, event: &str) -> Self {
        let mut by_partition: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
        for line in output.lines().filter(|line| line.contains(event)) {
            let told: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
            let value = told["value"].as_str().expect("a value").parse().expect("a number");
            let place = (told["offset"].as_i64().expect("an offset"), value);
            by_partition.entry(told["partition"].as_i64().expect("a partition")).or_default().push(place);
        }
        Self { by_partition }
    }

    fn count(&self) -> usize {
        self.by_partition.values().map(Vec::len).sum()
    }

    fn assert_contiguous(&self) {
        for (partition, records) in &self.by_partition {
            let offsets = records.iter().map(|(offset, _)| *offset);
            assert!(offsets.eq(0..records.len() as i64), "partition {partition} has a gap or a double");
        }
    }
}
