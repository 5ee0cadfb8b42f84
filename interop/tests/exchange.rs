//! The same directory under both servers, and under Apache's programs that read files.

use std::collections::BTreeMap;
use std::path::Path;

use kraftlog_interop::{
    Client, Node, NodeBuilder, Server, Tool, console_consumer, eventually, files_ending_with, java,
};

const COMPRESSIONS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
const RECORDS: usize = 3000;
const GROUP: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";

/// How a server leaves the directory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaving {
    Cleanly,
    ByKill,
}

fn leave(node: &mut Node, how: Leaving) {
    match how {
        Leaving::Cleanly => node.stop(),
        Leaving::ByKill => node.kill(),
    }
}

/// Snapshots of the metadata after a few records, and log starts that are written down at once.
fn node_of(server: Server) -> NodeBuilder {
    Node::of(server)
        .set("metadata.log.max.record.bytes.between.snapshots", "3000")
        .set("log.flush.start.offset.checkpoint.interval.ms", "100")
        // Apache begins with that after half a minute.
        .set("log.initial.task.delay.ms", "100")
}

fn admin(node: &Node, program: &str, rest: &str) -> Tool {
    java(program).words(&format!("--bootstrap-server {} {rest}", node.bootstrap()))
}

fn lines(from: usize) -> String {
    (from..from + RECORDS)
        .map(|n| format!("key-{}\tvalue {n} {}\n", n % 31, "some filling ".repeat(20)))
        .collect()
}

/// A topic of each compression kind with several segments, configs, a grown topic, a deleted one, a
/// moved log start and a group's offsets.
fn furnish(node: &Node) {
    for compression in COMPRESSIONS {
        let topic = format!("packed-{compression}");
        let configs = "--config segment.bytes=1048576 --config index.interval.bytes=1024";
        admin(node, "TopicCommand", &format!("--create --topic {topic} --partitions 2 {configs}")).run();
        for part in 0..4 {
            Client::Kcat.send(&node.bootstrap(), &topic, compression, 0).input(lines(part * RECORDS)).run();
        }
    }
    admin(node, "TopicCommand", "--create --topic gone").run();
    admin(node, "TopicCommand", "--delete --topic gone").run();
    admin(node, "TopicCommand", "--alter --topic packed-zstd --partitions 3").run();
    let delete = r#"{"partitions":[{"topic":"packed-gzip","partition":0,"offset":100}],"version":1}"#;
    let dir = tempfile::tempdir().expect("the temporary directory can be written");
    let request = dir.path().join("delete.json");
    std::fs::write(&request, delete).expect("it can be written");
    admin(node, "DeleteRecordsCommand", "--offset-json-file").arg(&request).run();
    console_consumer(&node.bootstrap(), "packed-none", 1000).words("--group travellers").run();
}

/// All that a client can see, in words that must not change when another server takes over.
struct View {
    topics: Vec<String>,
    group: Vec<String>,
    first_offsets: Vec<String>,
    records: BTreeMap<String, Vec<String>>,
}

impl View {
    fn of(node: &Node) -> Self {
        let sorted = |text: String| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        let read = |compression: &&str| {
            let topic = format!("packed-{compression}");
            let line = "%p\\t%o\\t%k\\t%h\\t%T\\t%s\\n";
            let reader = kraftlog_interop::kcat(&node.bootstrap());
            (topic.clone(), sorted(reader.words(&format!("-C -t {topic} -o beginning -e -f {line}")).run()))
        };
        let group = admin(node, GROUP, "--describe --group travellers").run();
        let columns = |row: &str| row.split_whitespace().take(6).collect::<Vec<_>>().join(" ") + "\n";
        let group = group.lines().filter(|row| row.starts_with("travellers")).map(columns).collect();
        Self {
            topics: sorted(admin(node, "TopicCommand", "--describe --exclude-internal").run()),
            group: sorted(group),
            first_offsets: sorted(
                admin(node, "GetOffsetShell", "--topic-partitions packed-.* --time -2").run(),
            ),
            records: COMPRESSIONS.iter().map(read).collect(),
        }
    }

