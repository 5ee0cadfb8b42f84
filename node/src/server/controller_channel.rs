//! The controller of this very node, as its broker reaches it.

use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use broker::{Answer, Authoriser, Caller, ControllerChannel, Operation, Principal, Resource};
use metadata::{Access, ApiError, ControllerContext, ControllerHandle, TopicAccess};
use wire::ErrorCode;
use wire::messages::allocate_producer_ids_request::AllocateProducerIdsRequest;
use wire::messages::allocate_producer_ids_response::AllocateProducerIdsResponse;
use wire::messages::alter_configs_request::AlterConfigsRequest;
use wire::messages::alter_configs_response::{AlterConfigsResourceResponse, AlterConfigsResponse};
use wire::messages::broker_heartbeat_request::BrokerHeartbeatRequest;
use wire::messages::broker_heartbeat_response::BrokerHeartbeatResponse;
use wire::messages::broker_registration_request::BrokerRegistrationRequest;
use wire::messages::broker_registration_response::BrokerRegistrationResponse;
use wire::messages::create_partitions_request::CreatePartitionsRequest;
use wire::messages::create_partitions_response::{CreatePartitionsResponse, CreatePartitionsTopicResult};
use wire::messages::create_topics_request::CreateTopicsRequest;
use wire::messages::create_topics_response::{CreatableTopicResult, CreateTopicsResponse};
use wire::messages::delete_topics_request::DeleteTopicsRequest;
use wire::messages::delete_topics_response::{DeletableTopicResult, DeleteTopicsResponse};
use wire::messages::describe_quorum_request::DescribeQuorumRequest;
use wire::messages::describe_quorum_response::DescribeQuorumResponse;
use wire::messages::elect_leaders_request::ElectLeadersRequest;
use wire::messages::elect_leaders_response::ElectLeadersResponse;
use wire::messages::incremental_alter_configs_request::IncrementalAlterConfigsRequest;
use wire::messages::incremental_alter_configs_response::{
    AlterConfigsResourceResponse as IncrementalResourceResponse, IncrementalAlterConfigsResponse,
};
use wire::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use wire::messages::list_partition_reassignments_response::ListPartitionReassignmentsResponse;
use wire::messages::unregister_broker_request::UnregisterBrokerRequest;
use wire::messages::unregister_broker_response::UnregisterBrokerResponse;
use wire::messages::update_features_request::UpdateFeaturesRequest;
use wire::messages::update_features_response::UpdateFeaturesResponse;

use crate::clock::now_ms;

/// How long the broker waits for its own controller.
const INTERNAL_TIMEOUT_MS: u64 = 30_000;

/// The controller in this process.
pub(super) struct LocalController {
    pub(super) controller: ControllerHandle,
    /// Set once the metadata log is open.
    pub(super) quorum: Arc<OnceLock<raft::Handle>>,
    pub(super) authoriser: Arc<dyn Authoriser>,
}

impl LocalController {
    fn context(&self, caller: Caller) -> ControllerContext {
        let left_ms = caller.deadline_ms.saturating_sub(now_ms()).max(0).unsigned_abs();
        let api_version = caller.api_version;
        let access = CallerAccess { caller, authoriser: Arc::clone(&self.authoriser) };
        ControllerContext { api_version, timeout_ms: left_ms, local: true, access: Arc::new(access) }
    }
}

/// What a client may do to topics, asked of the one authoriser.
struct CallerAccess {
    caller: Caller,
    authoriser: Arc<dyn Authoriser>,
}

impl TopicAccess for CallerAccess {
    fn allows(&self, access: Access, topic: &str) -> bool {
        let operation = match access {
            Access::Create => Operation::Create,
            Access::Describe => Operation::Describe,
            Access::DescribeConfigs => Operation::DescribeConfigs,
            Access::Delete => Operation::Delete,
            Access::Alter => Operation::Alter,
        };
        let allows = |resource| {
            let (principal, host): (&Principal, IpAddr) = (&self.caller.principal, self.caller.address);
            self.authoriser.allows(principal, host, operation, resource)
        };
        // The right to create in the whole cluster stands for the right to create each topic.
        (access == Access::Create && allows(Resource::Cluster)) || allows(Resource::Topic(topic))
    }
}

