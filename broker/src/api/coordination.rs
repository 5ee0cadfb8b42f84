//! What all requests to the group coordinator begin with.

use tokio::sync::oneshot;
use wire::ErrorCode;

use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;
use crate::group::{Now, partition_for};
use crate::time::monotonic_ms;
use crate::topic_names::CONSUMER_OFFSETS;

/// The partition of `__consumer_offsets` that keeps `group`, for a client that may do `operation` to it.
///
/// # Errors
/// `GroupAuthorizationFailed`; `InvalidGroupId` for an empty id; `NotCoordinator` while the topic is not there.
pub(super) fn group_partition(
    context: &RequestContext<'_>,
    operation: Operation,
    group: &str,
) -> Result<i32, ErrorCode> {
    if !context.authorise(operation, Resource::Group(group)) {
        return Err(ErrorCode::GroupAuthorizationFailed);
    }
    if group.is_empty() {
        return Err(ErrorCode::InvalidGroupId);
    }
    offsets_partition(context, group).ok_or(ErrorCode::NotCoordinator)
}

/// The partition of `__consumer_offsets` that keeps `group`, of as many as the topic really has.
pub(super) fn offsets_partition(context: &RequestContext<'_>, group: &str) -> Option<i32> {
    let image = context.broker.image();
    let topic = image.topics().by_name(CONSUMER_OFFSETS)?;
    Some(partition_for(group, topic.partition_count()))
}

/// The moment of a request on both clocks.
pub(super) fn now(context: &RequestContext<'_>) -> Now {
    Now { monotonic_ms: monotonic_ms(), wall_ms: context.now_ms }
}

/// Waits for the coordinator's answer; `refused` makes the one for an error, also when it has been shut down.
pub(super) async fn answer<T>(
    waiting: Result<oneshot::Receiver<T>, ErrorCode>,
    refused: impl FnOnce(ErrorCode) -> T,
) -> T {
    match waiting {
        Ok(receiver) => match receiver.await {
            Ok(response) => response,
            Err(_) => refused(ErrorCode::NotCoordinator),
        },
        Err(error) => refused(error),
    }
}
