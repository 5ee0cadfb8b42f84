//! Indexes that are lost, cut or full of nonsense: they are rebuilt, and every record is found.

use std::fs;
use std::path::Path;
use std::time::Duration;

use kraftlog_interop::{Client, Node, Server, files_ending_with, java, kcat};
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

const RECORDS: usize = 20_000;
/// The timestamp of the first record; the n-th is n ms later.
const FIRST_MS: i64 = 1_700_000_000_000;

type Damage = fn(&Path);

/// What can happen to an index file, from most to least visible.
const DAMAGES: [(&str, Damage); 6] = [
    ("removed", |path| fs::remove_file(path).expect("it is there")),
    ("emptied", |path| overwrite(path, |_| Vec::new())),
    ("cut inside an entry", |path| overwrite(path, |bytes| bytes[..bytes.len().saturating_sub(3)].to_vec())),
    ("zeroed", |path| overwrite(path, |bytes| vec![0; bytes.len()])),
    ("full of ones", |path| overwrite(path, |bytes| vec![0xff; bytes.len()])),
    ("turned around", |path| overwrite(path, |bytes| bytes.iter().rev().copied().collect())),
];

fn overwrite(path: &Path, change: impl FnOnce(&[u8]) -> Vec<u8>) {
    let bytes = fs::read(path).expect("an index can be read");
    fs::write(path, change(&bytes)).expect("an index can be written");
}

fn fill(node: &Node) {
    java("TopicCommand")
        .words(&format!("--bootstrap-server {} --create --topic shelf --partitions 1", node.bootstrap()))
        .words("--config segment.bytes=1048576 --config index.interval.bytes=1024 --config retention.ms=-1")
        .run();
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", node.bootstrap())
        // Many small batches, so that the indexes have many entries.
        .set("batch.num.messages", "5")
        .create()
        .expect("the settings are right");
    let filling = "filling ".repeat(20);
    for number in 0..RECORDS {
        let key = number.to_string();
        let time = FIRST_MS + i64::try_from(number).expect("few records");
        let record = BaseRecord::to("shelf").partition(0).key(&key).payload(&filling).timestamp(time);
        producer.send(record).map_err(|(error, _)| error).expect("the queue is long enough");
    }
    producer.flush(Duration::from_secs(60)).expect("all is acknowledged");
}

/// Every record by reading on, and some by their offset and by their time.
fn assert_all_is_found(node: &Node, damage: &str) {
    let read = Client::Kcat.read(&node.bootstrap(), "shelf", RECORDS).run();
    let keys = read.lines().filter_map(|line| line.split('\t').nth(2)?.parse::<usize>().ok());
    assert!(keys.eq(0..RECORDS), "{damage}: a record is lost or out of order");
    for number in [1, RECORDS / 3, RECORDS / 2, RECORDS - 1] {
        let at = kcat(&node.bootstrap()).words(&format!("-C -t shelf -p 0 -o {number} -c 1 -f %o:%k")).run();
        assert_eq!(at, format!("{number}:{number}"), "{damage}");
        let time = FIRST_MS + i64::try_from(number).expect("few records");
        let query = kcat(&node.bootstrap()).words(&format!("-Q -t shelf:0:{time}")).run();
        assert_eq!(query.trim(), format!("shelf [0] offset {number}"), "{damage}");
    }
}

fn every_damage_is_made_good(suffix: &str, kills: bool) {
    let mut node = Node::of(Server::Kraftlog).start();
    fill(&node);
    for (name, damage) in DAMAGES {
        match kills {
            true => node.kill(),
            false => node.stop(),
        }
        let indexes = files_ending_with(&node.partition_dir("shelf", 0), suffix);
        assert!(indexes.len() > 2, "{indexes:?}");
        indexes.iter().for_each(|path| damage(path));
        node.start_again();
        assert_all_is_found(&node, &format!("{suffix} {name}"));
    }
    node.stop();
    for index in files_ending_with(&node.partition_dir("shelf", 0), suffix) {
        let shown = java("DumpLogSegments").words("--verify-index-only --files").arg(&index).run();
        assert!(
            !shown.contains("ismatch") && !shown.contains("ound timestamp"),
            "{}: {shown}",
            index.display()
        );
    }
}

#[test]
fn offset_indexes_after_clean_stops() {
    every_damage_is_made_good(".index", false);
}

#[test]
fn time_indexes_after_clean_stops() {
    every_damage_is_made_good(".timeindex", false);
}

#[test]
fn all_indexes_after_kills() {
    every_damage_is_made_good("index", true);
}