    fn assert_same(&self, other: &Self) {
        assert_eq!(self.topics, other.topics);
        assert_eq!(self.group, other.group);
        assert_eq!(self.first_offsets, other.first_offsets);
        for (topic, records) in &self.records {
            let strayed = records.iter().zip(&other.records[topic]).find(|(left, right)| left != right);
            assert_eq!(strayed, None, "{topic}");
            assert_eq!(records.len(), other.records[topic].len(), "{topic}");
        }
    }

    fn record_count(&self) -> usize {
        self.records.values().map(Vec::len).sum()
    }
}

/// `from` writes, `to` takes over and serves the same and takes more, and `from` comes back to all of it.
fn directory_changes_hands(from: Server, to: Server, leaving: Leaving) {
    let mut node = node_of(from).start();
    furnish(&node);
    let written = View::of(&node);
    assert_eq!(written.record_count(), COMPRESSIONS.len() * 4 * RECORDS - 100);
    assert_eq!(written.group.len(), 2);

    leave(&mut node, leaving);
    node.hand_over_to(to);
    node.start_again();
    View::of(&node).assert_same(&written);
    for compression in COMPRESSIONS {
        let topic = format!("packed-{compression}");
        Client::Kcat.send(&node.bootstrap(), &topic, compression, 0).input(lines(4 * RECORDS)).run();
    }
    admin(&node, "TopicCommand", "--create --topic packed-later --partitions 2 --config retention.ms=-1")
        .run();
    console_consumer(&node.bootstrap(), "packed-none", 1000).words("--group travellers").run();
    let grown = View::of(&node);
    assert_eq!(grown.record_count(), written.record_count() + COMPRESSIONS.len() * RECORDS);

    leave(&mut node, leaving);
    node.hand_over_to(from);
    node.start_again();
    View::of(&node).assert_same(&grown);
}

/// `from` formats the directory, `to` is the first to start on it.
fn formatted_by_one_started_by_the_other(from: Server, to: Server) {
    let mut node = node_of(from).format();
    node.hand_over_to(to);
    node.start_again();
    admin(&node, "TopicCommand", "--create --topic first").run();
    assert_eq!(admin(&node, "TopicCommand", "--list").run().trim(), "first");
}

#[test]
fn kraftlog_starts_on_what_apache_formatted() {
    formatted_by_one_started_by_the_other(Server::Apache, Server::under_test());
}

#[test]
fn apache_starts_on_what_kraftlog_formatted() {
    formatted_by_one_started_by_the_other(Server::under_test(), Server::Apache);
}

#[test]
fn kraftlog_takes_over_from_apache_after_a_clean_stop() {
    directory_changes_hands(Server::Apache, Server::under_test(), Leaving::Cleanly);
}

#[test]
fn kraftlog_takes_over_from_apache_after_a_kill() {
    directory_changes_hands(Server::Apache, Server::under_test(), Leaving::ByKill);
}

#[test]
fn apache_takes_over_from_kraftlog_after_a_clean_stop() {
    directory_changes_hands(Server::under_test(), Server::Apache, Leaving::Cleanly);
}

#[test]
fn apache_takes_over_from_kraftlog_after_a_kill() {
    directory_changes_hands(Server::under_test(), Server::Apache, Leaving::ByKill);
}

fn dump(options: &str, file: &Path) -> String {
    let shown = java("DumpLogSegments").words(options).arg("--files").arg(file).run();
    for complaint in
        ["mismatch", "isvalid: false", "xception", "Non-consecutive", "out of order", "incomplete"]
    {
        assert!(!shown.contains(complaint), "{}: {complaint}\n{shown}", file.display());
    }
    shown
}

