//! Heartbeat: a member shows that it lives, and learns of rebalances.

use wire::ErrorCode;
use wire::messages::heartbeat_request::HeartbeatRequest;
use wire::messages::heartbeat_response::HeartbeatResponse;

use super::coordination::{group_partition, now};
use crate::authorise::Operation;
use crate::context::RequestContext;

pub(crate) fn handle(context: &RequestContext<'_>, request: HeartbeatRequest<'_>) -> HeartbeatResponse {
    let told = group_partition(context, Operation::Read, &request.group_id)
        .and_then(|partition| context.broker.groups().heartbeat(now(context), partition, &request));
    let error = match told {
        // The group is still being read: the member is given the benefit of the doubt.
        Err(ErrorCode::CoordinatorLoadInProgress) => ErrorCode::None,
        Ok(error) | Err(error) => error,
    };
    HeartbeatResponse { error_code: error.code(), ..HeartbeatResponse::default() }
}
