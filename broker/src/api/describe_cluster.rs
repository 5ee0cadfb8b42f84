//! DescribeCluster: the brokers, or on a controller's listener the controllers (KIP-919).

use wire::ErrorCode;
use wire::messages::describe_cluster_request::DescribeClusterRequest;
use wire::messages::describe_cluster_response::{DescribeClusterBroker, DescribeClusterResponse};

use crate::authorise::{Operation, Resource};
use crate::cluster_view::ClusterView;
use crate::context::RequestContext;
use crate::net::ListenerKind;

/// Kafka's code for the kind of node that a client believes it talks to.
const ENDPOINT_BROKER: i8 = 1;
/// See [`ENDPOINT_BROKER`].
const ENDPOINT_CONTROLLER: i8 = 2;

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: DescribeClusterRequest,
) -> DescribeClusterResponse<'static> {
    let (ours, name, other) = match ctx.listener.kind {
        ListenerKind::Broker => (ENDPOINT_BROKER, "BROKER", "CONTROLLER"),
        ListenerKind::Controller => (ENDPOINT_CONTROLLER, "CONTROLLER", "BROKER"),
    };
    let asked = request.endpoint_type;
    if asked != ENDPOINT_BROKER && asked != ENDPOINT_CONTROLLER {
        let message = format!("Unsupported endpoint type {asked}");
        return refused(ctx, ErrorCode::UnsupportedEndpointType, message);
    }
    if asked != ours {
        let message = format!(
            "The request was sent to an endpoint of type {name}, but we wanted an endpoint of type {other}"
        );
        return refused(ctx, ErrorCode::MismatchedEndpointType, message);
    }
    let (brokers, controller_id) = match ctx.listener.kind {
        ListenerKind::Broker => brokers(ctx, request.include_fenced_brokers),
        ListenerKind::Controller => controllers(ctx),
    };
    let is_listed = brokers.iter().any(|node| node.broker_id == controller_id);
    DescribeClusterResponse {
        endpoint_type: ours,
        cluster_id: ctx.broker.config().cluster_id.clone().into(),
        controller_id: if is_listed { controller_id } else { -1 },
        brokers: brokers.into(),
        cluster_authorized_operations: operations(ctx, request.include_cluster_authorized_operations),
        ..DescribeClusterResponse::default()
    }
}

fn operations(ctx: &RequestContext<'_>, wanted: bool) -> i32 {
    match (wanted, ctx.authorise(Operation::Describe, Resource::Cluster)) {
        (false, _) => i32::MIN,
        (true, false) => 0,
        (true, true) => ctx.authorised_operations(Resource::Cluster),
    }
}

fn brokers(ctx: &RequestContext<'_>, with_fenced: bool) -> (Vec<DescribeClusterBroker<'static>>, i32) {
    let image = ctx.broker.image();
    let view = ClusterView::new(image.cluster(), &ctx.listener.name);
    let shown = view.brokers().filter(|(broker, _)| with_fenced || !broker.fenced);
    let nodes = shown.map(|(broker, listener)| DescribeClusterBroker {
        broker_id: broker.id,
        host: listener.host.clone().into(),
        port: i32::from(listener.port),
        rack: broker.rack.clone().map(Into::into),
        is_fenced: broker.fenced,
    });
    (nodes.collect(), view.some_alive_broker())
}

fn controllers(ctx: &RequestContext<'_>) -> (Vec<DescribeClusterBroker<'static>>, i32) {
    let image = ctx.broker.image();
    let nodes = image.cluster().controllers().filter_map(|controller| {
        let listener = controller.listeners.iter().find(|listener| listener.name == ctx.listener.name)?;
        Some(DescribeClusterBroker {
            broker_id: controller.id,
            host: listener.host.clone().into(),
            port: i32::from(listener.port),
            ..DescribeClusterBroker::default()
        })
    });
    (nodes.collect(), ctx.broker.controller().active_controller())
}

/// Version 0 has no code for a wrong kind of endpoint.
fn refused(ctx: &RequestContext<'_>, error: ErrorCode, message: String) -> DescribeClusterResponse<'static> {
    let error = if ctx.api_version == 0 { ErrorCode::InvalidRequest } else { error };
    DescribeClusterResponse {
        error_code: error.code(),
        error_message: Some(message.into()),
        ..DescribeClusterResponse::default()
    }
}
