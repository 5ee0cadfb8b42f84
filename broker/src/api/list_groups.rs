//! ListGroups: the groups that this broker coordinates.

use wire::Array;
use wire::messages::list_groups_request::ListGroupsRequest;
use wire::messages::list_groups_response::{ListGroupsResponse, ListedGroup};

use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;
use crate::group::GroupFilter;

pub(crate) fn handle(
    context: &RequestContext<'_>,
    request: ListGroupsRequest<'_>,
) -> ListGroupsResponse<'static> {
    let filter =
        GroupFilter { states: lower_case(&request.states_filter), types: lower_case(&request.types_filter) };
    let groups = match context.broker.groups().list(&filter) {
        Ok(groups) => groups,
        Err(error) => {
            return ListGroupsResponse { error_code: error.code(), ..ListGroupsResponse::default() };
        }
    };
    // Who may describe the cluster sees every group.
    let sees_all = context.authorise(Operation::Describe, Resource::Cluster);
    let is_visible = |group: &ListedGroup<'_>| {
        sees_all || context.authorise(Operation::Describe, Resource::Group(&group.group_id))
    };
    let visible: Vec<_> = groups.into_iter().filter(is_visible).collect();
    ListGroupsResponse { groups: visible.into(), ..ListGroupsResponse::default() }
}

fn lower_case<'a>(names: &Array<'a, std::borrow::Cow<'a, str>>) -> Vec<String> {
    names.iter().map(|name| name.trim().to_lowercase()).collect()
}