/// Waits for the controller; `refused` puts an error for the request as a whole where the client looks for it.
fn answer<T: Send + 'static>(
    asked: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    refused: impl FnOnce(ErrorCode, Option<String>) -> T + Send + 'static,
) -> Answer<T> {
    Box::pin(async move { asked.await.unwrap_or_else(|error| refused(error.code, error.message)) })
}

impl ControllerChannel for LocalController {
    fn active_controller(&self) -> i32 {
        self.quorum.get().and_then(|quorum| quorum.quorum_info().leader.leader_id).unwrap_or(-1)
    }

    fn broker_registration(
        &self,
        request: BrokerRegistrationRequest<'static>,
    ) -> Answer<BrokerRegistrationResponse> {
        let (controller, context) =
            (self.controller.clone(), ControllerContext::internal(INTERNAL_TIMEOUT_MS));
        answer(async move { controller.broker_registration(context, request).await }, |error, _| {
            BrokerRegistrationResponse { error_code: error.code(), ..Default::default() }
        })
    }

    fn broker_heartbeat(&self, request: BrokerHeartbeatRequest<'static>) -> Answer<BrokerHeartbeatResponse> {
        let (controller, context) =
            (self.controller.clone(), ControllerContext::internal(INTERNAL_TIMEOUT_MS));
        answer(async move { controller.broker_heartbeat(context, request).await }, |error, _| {
            BrokerHeartbeatResponse { error_code: error.code(), ..Default::default() }
        })
    }

    fn allocate_producer_ids(
        &self,
        request: AllocateProducerIdsRequest,
    ) -> Answer<AllocateProducerIdsResponse> {
        let (controller, context) =
            (self.controller.clone(), ControllerContext::internal(INTERNAL_TIMEOUT_MS));
        answer(async move { controller.allocate_producer_ids(context, request).await }, |error, _| {
            AllocateProducerIdsResponse { error_code: error.code(), ..Default::default() }
        })
    }

