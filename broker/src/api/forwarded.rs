//! Requests that the active controller answers. The broker passes them on and changes nothing:
//! the controller asks the authoriser in the client's name.

use wire::messages::create_partitions_request::CreatePartitionsRequest;
use wire::messages::create_partitions_response::CreatePartitionsResponse;
use wire::messages::create_topics_request::CreateTopicsRequest;
use wire::messages::create_topics_response::CreateTopicsResponse;
use wire::messages::delete_topics_request::DeleteTopicsRequest;
use wire::messages::delete_topics_response::DeleteTopicsResponse;
use wire::messages::describe_quorum_request::DescribeQuorumRequest;
use wire::messages::describe_quorum_response::DescribeQuorumResponse;
use wire::messages::elect_leaders_request::ElectLeadersRequest;
use wire::messages::elect_leaders_response::ElectLeadersResponse;
use wire::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use wire::messages::list_partition_reassignments_response::ListPartitionReassignmentsResponse;
use wire::messages::unregister_broker_request::UnregisterBrokerRequest;
use wire::messages::unregister_broker_response::UnregisterBrokerResponse;
use wire::messages::update_features_request::UpdateFeaturesRequest;
use wire::messages::update_features_response::UpdateFeaturesResponse;

use crate::context::RequestContext;
use crate::controller::Answer;

/// How long a request without a time limit of its own may take (`request.timeout.ms`).
const TIMEOUT_MS: i32 = 30_000;

pub(crate) fn create_topics(
    ctx: &RequestContext<'_>,
    request: CreateTopicsRequest<'_>,
) -> Answer<CreateTopicsResponse<'static>> {
    let caller = ctx.caller(request.timeout_ms);
    ctx.broker.controller().create_topics(caller, request.into_owned())
}

pub(crate) fn delete_topics(
    ctx: &RequestContext<'_>,
    request: DeleteTopicsRequest<'_>,
) -> Answer<DeleteTopicsResponse<'static>> {
    let caller = ctx.caller(request.timeout_ms);
    ctx.broker.controller().delete_topics(caller, request.into_owned())
}

pub(crate) fn create_partitions(
    ctx: &RequestContext<'_>,
    request: CreatePartitionsRequest<'_>,
) -> Answer<CreatePartitionsResponse<'static>> {
    let caller = ctx.caller(request.timeout_ms);
    ctx.broker.controller().create_partitions(caller, request.into_owned())
}

pub(crate) fn elect_leaders(
    ctx: &RequestContext<'_>,
    request: ElectLeadersRequest<'_>,
) -> Answer<ElectLeadersResponse<'static>> {
    let caller = ctx.caller(request.timeout_ms);
    ctx.broker.controller().elect_leaders(caller, request.into_owned())
}

pub(crate) fn list_partition_reassignments(
    ctx: &RequestContext<'_>,
    request: ListPartitionReassignmentsRequest<'_>,
) -> Answer<ListPartitionReassignmentsResponse<'static>> {
    let caller = ctx.caller(request.timeout_ms);
    ctx.broker.controller().list_partition_reassignments(caller, request.into_owned())
}

pub(crate) fn update_features(
    ctx: &RequestContext<'_>,
    request: UpdateFeaturesRequest<'_>,
) -> Answer<UpdateFeaturesResponse<'static>> {
    let caller = ctx.caller(request.timeout_ms);
    ctx.broker.controller().update_features(caller, request.into_owned())
}

pub(crate) fn unregister_broker(
    ctx: &RequestContext<'_>,
    request: UnregisterBrokerRequest,
) -> Answer<UnregisterBrokerResponse<'static>> {
    ctx.broker.controller().unregister_broker(ctx.caller(TIMEOUT_MS), request)
}

pub(crate) fn describe_quorum(
    ctx: &RequestContext<'_>,
    request: DescribeQuorumRequest<'_>,
) -> Answer<DescribeQuorumResponse<'static>> {
    ctx.broker.controller().describe_quorum(ctx.caller(TIMEOUT_MS), request.into_owned())
}
