//! DescribeLogDirs: which partitions lie in which directory, and how large they are (KIP-113).

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::ErrorCode;
use wire::messages::describe_log_dirs_request::DescribeLogDirsRequest;
use wire::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
};

use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;
use crate::disks::Disk;
use crate::partitions::Located;

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: DescribeLogDirsRequest<'_>,
) -> DescribeLogDirsResponse<'static> {
    if !ctx.authorise(Operation::Describe, Resource::Cluster) {
        return DescribeLogDirsResponse {
            error_code: ErrorCode::ClusterAuthorizationFailed.code(),
            ..DescribeLogDirsResponse::default()
        };
    }
    let wanted = request.topics.map(|topics| {
        topics.iter().map(|topic| (topic.topic.to_string(), topic.partitions.to_vec())).collect()
    });
    let results = ctx.broker.partitions().disks().iter().map(|disk| describe(ctx, disk, wanted.as_ref()));
    DescribeLogDirsResponse { results: results.collect(), ..DescribeLogDirsResponse::default() }
}

fn describe(
    ctx: &RequestContext<'_>,
    disk: &Arc<Disk>,
    wanted: Option<&BTreeMap<String, Vec<i32>>>,
) -> DescribeLogDirsResult<'static> {
    let log_dir = disk.path().display().to_string().into();
    let space = disk.io().space(disk.path());
    let (Ok(space), false) = (space, disk.has_failed()) else {
        return DescribeLogDirsResult {
            error_code: ErrorCode::KafkaStorageError.code(),
            log_dir,
            ..DescribeLogDirsResult::default()
        };
    };
    let is_wanted = |topic: &str, index: i32| {
        wanted.is_none_or(|wanted| wanted.get(topic).is_some_and(|indexes| indexes.contains(&index)))
    };
    let located = ctx.broker.partitions().located_on(disk, is_wanted);
    DescribeLogDirsResult {
        log_dir,
        topics: by_topic(located).into(),
        total_bytes: i64::try_from(space.total).unwrap_or(i64::MAX),
        usable_bytes: i64::try_from(space.usable).unwrap_or(i64::MAX),
        ..DescribeLogDirsResult::default()
    }
}

fn by_topic(located: Vec<Located>) -> Vec<DescribeLogDirsTopic<'static>> {
    let mut topics: BTreeMap<Arc<str>, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
    for found in located {
        let partition = DescribeLogDirsPartition {
            partition_index: found.index,
            partition_size: i64::try_from(found.size_bytes).unwrap_or(i64::MAX),
            ..DescribeLogDirsPartition::default()
        };
        topics.entry(found.topic).or_default().push(partition);
    }
    let topics = topics.into_iter().map(|(name, partitions)| DescribeLogDirsTopic {
        name: name.to_string().into(),
        partitions: partitions.into(),
    });
    topics.collect()
}
