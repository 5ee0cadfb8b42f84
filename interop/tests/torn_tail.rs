//! A segment whose last batch is torn, at every one of its bytes: what was whole stays, nothing else.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use kraftlog_interop::{BatchSpan, Client, Node, batch_spans, java, kcat};
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

/// More partitions than the last batch has bytes: partition n is torn at byte n.
const PARTITIONS: i32 = 140;
const BATCHES: usize = 3;

/// How the tail got lost.
#[derive(Clone, Copy)]
enum Tear {
    /// The file ends early.
    Cut,
    /// The file has its length, but the bytes never reached the disk.
    Zeroed,
}

fn segment(node: &Node, partition: i32) -> std::path::PathBuf {
    node.partition_dir("torn", partition).join("00000000000000000000.log")
}

/// Three batches of two records in each partition.
fn fill(node: &Node) {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", node.bootstrap())
        .set("linger.ms", "5000")
        .create()
        .expect("the settings are right");
    for round in 0..BATCHES {
        for partition in 0..PARTITIONS {
            for half in ["a", "b"] {
                let text = format!("{round}{half}");
                let record = BaseRecord::<(), str>::to("torn").partition(partition).payload(&text);
                producer.send(record).map_err(|(error, _)| error).expect("the queue is long enough");
            }
        }
        // Sends what is queued as one batch per partition.
        producer.flush(Duration::from_secs(60)).expect("all is acknowledged");
    }
}

/// Damages the last batch from its byte number `from` on; true when that leaves it as it was.
fn tear(node: &Node, partition: i32, last: BatchSpan, from: u64, how: Tear) -> bool {
    let file = File::options().read(true).write(true).open(segment(node, partition));
    let file = file.expect("the segment is there");
    let mut tail = vec![0; usize::try_from(last.length - from).expect("a batch is small")];
    match how {
        Tear::Cut => file.set_len(last.position + from).expect("a file can be cut"),
        Tear::Zeroed => {
            file.read_exact_at(&mut tail, last.position + from).expect("the batch is there");
            let zeros = vec![0; tail.len()];
            file.write_all_at(&zeros, last.position + from).expect("a file can be written");
            return tail == zeros;
        }
    }
    tail.is_empty()
}

fn end_offsets(node: &Node) -> BTreeMap<i32, i64> {
    let offsets =
        java("GetOffsetShell").words(&format!("--bootstrap-server {} --topic torn", node.bootstrap())).run();
    let parse = |line: &str| {
        let mut cells = line.split(':').skip(1);
        Some((cells.next()?.parse().ok()?, cells.next()?.parse().ok()?))
    };
    offsets.lines().filter_map(parse).collect()
}

fn whole_batches_survive(how: Tear) {
    let mut node = Node::start();
    java("TopicCommand")
        .words(&format!(
            "--bootstrap-server {} --create --topic torn --partitions {PARTITIONS}",
            node.bootstrap()
        ))
        .run();
    fill(&node);
    node.kill();

    let mut expected = BTreeMap::new();
    for partition in 0..PARTITIONS {
        let spans = batch_spans(&std::fs::read(segment(&node, partition)).expect("the segment is there"));
        assert_eq!(spans.len(), BATCHES, "partition {partition}: {spans:?}");
        let last = spans[BATCHES - 1];
        assert!(last.length < PARTITIONS as u64, "the last batch has more bytes than there are partitions");
        let from = last.length.min(u64::try_from(partition).expect("partitions are positive"));
        let whole = tear(&node, partition, last, from, how);
        expected.insert(partition, if whole { last.last_offset + 1 } else { last.base_offset });
    }

    node.start_again();
    assert_eq!(end_offsets(&node), expected);
    let left: i64 = expected.values().sum();
    let shown = Client::Kcat.read(&node.bootstrap(), "torn", usize::try_from(left).expect("positive")).run();
    let mut values: BTreeMap<i32, Vec<&str>> = BTreeMap::new();
    for line in shown.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        values.entry(cells[0].parse().expect("a partition")).or_default().push(cells[5]);
    }
    for (partition, end) in expected {
        let all = ["0a", "0b", "1a", "1b", "2a", "2b"];
        assert_eq!(
            values[&partition],
            all[..usize::try_from(end).expect("positive")],
            "partition {partition}"
        );
    }
    // The cut place takes new records.
    kcat(&node.bootstrap()).words("-P -t torn -p 5").input("new\n").run();
    let newest = kcat(&node.bootstrap()).words("-C -t torn -p 5 -o -1 -c 1 -f %o:%s").run();
    assert_eq!(newest, "4:new");
}

#[test]
fn whole_batches_survive_a_cut_at_every_byte() {
    whole_batches_survive(Tear::Cut);
}

#[test]
fn whole_batches_survive_zeros_from_every_byte_on() {
    whole_batches_survive(Tear::Zeroed);
}
