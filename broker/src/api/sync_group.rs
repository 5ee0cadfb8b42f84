//! SyncGroup: a member asks for its part of the assignment, which the leader brings along.

use wire::messages::sync_group_request::SyncGroupRequest;
use wire::messages::sync_group_response::SyncGroupResponse;

use super::coordination::{answer, group_partition, now};
use crate::authorise::Operation;
use crate::context::RequestContext;

pub(crate) fn handle(
    context: &RequestContext<'_>,
    request: SyncGroupRequest<'_>,
) -> impl Future<Output = SyncGroupResponse<'static>> + Send + use<> {
    let waiting = group_partition(context, Operation::Read, &request.group_id)
        .and_then(|partition| context.broker.groups().sync(now(context), partition, &request));
    answer(waiting, |error| SyncGroupResponse { error_code: error.code(), ..SyncGroupResponse::default() })
}
