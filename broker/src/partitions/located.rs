//! Which partitions lie in a log directory, without opening any.

use std::sync::Arc;

use log_store::directory::TopicPartition;

use super::PartitionManager;
use crate::disks::Disk;

/// A partition and its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    /// Topic.
    pub(crate) topic: Arc<str>,
    /// Index in the topic.
    pub(crate) index: i32,
    /// Bytes of all batches.
    pub(crate) size_bytes: u64,
}

impl PartitionManager {
    /// The partitions of this broker that lie in `disk`, or will when they are used.
    pub(crate) fn located_on(&self, disk: &Arc<Disk>, is_wanted: impl Fn(&str, i32) -> bool) -> Vec<Located> {
        let image = self.image.load_full();
        let mut located = Vec::new();
        for topic in image.topics().iter() {
            for (index, state) in topic.partitions() {
                if !state.replicas().contains(&self.node_id) || !is_wanted(topic.name(), index) {
                    continue;
                }
                let place = TopicPartition { topic: topic.name().to_string(), partition: index };
                let size_bytes = match self.if_open(topic.id(), index) {
                    Some(partition) if !Arc::ptr_eq(partition.disk(), disk) => continue,
                    Some(partition) => partition.size_bytes(),
                    None if self.disk_of(&place, state).is_none_or(|of| !Arc::ptr_eq(&of, disk)) => continue,
                    None => size_of_files(disk, &place),
                };
                located.push(Located { topic: Arc::clone(topic.name()), index, size_bytes });
            }
        }
        located
    }
}

/// Bytes of the segments of a partition that is not open.
fn size_of_files(disk: &Disk, place: &TopicPartition) -> u64 {
    let path = disk.partition_path(place);
    let entries = disk.io().list_dir(&path).unwrap_or_default();
    let segments = entries.iter().filter(|entry| entry.name.ends_with(".log"));
    segments.map(|entry| disk.io().len(&path.join(&entry.name)).unwrap_or(0)).sum()
}
