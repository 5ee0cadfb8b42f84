//! A disk that fills up under a running node: writes are refused, everything acknowledged stays.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kraftlog_interop::{Client, Node, Server, SmallDisk, java};
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;

const DISK_BYTES: u64 = 32 << 20;
/// What somebody removes to make room.
const FILLER_BYTES: usize = 16 << 20;
const RECORD_BYTES: usize = 100_000;
/// More than the disk holds.
const RECORDS: usize = 400;

/// The numbers of the records that were acknowledged, and why the others were not.
#[derive(Default)]
struct Answers {
    acknowledged: BTreeSet<usize>,
    refusals: Vec<RDKafkaErrorCode>,
}

struct Witness(Arc<Mutex<Answers>>);

impl ClientContext for Witness {}

impl ProducerContext for Witness {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<usize>) {
        let mut answers = self.0.lock().expect("no holder panics");
        match result {
            Ok(_) => assert!(answers.acknowledged.insert(*number), "{number} is acknowledged twice"),
            Err((error, _)) => answers.refusals.extend(error.rdkafka_error_code()),
        }
    }
}

/// Sends `numbers` to partition 0 of `full`, one request each, and waits for all answers.
fn produce(node: &Node, numbers: std::ops::Range<usize>) -> Answers {
    let answers = Arc::new(Mutex::new(Answers::default()));
    let producer: ThreadedProducer<Witness> = ClientConfig::new()
        .set("bootstrap.servers", node.bootstrap())
        // The first refusal is what the test looks for.
        .set("retries", "0")
        .set("linger.ms", "0")
        .set("batch.num.messages", "1")
        .create_with_context(Witness(answers.clone()))
        .expect("the settings are right");
    for number in numbers {
        let text = format!("{number} {}", "x".repeat(RECORD_BYTES));
        let record = BaseRecord::<(), str, Box<usize>>::with_opaque_to("full", Box::new(number));
        let sent = producer.send(record.partition(0).payload(&text));
        sent.map_err(|(error, _)| error).expect("the queue is long enough");
    }
    producer.flush(Duration::from_secs(60)).expect("every record gets an answer");
    drop(producer);
    std::mem::take(&mut *answers.lock().expect("no holder panics"))
}

/// The numbers of the first `count` records of the topic, in order.
fn read(node: &Node, count: usize) -> Vec<usize> {
    let shown = Client::Kcat.read(&node.bootstrap(), "full", count).run();
    let number = |line: &str| line.split('\t').nth(5)?.split(' ').next()?.parse().ok();
    shown.lines().filter_map(number).collect()
}

fn log_dirs(node: &Node) -> serde_json::Value {
    let command = format!("--bootstrap-server {} --describe", node.bootstrap());
    let shown = java("LogDirsCommand").words(&command).run();
    let json = shown.lines().find(|line| line.starts_with('{')).expect("one line of JSON");
    let mut json: serde_json::Value = serde_json::from_str(json).expect("JSON");
    json["brokers"][0]["logDirs"][0].take()
}

#[test]
fn what_was_acknowledged_outlives_a_full_disk() {
    let disk = SmallDisk::of(DISK_BYTES);
    let (data, filler) = (disk.path().join("data"), disk.path().join("filler"));
    let mut node =
        Node::of(Server::Kraftlog).set("log.dirs", &data.display().to_string()).metadata_apart().start();
    java("TopicCommand")
        .words(&format!("--bootstrap-server {} --create --topic full", node.bootstrap()))
        .run();
    fs::write(&filler, vec![0; FILLER_BYTES]).expect("the disk has that much room");

    let answers = produce(&node, 0..RECORDS);
    let kept = answers.acknowledged.len();
    assert!(kept > 50, "the disk has room for more than {kept} records");
    assert_eq!(answers.refusals.len(), RECORDS - kept);
    let only_kind = answers.refusals.iter().all(|code| *code == RDKafkaErrorCode::KafkaStorageError);
    assert!(only_kind, "{:?}", answers.refusals);
    let acknowledged: Vec<usize> = answers.acknowledged.into_iter().collect();

    assert!(node.is_alive());
    assert_eq!(read(&node, kept), acknowledged, "earlier records stay readable");
    let shown = log_dirs(&node);
    assert_eq!(shown["error"], "org.apache.kafka.common.errors.KafkaStorageException", "{shown}");
    assert_eq!(shown["logDir"], data.display().to_string());
    let line = format!("log directory {} is offline", data.display());
    assert_eq!(node.log().matches(&line).count(), 1, "the directory is named once");
    // Room alone does not bring it back: only a start looks at what reached the disk.
    fs::remove_file(&filler).expect("it is there");
    let refused = produce(&node, RECORDS..RECORDS + 1);
    assert_eq!(refused.refusals, [RDKafkaErrorCode::KafkaStorageError]);

    node.stop();
    node.start_again();
    assert!(log_dirs(&node)["error"].is_null());
    assert_eq!(read(&node, kept), acknowledged, "a start with room keeps what was acknowledged");
    assert_eq!(produce(&node, RECORDS..RECORDS + 1).acknowledged.len(), 1);
    assert_eq!(read(&node, kept + 1), [&acknowledged[..], &[RECORDS]].concat());
}
