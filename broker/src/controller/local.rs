//! The controller of the same process: requests go over a queue instead of a connection.

use std::sync::{Arc, OnceLock};

use metadata::{Access, ControllerContext, ControllerHandle, TopicAccess};
use raft::{InboundRequest, RequestBody, ResponseBody};
use tokio::sync::oneshot;
use wire::ErrorCode;
use wire::messages::allocate_producer_ids_request::AllocateProducerIdsRequest;
use wire::messages::allocate_producer_ids_response::AllocateProducerIdsResponse;
use wire::messages::alter_configs_request::AlterConfigsRequest;
use wire::messages::alter_configs_response::AlterConfigsResponse;
use wire::messages::broker_heartbeat_request::BrokerHeartbeatRequest;
use wire::messages::broker_heartbeat_response::BrokerHeartbeatResponse;
use wire::messages::broker_registration_request::BrokerRegistrationRequest;
use wire::messages::broker_registration_response::BrokerRegistrationResponse;
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
use wire::messages::incremental_alter_configs_request::IncrementalAlterConfigsRequest;
use wire::messages::incremental_alter_configs_response::IncrementalAlterConfigsResponse;
use wire::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use wire::messages::list_partition_reassignments_response::ListPartitionReassignmentsResponse;
use wire::messages::unregister_broker_request::UnregisterBrokerRequest;
use wire::messages::unregister_broker_response::UnregisterBrokerResponse;
use wire::messages::update_features_request::UpdateFeaturesRequest;
use wire::messages::update_features_response::UpdateFeaturesResponse;

use super::refused::Refused;
use super::{Answer, Caller, ControllerChannel};
use crate::authorise::{Authoriser, Operation, Resource};
use crate::time::now_ms;

/// How long the broker waits for what it asks itself (`controller.socket.timeout.ms`).
const OWN_TIMEOUT_MS: u64 = 30_000;

/// The controller and the quorum of this process.
pub struct LocalController {
    controller: ControllerHandle,
    /// Set once the metadata log is open.
    quorum: Arc<OnceLock<raft::Handle>>,
    authoriser: Arc<dyn Authoriser>,
}

impl LocalController {
    /// A channel to the controller of this process. `authoriser` decides what clients may ask of it.
    /// `quorum` is set once the metadata log is open; nobody leads before.
    pub fn new(
        controller: ControllerHandle,
        quorum: Arc<OnceLock<raft::Handle>>,
        authoriser: Arc<dyn Authoriser>,
    ) -> Self {
        Self { controller, quorum, authoriser }
    }

    fn context(&self, caller: Caller) -> ControllerContext {
        ControllerContext {
            api_version: caller.api_version,
            timeout_ms: (caller.deadline_ms - now_ms()).max(0).unsigned_abs(),
            local: true,
            access: Arc::new(ClientAccess { authoriser: Arc::clone(&self.authoriser), caller }),
        }
    }
}

/// What one client may do with topics.
struct ClientAccess {
    authoriser: Arc<dyn Authoriser>,
    caller: Caller,
}

impl TopicAccess for ClientAccess {
    fn allows(&self, access: Access, topic: &str) -> bool {
        let may = |operation, resource| {
            self.authoriser.allows(&self.caller.principal, self.caller.address, operation, resource)
        };
        match access {
            Access::Create => {
                may(Operation::Create, Resource::Cluster) || may(Operation::Create, Resource::Topic(topic))
            }
            Access::Describe => may(Operation::Describe, Resource::Topic(topic)),
            Access::DescribeConfigs => may(Operation::DescribeConfigs, Resource::Topic(topic)),
            Access::Delete => may(Operation::Delete, Resource::Topic(topic)),
            Access::Alter => may(Operation::Alter, Resource::Topic(topic)),
        }
    }
}

