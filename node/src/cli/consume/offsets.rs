//! Where to begin and where the end is.

use std::collections::BTreeMap;

use wire::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};

use super::Failure;
use crate::client::{ClientError, Cluster, TopicView, broker_error};

/// Which end of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// The oldest record that is kept.
    Earliest,
    /// The next record.
    Latest,
}

impl Begin {
    /// The time that asks for it.
    fn timestamp(self) -> i64 {
        match self {
            Self::Earliest => EARLIEST,
            Self::Latest => LATEST,
        }
    }
}

/// The time that asks for the oldest record that is kept.
pub(in crate::cli) const EARLIEST: i64 = -2;
/// The time that asks for the end.
pub(in crate::cli) const LATEST: i64 = -1;

/// Offsets of one end of each partition, asked of its leader.
pub(super) fn list(
    cluster: &mut Cluster,
    topic: &TopicView,
    partitions: &[i32],
    begin: Begin,
) -> Result<BTreeMap<i32, i64>, Failure> {
    let mut offsets = BTreeMap::new();
    for &partition in partitions {
        let offset = find_offset(cluster, &topic.name, partition, begin.timestamp())?;
        offsets.insert(partition, offset.max(0));
    }
    Ok(offsets)
}

/// The offset of the first record of a time, ms, or of [`EARLIEST`] or [`LATEST`]; -1 if there is none.
pub(in crate::cli) fn find_offset(
    cluster: &mut Cluster,
    topic: &str,
    partition: i32,
    timestamp: i64,
) -> Result<i64, ClientError> {
    let asked =
        ListOffsetsPartition { partition_index: partition, timestamp, ..ListOffsetsPartition::default() };
    let asked = ListOffsetsTopic { name: topic.to_owned().into(), partitions: vec![asked].into() };
    let request =
        ListOffsetsRequest { replica_id: -1, topics: vec![asked].into(), ..ListOffsetsRequest::default() };
    cluster.retry(|cluster| {
        let leader = leader_of(cluster, topic, partition)?;
        let reply = cluster.ask(leader, &request)?;
        let mut offset = -1;
        for topic in reply.get()?.topics.iter() {
            for answer in topic.partitions.iter() {
                broker_error(answer.error_code, None)?;
                offset = answer.offset;
            }
        }
        Ok(offset)
    })
}

/// The broker that leads a partition now.
pub(super) fn leader_of(cluster: &mut Cluster, topic: &str, partition: i32) -> Result<i32, ClientError> {
    let topics = cluster.describe(Some(&[topic]), false)?;
    let partitions = topics.first().map(|topic| topic.partitions.as_slice()).unwrap_or_default();
    let leader = partitions.iter().find(|known| known.index == partition).map_or(-1, |known| known.leader);
    if leader < 0 {
        broker_error(wire::ErrorCode::LeaderNotAvailable.code(), None)?;
    }
    Ok(leader)
}
