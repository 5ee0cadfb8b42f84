//! What can be asked of a controller: requests and responses as values, and the circumstances of asking.

use std::sync::Arc;

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

/// What somebody wants to do with a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Create it.
    Create,
    /// Learn that it exists.
    Describe,
    /// See its settings.
    DescribeConfigs,
    /// Delete it.
    Delete,
    /// Change it.
    Alter,
}

/// Who may do what with which topic, for the principal of one request.
pub trait TopicAccess: Send + Sync {
    /// Whether `access` to `topic` is allowed.
    fn allows(&self, access: Access, topic: &str) -> bool;
}

/// Everything is allowed: no authorizer is configured, or the node itself asks.
#[derive(Debug, Clone, Copy)]
pub struct AllowAll;

impl TopicAccess for AllowAll {
    fn allows(&self, _: Access, _: &str) -> bool {
        true
    }
}

/// The circumstances of a request.
#[derive(Clone)]
pub struct ControllerContext {
    /// Version of the request; the newest for requests that never were on a wire.
    pub api_version: i16,
    /// Milliseconds after which the caller gives up: the answer is then REQUEST_TIMED_OUT, and what was asked may
    /// or may not happen.
    pub timeout_ms: u64,
    /// The caller lives in the controller's own process. Nobody else can run under its node id on its directory,
    /// so that the registration of an earlier incarnation, ended without goodbye, does not hold it up.
    pub local: bool,
    /// What the caller may do.
    pub access: Arc<dyn TopicAccess>,
}

impl ControllerContext {
    /// A request of the node itself.
    pub fn internal(timeout_ms: u64) -> Self {
        Self { api_version: i16::MAX, timeout_ms, local: true, access: Arc::new(AllowAll) }
    }
}

impl std::fmt::Debug for ControllerContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { api_version, timeout_ms, local, .. } = self;
        write!(f, "ControllerContext {{ v{api_version}, {timeout_ms} ms, local: {local} }}")
    }
}

/// Calls back with the list of requests: documentation, method, variant, request and response.
macro_rules! for_each_request {
    ($callback:ident) => {
        $callback! {
            /// Creates topics. One batch: all that are not refused are created, or none.
            create_topics CreateTopics(CreateTopicsRequest<'static>) -> CreateTopicsResponse<'static>;
            /// Deletes topics by name or id.
            delete_topics DeleteTopics(DeleteTopicsRequest<'static>) -> DeleteTopicsResponse<'static>;
            /// Adds partitions to topics.
            create_partitions CreatePartitions(CreatePartitionsRequest<'static>) -> CreatePartitionsResponse<'static>;
            /// Changes single settings of topics, brokers, groups and client metrics subscriptions.
            incremental_alter_configs IncrementalAlterConfigs(IncrementalAlterConfigsRequest<'static>) -> IncrementalAlterConfigsResponse<'static>;
            /// Replaces all settings of topics, brokers, groups and client metrics subscriptions.
            alter_configs AlterConfigs(AlterConfigsRequest<'static>) -> AlterConfigsResponse<'static>;
            /// Gives a broker a block of producer ids.
            allocate_producer_ids AllocateProducerIds(AllocateProducerIdsRequest) -> AllocateProducerIdsResponse;
            /// Registers a starting broker, fenced. Its epoch is in the answer.
            broker_registration BrokerRegistration(BrokerRegistrationRequest<'static>) -> BrokerRegistrationResponse;
            /// Keeps a broker's session alive, and moves it between fenced, unfenced and shutting down.
            broker_heartbeat BrokerHeartbeat(BrokerHeartbeatRequest<'static>) -> BrokerHeartbeatResponse;
            /// Changes in-sync replicas, as their leader asks.
            alter_partition AlterPartition(AlterPartitionRequest<'static>) -> AlterPartitionResponse<'static>;
            /// Elects preferred or unclean leaders.
            elect_leaders ElectLeaders(ElectLeadersRequest<'static>) -> ElectLeadersResponse<'static>;
            /// Lists reassignments that are under way.
            list_partition_reassignments ListPartitionReassignments(ListPartitionReassignmentsRequest<'static>) -> ListPartitionReassignmentsResponse<'static>;
            /// Changes finalised feature levels.
            update_features UpdateFeatures(UpdateFeaturesRequest<'static>) -> UpdateFeaturesResponse<'static>;
            /// Forgets a broker.
            unregister_broker UnregisterBroker(UnregisterBrokerRequest) -> UnregisterBrokerResponse<'static>;
            /// Registers a starting controller.
            controller_registration ControllerRegistration(ControllerRegistrationRequest<'static>) -> ControllerRegistrationResponse<'static>;
            /// Notes on which log directories a broker has put its replicas.
            assign_replicas_to_dirs AssignReplicasToDirs(AssignReplicasToDirsRequest<'static>) -> AssignReplicasToDirsResponse<'static>;
        }
    };
}

macro_rules! define_enums {
    ($($(#[$doc:meta])* $method:ident $variant:ident($request:ty) -> $response:ty;)*) => {
        /// A request to a controller.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs, reason = "each variant is the request it names")]
        pub enum ControllerRequest {
            $($variant($request),)*
        }

        /// What a controller answers.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs, reason = "each variant is the response it names")]
        pub enum ControllerResponse {
            $($variant($response),)*
        }

        impl ControllerRequest {
            /// Kafka's name of the api.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($variant),)*
                }
            }
        }

        $(
            impl From<$request> for ControllerRequest {
                fn from(request: $request) -> Self {
                    Self::$variant(request)
                }
            }

            impl From<$response> for ControllerResponse {
                fn from(response: $response) -> Self {
                    Self::$variant(response)
                }
            }

            impl TryFrom<ControllerResponse> for $response {
                type Error = ControllerResponse;

                fn try_from(response: ControllerResponse) -> Result<Self, ControllerResponse> {
                    match response {
                        ControllerResponse::$variant(response) => Ok(response),
                        other => Err(other),
                    }
                }
            }
        )*
    };
}

for_each_request!(define_enums);

pub(crate) use for_each_request;
