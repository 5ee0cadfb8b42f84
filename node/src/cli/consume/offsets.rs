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
            Self::Earliest => -2,
            Self::Latest => -1,
        }
    }
}

/// Offsets of one end of each partition, asked of its leader.
pub(super) fn list(
    cluster: &mut Cluster,
    topic: &TopicView,
    partitions: &[i32],
    begin: Begin,
) -> Result<BTreeMap<i32, i64>, Failure> {
    let mut offsets = BTreeMap::new();
    for &partition in partitions {
        let asked = ListOffsetsPartition {
            partition_index: partition,
            timestamp: begin.timestamp(),
            ..ListOffsetsPartition::default()
        };
        let asked = ListOffsetsTopic { name: topic.name.clone().into(), partitions: vec![asked].into() };
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![asked].into(),
            ..ListOffsetsRequest::default()
        };
        let offset = cluster.retry(|cluster| {
            let leader = leader_of(cluster, &topic.name, partition)?;
            let reply = cluster.ask(leader, &request)?;
            let mut offset = 0;
            for topic in reply.get()?.topics.iter() {
                for answer in topic.partitions.iter() {
                    broker_error(answer.error_code, None)?;
                    offset = answer.offset;
                }
            }
            Ok(offset)
        })?;
        offsets.insert(partition, offset.max(0));
    }
    Ok(offsets)
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
