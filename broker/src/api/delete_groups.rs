//! DeleteGroups: empty groups and their offsets go.

use std::collections::{BTreeMap, BTreeSet};

use wire::ErrorCode;
use wire::messages::delete_groups_request::DeleteGroupsRequest;
use wire::messages::delete_groups_response::{DeletableGroupResult, DeleteGroupsResponse};

use super::coordination::{answer, group_partition, now};
use crate::authorise::Operation;
use crate::context::RequestContext;

pub(crate) fn handle(
    context: &RequestContext<'_>,
    request: DeleteGroupsRequest<'_>,
) -> impl Future<Output = DeleteGroupsResponse<'static>> + Send + use<> {
    let mut results = Vec::new();
    let mut by_partition: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    // A group that is named twice is deleted and answered once, as Kafka does.
    let named: BTreeSet<_> = request.groups_names.iter().collect();
    for group in named {
        match group_partition(context, Operation::Delete, &group) {
            Ok(partition) => by_partition.entry(partition).or_default().push(group.into_owned()),
            Err(error) => results.push(refused(group.into_owned(), error)),
        }
    }
    let delete = |(partition, groups): (i32, Vec<String>)| {
        (context.broker.groups().delete_groups(now(context), partition, &groups), groups)
    };
    let waiting: Vec<_> = by_partition.into_iter().map(delete).collect();
    async move {
        for (receiver, groups) in waiting {
            let refuse = |error| groups.into_iter().map(|group| refused(group, error)).collect();
            results.extend(answer(receiver, refuse).await);
        }
        DeleteGroupsResponse { results: results.into(), ..DeleteGroupsResponse::default() }
    }
}

fn refused(group: String, error: ErrorCode) -> DeletableGroupResult<'static> {
    DeletableGroupResult { group_id: group.into(), error_code: error.code() }
}
