//! JoinGroup: a member asks into a group, and is answered when the join phase is over.

use wire::messages::join_group_request::JoinGroupRequest;
use wire::messages::join_group_response::JoinGroupResponse;

use super::coordination::{answer, group_partition, now};
use crate::authorise::Operation;
use crate::context::RequestContext;
use crate::group::Joiner;

pub(crate) fn handle(
    context: &RequestContext<'_>,
    request: JoinGroupRequest<'_>,
) -> impl Future<Output = JoinGroupResponse<'static>> + Send + use<> {
    let member = request.member_id.to_string();
    let waiting = group_partition(context, Operation::Read, &request.group_id).and_then(|partition| {
        let joiner = Joiner::new(&request, context.api_version, context.client_id, context.client_address);
        context.broker.groups().join(now(context), partition, joiner)
    });
    answer(waiting, |error| JoinGroupResponse {
        error_code: error.code(),
        generation_id: -1,
        member_id: member.into(),
        ..JoinGroupResponse::default()
    })
}