    fn create_topics(
        &self,
        caller: Caller,
        request: CreateTopicsRequest<'static>,
    ) -> Answer<CreateTopicsResponse<'static>> {
        let (controller, context) = (self.controller.clone(), self.context(caller));
        let names: Vec<_> = request.topics.iter().map(|topic| topic.name).collect();
        answer(async move { controller.create_topics(context, request).await }, |error, message| {
            let refuse = |name| CreatableTopicResult {
                name,
                error_code: error.code(),
                error_message: message.clone().map(Into::into),
                ..Default::default()
            };
            CreateTopicsResponse { topics: names.into_iter().map(refuse).collect(), ..Default::default() }
        })
    }

    fn delete_topics(
        &self,
        caller: Caller,
        request: DeleteTopicsRequest<'static>,
    ) -> Answer<DeleteTopicsResponse<'static>> {
        let (controller, context) = (self.controller.clone(), self.context(caller));
        let by_name = request.topic_names.iter().map(|name| (Some(name), wire::Uuid::ZERO));
        let by_either = request.topics.iter().map(|topic| (topic.name, topic.topic_id));
        let topics: Vec<_> = by_name.chain(by_either).collect();
        answer(async move { controller.delete_topics(context, request).await }, |error, message| {
            let refuse = |(name, topic_id)| DeletableTopicResult {
                name,
                topic_id,
                error_code: error.code(),
                error_message: message.clone().map(Into::into),
            };
            DeleteTopicsResponse { responses: topics.into_iter().map(refuse).collect(), ..Default::default() }
        })
    }

    fn create_partitions(
        &self,
        caller: Caller,
        request: CreatePartitionsRequest<'static>,
    ) -> Answer<CreatePartitionsResponse<'static>> {
        let (controller, context) = (self.controller.clone(), self.context(caller));
        let names: Vec<_> = request.topics.iter().map(|topic| topic.name).collect();
        answer(async move { controller.create_partitions(context, request).await }, |error, message| {
            let refuse = |name| CreatePartitionsTopicResult {
                name,
                error_code: error.code(),
                error_message: message.clone().map(Into::into),
            };
            CreatePartitionsResponse {
                results: names.into_iter().map(refuse).collect(),
                ..Default::default()
            }
        })
    }

    fn alter_configs(
        &self,
        caller: Caller,
        request: AlterConfigsRequest<'static>,
    ) -> Answer<AlterConfigsResponse<'static>> {
        let (controller, context) = (self.controller.clone(), self.context(caller));
        let resources: Vec<_> = request
            .resources
            .iter()
            .map(|resource| (resource.resource_type, resource.resource_name))
            .collect();
        answer(async move { controller.alter_configs(context, request).await }, |error, message| {
            let refuse = |(resource_type, resource_name)| AlterConfigsResourceResponse {
                error_code: error.code(),
                error_message: message.clone().map(Into::into),
                resource_type,
                resource_name,
            };
            AlterConfigsResponse {
                responses: resources.into_iter().map(refuse).collect(),
                ..Default::default()
            }
        })
    }

    fn incremental_alter_configs(
        &self,
        caller: Caller,
        request: IncrementalAlterConfigsRequest<'static>,
    ) -> Answer<IncrementalAlterConfigsResponse<'static>> {
        let (controller, context) = (self.controller.clone(), self.context(caller));
        let resources: Vec<_> = request
            .resources
            .iter()
            .map(|resource| (resource.resource_type, resource.resource_name))
            .collect();
        answer(
            async move { controller.incremental_alter_configs(context, request).await },
            |error, message| {
                let refuse = |(resource_type, resource_name)| IncrementalResourceResponse {
                    error_code: error.code(),
                    error_message: message.clone().map(Into::into),
                    resource_type,
                    resource_name,
                };
                let responses = resources.into_iter().map(refuse).collect();
                IncrementalAlterConfigsResponse { responses, ..Default::default() }
            },
        )
    }

    fn elect_leaders(
        &self,
        caller: Caller,
        request: ElectLeadersRequest<'static>,
    ) -> Answer<ElectLeadersResponse<'static>> {
        let (controller, context) = (self.controller.clone(), self.context(caller));
        answer(async move { controller.elect_leaders(context, request).await }, |error, _| {
            ElectLeadersResponse { error_code: error.code(), ..Default::default() }
        })
    }

    fn list_partition_reassignments(
        &self,
        caller: Caller,
        request: ListPartitionReassignmentsRequest<'static>,
    ) -> Answer<ListPartitionReassignmentsResponse<'static>> {
        let (controller, context) = (self.controller.clone(), self.context(caller));
        let asked = async move { controller.list_partition_reassignments(context, request).await };
        answer(asked, |error, message| ListPartitionReassignmentsResponse {
            error_code: error.code(),
            error_message: message.map(Into::into),
            ..Default::default()
        })
    }

    fn update_features(
        &self,
        caller: Caller,
        request: UpdateFeaturesRequest<'static>,
    ) -> Answer<UpdateFeaturesResponse<'static>> {
        let (controller, context) = (self.controller.clone(), self.context(caller));
        let asked = async move { controller.update_features(context, request).await };
        answer(asked, |error, message| UpdateFeaturesResponse {
            error_code: error.code(),
            error_message: message.map(Into::into),
            ..Default::default()
        })
    }

    fn unregister_broker(
        &self,
        caller: Caller,
        request: UnregisterBrokerRequest,
    ) -> Answer<UnregisterBrokerResponse<'static>> {
        let (controller, context) = (self.controller.clone(), self.context(caller));
        let asked = async move { controller.unregister_broker(context, request).await };
        answer(asked, |error, message| UnregisterBrokerResponse {
            error_code: error.code(),
            error_message: message.map(Into::into),
            ..Default::default()
        })
    }

    fn describe_quorum(
        &self,
        caller: Caller,
        request: DescribeQuorumRequest<'static>,
    ) -> Answer<DescribeQuorumResponse<'static>> {
        let refused =
            |error: ErrorCode| DescribeQuorumResponse { error_code: error.code(), ..Default::default() };
        let (reply, answered) = tokio::sync::oneshot::channel();
        let inbound = raft::InboundRequest {
            api_version: caller.api_version,
            listener: String::new(),
            body: raft::RequestBody::DescribeQuorum(request),
        };
        // Whoever asked may be gone by the time the answer comes.
        let reply = Box::new(move |body| drop(reply.send(body)));
        let taken = self.quorum.get().is_some_and(|quorum| quorum.handle_request(inbound, reply).is_ok());
        Box::pin(async move {
            if !taken {
                return refused(ErrorCode::RequestTimedOut);
            }
            match answered.await {
                Ok(raft::ResponseBody::DescribeQuorum(response)) => response,
                _ => refused(ErrorCode::NotLeaderOrFollower),
            }
        })
    }
}
