//! Apache's administrative programs, unmodified, one scenario each.

use std::collections::BTreeMap;

use kraftlog_interop::{Node, console_producer, eventually, java};
use std::time::Duration;

/// `program` against the node, with the words of `rest`.
fn admin(node: &Node, program: &str, rest: &str) -> kraftlog_interop::Tool {
    java(program).words(&format!("--bootstrap-server {} {rest}", node.bootstrap()))
}

/// The value behind `name: ` on a line of tab-separated facts.
fn fact<'a>(line: &'a str, name: &str) -> &'a str {
    let fact = line.split('\t').find_map(|fact| fact.trim().strip_prefix(name));
    fact.unwrap_or_else(|| panic!("no {name} in {line:?}")).trim_start_matches(':').trim()
}

fn produce_lines(node: &Node, topic: &str, count: usize) {
    let lines: String = (0..count).map(|n| format!("line {n}\n")).collect();
    console_producer(&node.bootstrap(), topic).input(lines).run();
}

#[test]
fn topic_command_creates_describes_alters_and_deletes() {
    let node = Node::start();
    let created =
        admin(&node, "TopicCommand", "--create --topic trees --partitions 3 --config retention.ms=60000");
    assert_eq!(created.run().trim(), "Created topic trees.");

    let description = admin(&node, "TopicCommand", "--describe --topic trees").run();
    let lines: Vec<&str> = description.lines().collect();
    assert_eq!(fact(lines[0], "Topic"), "trees");
    assert_eq!(fact(lines[0], "PartitionCount"), "3");
    assert_eq!(fact(lines[0], "ReplicationFactor"), "1");
    assert_eq!(fact(lines[0], "TopicId").len(), 22);
    assert!(
        fact(lines[0], "Configs").split(',').any(|config| config == "retention.ms=60000"),
        "{description}"
    );
    assert_eq!(lines.len(), 4);
    for (partition, line) in lines[1..].iter().enumerate() {
        assert_eq!(fact(line, "Partition"), partition.to_string());
        assert_eq!((fact(line, "Leader"), fact(line, "Isr")), ("1", "1"));
    }

    let again = admin(&node, "TopicCommand", "--create --topic trees").finish().refused();
    assert!(again.contains("Topic 'trees' already exists."), "{again}");
    let bad = admin(&node, "TopicCommand", "--create --topic trees/and/paths").finish().refused();
    assert!(bad.contains("trees/and/paths"), "{bad}");
    let replicated =
        admin(&node, "TopicCommand", "--create --topic two --replication-factor 2").finish().refused();
    assert!(replicated.contains("replication factor of 2 cannot be reached"), "{replicated}");

    admin(&node, "TopicCommand", "--alter --topic trees --partitions 5").run();
    let fewer = admin(&node, "TopicCommand", "--alter --topic trees --partitions 4").finish().refused();
    assert!(fewer.contains("5"), "{fewer}");
    assert_eq!(admin(&node, "TopicCommand", "--describe --topic trees").run().lines().count(), 6);
    assert_eq!(admin(&node, "TopicCommand", "--list").run().trim(), "trees");

    admin(&node, "TopicCommand", "--delete --topic trees").run();
    assert_eq!(admin(&node, "TopicCommand", "--list").run().trim(), "");
    let missing = admin(&node, "TopicCommand", "--delete --topic trees").finish().refused();
    assert!(missing.contains("does not exist"), "{missing}");
}