#[test]
fn dump_log_segments_finds_segments_and_indexes_in_order() {
    let mut node = node_of(Server::under_test()).start();
    furnish(&node);
    node.stop();
    for compression in COMPRESSIONS {
        let mut records = 0;
        let logs = |partition| {
            files_ending_with(&node.partition_dir(&format!("packed-{compression}"), partition), ".log")
        };
        for log in (0..2).flat_map(logs) {
            let shown = dump("--deep-iteration --print-data-log", &log);
            records += shown.lines().filter(|line| line.contains("payload: value ")).count();
            dump("--index-sanity-check", &log.with_extension("index"));
            dump("--verify-index-only", &log.with_extension("index"));
            dump("--verify-index-only", &log.with_extension("timeindex"));
        }
        assert!(records > 4 * RECORDS - 200, "{compression}: {records}");
    }
    let rolled = files_ending_with(&node.partition_dir("packed-none", 0), ".log").len();
    assert!(rolled > 1, "the segments have not rolled");
    for snapshot in files_ending_with(&node.partition_dir("packed-none", 0), ".snapshot") {
        assert!(dump("--print-data-log", &snapshot).contains("producerId: "), "{}", snapshot.display());
    }
    let offsets = files_ending_with(&node.data_dir(), ".log").into_iter().filter(|log| {
        log.to_string_lossy().contains("__consumer_offsets")
            && log.metadata().is_ok_and(|file| file.len() > 0)
    });
    let committed: String = offsets.map(|log| dump("--offsets-decoder", &log)).collect();
    assert!(committed.contains("\"group\":\"travellers\""), "{committed}");
}

#[test]
fn apache_reads_the_metadata_log_and_its_snapshots() {
    let mut node = node_of(Server::under_test()).start();
    let quorum = node.partition_dir("__cluster_metadata", 0);
    for n in 0..12 {
        admin(&node, "TopicCommand", &format!("--create --topic tree-{n} --partitions 4")).run();
    }
    let snapshots = || files_ending_with(&quorum, ".checkpoint");
    eventually("a snapshot of the metadata", std::time::Duration::from_secs(30), || {
        snapshots().iter().any(|path| !path.ends_with("00000000000000000000-0000000000.checkpoint"))
    });
    node.stop();

    let logs: String = files_ending_with(&quorum, ".log")
        .iter()
        .map(|log| dump("--cluster-metadata-decoder", log))
        .collect();
    for kind in [
        "\"type\":\"TOPIC_RECORD\"",
        "\"type\":\"PARTITION_RECORD\"",
        "\"type\":\"REGISTER_BROKER_RECORD\"",
        "LeaderChange",
    ] {
        assert!(logs.contains(kind), "{kind} is missing in\n{logs}");
    }
    let newest = snapshots().into_iter().max().unwrap();
    let shown = dump("--cluster-metadata-decoder", &newest);
    for kind in
        ["SnapshotHeader", "SnapshotFooter", "\"type\":\"TOPIC_RECORD\"", "\"type\":\"FEATURE_LEVEL_RECORD\""]
    {
        assert!(shown.contains(kind), "{kind} is missing in\n{shown}");
    }
    let shell = |command: &str| {
        let shell = java("org.apache.kafka.shell.MetadataShell").arg("--snapshot").arg(&newest);
        shell.words(command).run()
    };
    let topics = shell("ls /image/topics/byName");
    assert!(topics.contains("tree-0"), "{topics}");
    let brokers = shell("ls /image/cluster/brokers");
    assert!(brokers.contains('1'), "{brokers}");
    let partition = shell("cat /image/topics/byName/tree-0/0");
    assert!(partition.contains("leader") && partition.contains("isr"), "{partition}");
}

#[test]
fn storage_tool_knows_the_directory() {
    let node = node_of(Server::under_test()).start();
    let info = java("kafka.tools.StorageTool").words("info -c").arg(node.properties()).finish();
    let info = info.stdout + &info.stderr;
    assert!(info.contains("Found log directory") && info.contains("Found metadata: {cluster.id="), "{info}");
    assert!(!info.contains("Found problem"), "{info}");
}