/// Passes requests on, each under its name; a request that is refused as a whole gets the answer
/// that its api has for that.
macro_rules! pass_on {
    ($($method:ident($request:ty) -> $response:ty;)+) => {
        $(fn $method(&self, caller: Caller, request: $request) -> Answer<$response> {
            let (controller, context) = (self.controller.clone(), self.context(caller));
            let refused = Refused::prepare(&request);
            Box::pin(async move {
                controller.$method(context, request).await.unwrap_or_else(|error| refused.answer(&error))
            })
        })+
    };
}

impl ControllerChannel for LocalController {
    fn active_controller(&self) -> i32 {
        self.quorum.get().and_then(|quorum| quorum.quorum_info().leader.leader_id).unwrap_or(-1)
    }

    fn broker_registration(
        &self,
        request: BrokerRegistrationRequest<'static>,
    ) -> Answer<BrokerRegistrationResponse> {
        let controller = self.controller.clone();
        Box::pin(async move {
            let context = ControllerContext::internal(OWN_TIMEOUT_MS);
            let answer = controller.broker_registration(context, request).await;
            answer.unwrap_or_else(|error| BrokerRegistrationResponse {
                error_code: error.code.code(),
                ..BrokerRegistrationResponse::default()
            })
        })
    }

    fn broker_heartbeat(&self, request: BrokerHeartbeatRequest<'static>) -> Answer<BrokerHeartbeatResponse> {
        let controller = self.controller.clone();
        Box::pin(async move {
            let answer =
                controller.broker_heartbeat(ControllerContext::internal(OWN_TIMEOUT_MS), request).await;
            answer.unwrap_or_else(|error| BrokerHeartbeatResponse {
                error_code: error.code.code(),
                ..BrokerHeartbeatResponse::default()
            })
        })
    }

    fn allocate_producer_ids(
        &self,
        request: AllocateProducerIdsRequest,
    ) -> Answer<AllocateProducerIdsResponse> {
        let controller = self.controller.clone();
        Box::pin(async move {
            let context = ControllerContext::internal(OWN_TIMEOUT_MS);
            let answer = controller.allocate_producer_ids(context, request).await;
            answer.unwrap_or_else(|error| AllocateProducerIdsResponse {
                error_code: error.code.code(),
                ..AllocateProducerIdsResponse::default()
            })
        })
    }

    fn describe_quorum(
        &self,
        caller: Caller,
        request: DescribeQuorumRequest<'static>,
    ) -> Answer<DescribeQuorumResponse<'static>> {
        let (sender, answer) = oneshot::channel();
        let inbound = InboundRequest {
            api_version: caller.api_version,
            listener: String::new(),
            body: RequestBody::DescribeQuorum(request),
        };
        let reply = Box::new(move |body| drop(sender.send(body)));
        let taken = self.quorum.get().is_some_and(|quorum| quorum.handle_request(inbound, reply).is_ok());
        Box::pin(async move {
            match (taken, answer.await) {
                (true, Ok(ResponseBody::DescribeQuorum(response))) => response,
                _ => DescribeQuorumResponse {
                    error_code: ErrorCode::NotLeaderOrFollower.code(),
                    ..DescribeQuorumResponse::default()
                },
            }
        })
    }

    pass_on! {
        create_topics(CreateTopicsRequest<'static>) -> CreateTopicsResponse<'static>;
        delete_topics(DeleteTopicsRequest<'static>) -> DeleteTopicsResponse<'static>;
        create_partitions(CreatePartitionsRequest<'static>) -> CreatePartitionsResponse<'static>;
        alter_configs(AlterConfigsRequest<'static>) -> AlterConfigsResponse<'static>;
        incremental_alter_configs(IncrementalAlterConfigsRequest<'static>) -> IncrementalAlterConfigsResponse<'static>;
        elect_leaders(ElectLeadersRequest<'static>) -> ElectLeadersResponse<'static>;
        list_partition_reassignments(ListPartitionReassignmentsRequest<'static>) -> ListPartitionReassignmentsResponse<'static>;
        update_features(UpdateFeaturesRequest<'static>) -> UpdateFeaturesResponse<'static>;
        unregister_broker(UnregisterBrokerRequest) -> UnregisterBrokerResponse<'static>;
    }
}
