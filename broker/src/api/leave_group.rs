//! LeaveGroup: members go, or are sent away.

use wire::messages::leave_group_request::{LeaveGroupRequest, MemberIdentity};
use wire::messages::leave_group_response::LeaveGroupResponse;

use super::coordination::{answer, group_partition, now};
use crate::authorise::Operation;
use crate::context::RequestContext;

/// From this version a request names several members.
const MEMBERS_VERSION: i16 = 3;

pub(crate) fn handle(
    context: &RequestContext<'_>,
    request: LeaveGroupRequest<'_>,
) -> impl Future<Output = LeaveGroupResponse<'static>> + Send + use<> {
    let names_one = context.api_version < MEMBERS_VERSION;
    let members = match names_one {
        true => vec![MemberIdentity { member_id: request.member_id, ..MemberIdentity::default() }],
        false => request.members.to_vec(),
    };
    let waiting = group_partition(context, Operation::Read, &request.group_id).and_then(|partition| {
        context.broker.groups().leave(now(context), partition, &request.group_id, &members)
    });
    async move {
        let refused =
            |error: wire::ErrorCode| LeaveGroupResponse { error_code: error.code(), ..Default::default() };
        let response = answer(waiting, refused).await;
        if names_one { about_one_member(response) } else { response }
    }
}

/// An old client looks for its member's error where the request's error stands.
fn about_one_member(response: LeaveGroupResponse<'static>) -> LeaveGroupResponse<'static> {
    let error_code = match response.members.iter().next() {
        Some(member) if response.error_code == 0 => member.error_code,
        _ => response.error_code,
    };
    LeaveGroupResponse { error_code, ..LeaveGroupResponse::default() }
}
