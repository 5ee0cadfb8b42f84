//! FindCoordinator: which broker leads the partition that keeps a group.

use wire::ErrorCode;
use wire::messages::find_coordinator_request::FindCoordinatorRequest;
use wire::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};

use super::coordination::offsets_partition;
use crate::authorise::{Operation, Resource};
use crate::auto_create;
use crate::cluster_view::ClusterView;
use crate::context::RequestContext;
use crate::topic_names::CONSUMER_OFFSETS;

/// `FindCoordinatorRequest.CoordinatorType`: groups. Those of transactions and shares are not served.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const NO_TRANSACTIONS: &str = "This broker does not offer transactions.";
/// From this version a request asks for several coordinators.
const BATCH_VERSION: i16 = 4;

pub(crate) fn handle(
    context: &RequestContext<'_>,
    request: FindCoordinatorRequest<'_>,
) -> FindCoordinatorResponse<'static> {
    if context.api_version >= BATCH_VERSION {
        let find = |key: std::borrow::Cow<'_, str>| find(context, request.key_type, &key);
        let coordinators: Vec<_> = request.coordinator_keys.iter().map(find).collect();
        return FindCoordinatorResponse { coordinators: coordinators.into(), ..Default::default() };
    }
    let found = find(context, request.key_type, &request.key);
    FindCoordinatorResponse {
        error_code: found.error_code,
        error_message: found.error_message,
        node_id: found.node_id,
        host: found.host,
        port: found.port,
        ..FindCoordinatorResponse::default()
    }
}

fn find(context: &RequestContext<'_>, kind: i8, key: &str) -> Coordinator<'static> {
    let nowhere = Coordinator { key: key.to_owned().into(), node_id: -1, port: -1, ..Coordinator::default() };
    match node(context, kind, key) {
        Ok((node_id, host, port)) => Coordinator { node_id, host: host.into(), port, ..nowhere },
        Err(error) => {
            let message = if kind == TRANSACTION { NO_TRANSACTIONS } else { error.message() };
            Coordinator { error_code: error.code(), error_message: Some(message.into()), ..nowhere }
        }
    }
}

/// Id, host and port of the coordinator.
fn node(context: &RequestContext<'_>, kind: i8, key: &str) -> Result<(i32, String, i32), ErrorCode> {
    if kind != GROUP {
        return Err(ErrorCode::InvalidRequest);
    }
    if !context.authorise(Operation::Describe, Resource::Group(key)) {
        return Err(ErrorCode::GroupAuthorizationFailed);
    }
    let Some(index) = offsets_partition(context, key) else {
        auto_create::start(context, &[CONSUMER_OFFSETS]);
        return Err(ErrorCode::CoordinatorNotAvailable);
    };
    let image = context.broker.image();
    let leader = image.topics().by_name(CONSUMER_OFFSETS).and_then(|topic| topic.partition(index));
    let leader = leader.map_or(-1, metadata::image::Partition::leader);
    let (broker, listener) = ClusterView::new(image.cluster(), &context.listener.name)
        .alive_broker(leader)
        .ok_or(ErrorCode::CoordinatorNotAvailable)?;
    Ok((broker.id, listener.host.to_string(), i32::from(listener.port)))
}
