//! What a million partitions cost. Alone in its process, so that nothing else moves the figure.

use kraftlog_metadata::delta::MetadataDelta;
use kraftlog_metadata::image::{MetadataImage, Provenance};
use wire::Uuid;
use wire::metadata_records::partition_record::PartitionRecord;
use wire::metadata_records::topic_record::TopicRecord;

/// Bytes of image per partition with three replicas, that 2,000,000 of them may fit a small machine.
const BUDGET: u64 = 150;

const TOPICS: u64 = 20_000;
const PARTITIONS: i32 = 50;

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") * 1024
}

fn image() -> MetadataImage {
    let mut image = MetadataImage::default();
    for number in 0..TOPICS {
        let mut delta = MetadataDelta::new(&image);
        let topic_id =
            Uuid((u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_9e37_79b9_7f4a_7c15)).to_be_bytes());
        let name = format!("topic-{number}").into();
        delta.replay(&TopicRecord { name, topic_id }.into()).expect("new topic");
        for partition_id in 0..PARTITIONS {
            let first = (number as i32 + partition_id) % 100;
            let replicas = [first, (first + 1) % 100, (first + 2) % 100];
            let record = PartitionRecord {
                partition_id,
                topic_id,
                replicas: replicas.to_vec().into(),
                isr: replicas.to_vec().into(),
                leader: first,
                leader_epoch: 0,
                partition_epoch: 0,
                directories: replicas.iter().map(|id| Uuid([*id as u8 + 1; 16])).collect(),
                ..PartitionRecord::default()
            };
            delta.replay(&record.into()).expect("fits");
        }
        image = delta.finish(Provenance::EMPTY);
    }
    image
}

#[test]
fn a_partition_with_three_replicas_fits_its_budget() {
    let before = resident_bytes();
    let image = image();
    let partitions = TOPICS * PARTITIONS as u64;
    let bytes = (resident_bytes() - before) / partitions;
    println!("{bytes} bytes per partition, {partitions} partitions in {} topics", image.topics().len());
    assert!(bytes <= BUDGET, "{bytes} bytes per partition");
}