#[test]
fn config_command_sets_and_clears_topic_and_broker_configs() {
    let node = Node::start();
    let config = |rest: &str| admin(&node, "kafka.admin.ConfigCommand", rest);
    admin(&node, "TopicCommand", "--create --topic limits").run();

    let set =
        config("--alter --entity-type topics --entity-name limits --add-config max.message.bytes=20000000");
    assert_eq!(set.run().trim(), "Completed updating config for topic limits.");
    let described = config("--describe --entity-type topics --entity-name limits").run();
    assert!(
        described.contains("max.message.bytes=20000000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG"),
        "{described}"
    );
    let bad = config("--alter --entity-type topics --entity-name limits --add-config retention.ms=soon");
    let bad = bad.finish().refused();
    assert!(bad.contains("retention.ms"), "{bad}");
    let unknown = config("--alter --entity-type topics --entity-name limits --add-config colour=red");
    let unknown = unknown.finish().refused();
    assert!(unknown.contains("Unknown topic config name: colour"), "{unknown}");
    config("--alter --entity-type topics --entity-name limits --delete-config max.message.bytes").run();
    let cleared = config("--describe --entity-type topics --entity-name limits").run();
    assert!(!cleared.contains("max.message.bytes"), "{cleared}");
    let all = config("--describe --all --entity-type topics --entity-name limits").run();
    assert!(all.contains("max.message.bytes=1048588 sensitive=false synonyms={DEFAULT_CONFIG:"), "{all}");

    config("--alter --entity-type brokers --entity-name 1 --add-config log.retention.ms=7200000").run();
    config("--alter --entity-type brokers --entity-default --add-config message.max.bytes=2000000").run();
    let broker = config("--describe --entity-type brokers --entity-name 1").run();
    assert!(broker.contains("log.retention.ms=7200000"), "{broker}");
    let defaults = config("--describe --entity-type brokers --entity-default").run();
    assert!(defaults.contains("message.max.bytes=2000000"), "{defaults}");
    let all = config("--describe --all --entity-type topics --entity-name limits").run();
    assert!(
        all.contains("max.message.bytes=2000000 sensitive=false synonyms={DYNAMIC_DEFAULT_BROKER_CONFIG"),
        "{all}"
    );
    assert!(all.contains("retention.ms=7200000"), "{all}");
}

#[test]
fn offsets_are_shown_and_records_deleted_from_the_front() {
    let node = Node::start();
    admin(&node, "TopicCommand", "--create --topic queue --partitions 1").run();
    produce_lines(&node, "queue", 10);
    let offsets = |time: &str| admin(&node, "GetOffsetShell", &format!("--topic queue --time {time}")).run();
    assert_eq!(offsets("-1").trim(), "queue:0:10");
    assert_eq!(offsets("-2").trim(), "queue:0:0");

    let dir = tempfile::tempdir().unwrap();
    let request = dir.path().join("delete.json");
    std::fs::write(&request, r#"{"partitions":[{"topic":"queue","partition":0,"offset":4}],"version":1}"#)
        .unwrap();
    let delete = admin(&node, "DeleteRecordsCommand", "--offset-json-file").arg(&request).run();
    assert!(delete.contains("partition: queue-0\tlow_watermark: 4"), "{delete}");
    assert_eq!(offsets("-2").trim(), "queue:0:4");
    assert_eq!(offsets("-1").trim(), "queue:0:10");

    let left = kraftlog_interop::console_consumer(&node.bootstrap(), "queue", 6).run();
    assert_eq!(left.lines().next(), Some("line 4"));
    assert_eq!(left.lines().count(), 6);
}

#[test]
fn log_dirs_command_shows_the_size_of_each_partition() {
    let node = Node::start();
    admin(&node, "TopicCommand", "--create --topic sizes --partitions 2").run();
    produce_lines(&node, "sizes", 100);
    let answer = admin(&node, "LogDirsCommand", "--describe --topic-list sizes").run();
    let json = answer.lines().find(|line| line.starts_with('{')).expect("one line of JSON");
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let dir = &json["brokers"][0]["logDirs"][0];
    assert_eq!(dir["logDir"], node.data_dir().display().to_string());
    assert!(dir["error"].is_null(), "{dir}");
    let sizes: BTreeMap<&str, u64> = dir["partitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|partition| (partition["partition"].as_str().unwrap(), partition["size"].as_u64().unwrap()))
        .collect();
    assert_eq!(sizes.keys().copied().collect::<Vec<_>>(), ["sizes-0", "sizes-1"]);
    for (partition, size) in sizes {
        let log = node.data_dir().join(partition).join("00000000000000000000.log");
        // A partition without records need not have a file.
        assert_eq!(size, std::fs::metadata(log).map_or(0, |file| file.len()), "{partition}");
    }
}

#[test]
fn the_cluster_shows_its_quorum_features_and_id() {
    let node = Node::start();
    let status = admin(&node, "MetadataQuorumCommand", "describe --status").run();
    let status: BTreeMap<&str, &str> = status
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name, value.trim()))
        .collect();
    assert_eq!(status["ClusterId"], "5L6g3nShT-eMCtK--X86sw");
    assert_eq!(status["LeaderId"], "1");
    assert_eq!(status["MaxFollowerLag"], "0");
    assert!(status["LeaderEpoch"].parse::<i32>().unwrap() > 0);
    assert!(status["HighWatermark"].parse::<i64>().unwrap() > 0);
    assert!(status["CurrentVoters"].contains("\"id\": 1"), "{status:?}");
    assert_eq!(status["CurrentObservers"], "[]");

    let replication = admin(&node, "MetadataQuorumCommand", "describe --replication").run();
    let columns: Vec<&str> = replication.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((columns[0], columns[3], *columns.last().unwrap()), ("1", "0", "Leader"), "{replication}");

    let features = admin(&node, "FeatureCommand", "describe").run();
    let line = features.lines().find(|line| line.starts_with("Feature: metadata.version")).unwrap();
    assert!(line.contains("FinalizedVersionLevel: 4.3-IV0"), "{line}");
    for feature in ["group.version", "transaction.version", "kraft.version"] {
        assert!(features.contains(&format!("Feature: {feature}")), "{features}");
    }

    let id = java("ClusterTool").words(&format!("cluster-id --bootstrap-server {}", node.bootstrap())).run();
    assert_eq!(id.trim(), "Cluster ID: 5L6g3nShT-eMCtK--X86sw");
    let ends =
        java("ClusterTool").words(&format!("list-endpoints --bootstrap-server {}", node.bootstrap())).run();
    assert!(ends.contains(&node.port().to_string()), "{ends}");
}

