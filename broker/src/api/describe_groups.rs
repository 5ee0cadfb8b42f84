//! DescribeGroups: groups with their members.

use wire::ErrorCode;
use wire::messages::describe_groups_request::DescribeGroupsRequest;
use wire::messages::describe_groups_response::{DescribeGroupsResponse, DescribedGroup};

use super::coordination::{group_partition, now};
use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;

/// What stands for authorised operations that nobody asked for.
const NOT_ASKED: i32 = i32::MIN;

pub(crate) fn handle(
    context: &RequestContext<'_>,
    request: DescribeGroupsRequest<'_>,
) -> DescribeGroupsResponse<'static> {
    let describe = |id: &str| {
        let partition = group_partition(context, Operation::Describe, id)?;
        context.broker.groups().describe(now(context), partition, id, context.api_version)
    };
    let answer = |id: std::borrow::Cow<'_, str>| {
        let mut group = describe(&id).unwrap_or_else(|error| refused(&id, error));
        let is_asked = request.include_authorized_operations && group.error_code == ErrorCode::None.code();
        group.authorized_operations =
            if is_asked { context.authorised_operations(Resource::Group(&id)) } else { NOT_ASKED };
        group
    };
    let groups: Vec<_> = request.groups.iter().map(answer).collect();
    DescribeGroupsResponse { groups: groups.into(), ..DescribeGroupsResponse::default() }
}

fn refused(id: &str, error: ErrorCode) -> DescribedGroup<'static> {
    DescribedGroup { group_id: id.to_owned().into(), error_code: error.code(), ..DescribedGroup::default() }
}
