//! How the rest of the node asks the controller.

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;
use wire::ErrorCode;
use wire::messages::allocate_producer_ids_request::AllocateProducerIdsRequest;
use wire::messages::allocate_producer_ids_response::AllocateProducerIdsResponse;
use wire::messages::alter_configs_request::AlterConfigsRequest;
use wire::messages::alter_configs_response::AlterConfigsResponse;
use wire::messages::alter_partition_request::AlterPartitionRequest;
use wire::messages::alter_partition_response::AlterPartitionResponse;
use wire::messages::assign_replicas_to_dirs_request::AssignReplicasToDirsRequest;
use wire::messages::assign_replicas_to_dirs_response::AssignReplicasToDirsResponse;
use wire::messages::broker_heartbeat_request::BrokerHeartbeatRequest;
use wire::messages::broker_heartbeat_response::BrokerHeartbeatResponse;
use wire::messages::broker_registration_request::BrokerRegistrationRequest;
use wire::messages::broker_registration_response::BrokerRegistrationResponse;
use wire::messages::controller_registration_request::ControllerRegistrationRequest;
use wire::messages::controller_registration_response::ControllerRegistrationResponse;
use wire::messages::create_partitions_request::CreatePartitionsRequest;
use wire::messages::create_partitions_response::CreatePartitionsResponse;
use wire::messages::create_topics_request::CreateTopicsRequest;
use wire::messages::create_topics_response::CreateTopicsResponse;
use wire::messages::delete_topics_request::DeleteTopicsRequest;
use wire::messages::delete_topics_response::DeleteTopicsResponse;
use wire::messages::elect_leaders_request::ElectLeadersRequest;
use wire::messages::elect_leaders_response::ElectLeadersResponse;
use wire::messages::incremental_alter_configs_request::IncrementalAlterConfigsRequest;
use wire::messages::incremental_alter_configs_response::IncrementalAlterConfigsResponse;
use wire::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use wire::messages::list_partition_reassignments_response::ListPartitionReassignmentsResponse;
use wire::messages::unregister_broker_request::UnregisterBrokerRequest;
use wire::messages::unregister_broker_response::UnregisterBrokerResponse;
use wire::messages::update_features_request::UpdateFeaturesRequest;
use wire::messages::update_features_response::UpdateFeaturesResponse;

use super::events::Call;
use crate::controller::api::for_each_request;
use crate::controller::{ApiError, ControllerContext, ControllerRequest, ControllerResponse};
use crate::limits::QUEUED_EVENTS;

/// A way to ask this node's controller. If another node's is active, the answer is NOT_CONTROLLER.
///
/// Dropping the future of a request does not undo what was asked.
#[derive(Debug, Clone)]
pub struct ControllerHandle {
    queue: Sender<Call>,
}

impl ControllerHandle {
    /// A handle and the queue behind it.
    pub fn channel() -> (Self, Receiver<Call>) {
        let (queue, calls) = bounded(QUEUED_EVENTS);
        (Self { queue }, calls)
    }

    pub(crate) async fn call(
        &self,
        context: ControllerContext,
        request: ControllerRequest,
    ) -> Result<ControllerResponse, ApiError> {
        let timeout = std::time::Duration::from_millis(context.timeout_ms);
        let (reply, answer) = oneshot::channel();
        match self.queue.try_send(Call { context, request, reply }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                let message = "The controller has too many requests waiting.";
                return Err(ApiError::new(ErrorCode::RequestTimedOut, message));
            }
            Err(TrySendError::Disconnected(_)) => return Err(stopped()),
        }
        match tokio::time::timeout(timeout, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(stopped()),
            Err(_) => Err(ApiError::of(ErrorCode::RequestTimedOut)),
        }
    }
}

/// The controller of a node that stops is nobody's controller any more.
fn stopped() -> ApiError {
    ApiError::new(ErrorCode::NotController, "The controller has been stopped.")
}

/// One asynchronous method per request, on top of [`ControllerHandle::call`].
macro_rules! define_methods {
    ($($(#[$doc:meta])* $method:ident $variant:ident($request:ty) -> $response:ty;)*) => {
        impl ControllerHandle {
            $(
                $(#[$doc])*
                ///
                /// Returns when the change is committed and published on this node.
                ///
                /// # Errors
                /// Why the request as a whole is refused: NOT_CONTROLLER, REQUEST_TIMED_OUT, or what the api says.
                pub async fn $method(
                    &self,
                    context: ControllerContext,
                    request: $request,
                ) -> Result<$response, ApiError> {
                    let response = self.call(context, request.into()).await?;
                    Ok(response.try_into().expect("a controller answers what it is asked"))
                }
            )*
        }
    };
}

for_each_request!(define_methods);