#[test]
fn broker_api_versions_are_those_that_clients_need() {
    let node = Node::start();
    let answer =
        java("BrokerApiVersionsCommand").words(&format!("--bootstrap-server {}", node.bootstrap())).run();
    assert!(answer.starts_with(&format!("{} (id: 1 rack: null", node.bootstrap())), "{answer}");
    for api in [
        "Produce(0): 0 to 13 [usable: 13]",
        "Fetch(1): 4 to 18",
        "ListOffsets(2): 1 to 11",
        "Metadata(3): 0 to 13",
        "OffsetCommit(8): 2 to 10",
        "FindCoordinator(10): 0 to 6",
        "JoinGroup(11): 0 to 9",
        "ApiVersions(18): 0 to 4",
        "CreateTopics(19): 2 to 7",
        "InitProducerId(22): 0 to",
    ] {
        assert!(answer.contains(api), "{api} is missing in {answer}");
    }
}

#[test]
fn the_log_has_the_lines_that_container_tests_wait_for() {
    let node = Node::start();
    for line in ["Transitioning from RECOVERY to RUNNING", "Kafka Server started"] {
        eventually(line, Duration::from_secs(5), || node.log().contains(line));
    }
}

#[test]
fn a_deleted_topic_leaves_no_directory_behind() {
    let node =
        Node::of(kraftlog_interop::Server::under_test()).set("log.segment.delete.delay.ms", "100").start();
    admin(&node, "TopicCommand", "--create --topic gone --partitions 2").run();
    produce_lines(&node, "gone", 10);
    admin(&node, "TopicCommand", "--delete --topic gone").run();
    let named_gone = || {
        let entries = std::fs::read_dir(node.data_dir()).unwrap();
        entries
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("gone"))
            .count()
    };
    eventually("the directories of a deleted topic are gone", Duration::from_secs(90), || named_gone() == 0);
}
