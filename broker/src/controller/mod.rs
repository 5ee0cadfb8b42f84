//! How a broker reaches the active controller: here the channel, in `local.rs` the one to a
//! controller of the same process.

mod local;
mod refused;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

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

use crate::authorise::Principal;

pub use local::LocalController;

/// An answer of the controller. It always comes: when the controller cannot be reached it carries
/// the code for that.
pub type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// On whose behalf the controller is asked, and until when the answer is of use.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who asks.
    pub principal: Principal,
    /// Where it connected from.
    pub address: IpAddr,
    /// Version of the client's request.
    pub api_version: i16,
    /// When the asker gives up, in milliseconds since 1970.
    pub deadline_ms: i64,
}

/// The active controller, in this process or behind a connection. No method blocks.
pub trait ControllerChannel: Send + Sync {
    /// The controller that this node believes to be active; -1 when it knows none.
    fn active_controller(&self) -> i32;

    /// Registers a broker; the answer has its epoch.
    fn broker_registration(
        &self,
        request: BrokerRegistrationRequest<'static>,
    ) -> Answer<BrokerRegistrationResponse>;

    /// Tells that a broker lives, and what it wants.
    fn broker_heartbeat(&self, request: BrokerHeartbeatRequest<'static>) -> Answer<BrokerHeartbeatResponse>;

    /// Takes a block of producer ids.
    fn allocate_producer_ids(
        &self,
        request: AllocateProducerIdsRequest,
    ) -> Answer<AllocateProducerIdsResponse>;

    /// Creates topics.
    fn create_topics(
        &self,
        caller: Caller,
        request: CreateTopicsRequest<'static>,
    ) -> Answer<CreateTopicsResponse<'static>>;

    /// Deletes topics.
    fn delete_topics(
        &self,
        caller: Caller,
        request: DeleteTopicsRequest<'static>,
    ) -> Answer<DeleteTopicsResponse<'static>>;

    /// Adds partitions to topics.
    fn create_partitions(
        &self,
        caller: Caller,
        request: CreatePartitionsRequest<'static>,
    ) -> Answer<CreatePartitionsResponse<'static>>;

    /// Replaces settings.
    fn alter_configs(
        &self,
        caller: Caller,
        request: AlterConfigsRequest<'static>,
    ) -> Answer<AlterConfigsResponse<'static>>;

    /// Changes settings one by one (KIP-339).
    fn incremental_alter_configs(
        &self,
        caller: Caller,
        request: IncrementalAlterConfigsRequest<'static>,
    ) -> Answer<IncrementalAlterConfigsResponse<'static>>;

    /// Elects leaders.
    fn elect_leaders(
        &self,
        caller: Caller,
        request: ElectLeadersRequest<'static>,
    ) -> Answer<ElectLeadersResponse<'static>>;

    /// Lists reassignments that are under way.
    fn list_partition_reassignments(
        &self,
        caller: Caller,
        request: ListPartitionReassignmentsRequest<'static>,
    ) -> Answer<ListPartitionReassignmentsResponse<'static>>;

    /// Changes feature levels.
    fn update_features(
        &self,
        caller: Caller,
        request: UpdateFeaturesRequest<'static>,
    ) -> Answer<UpdateFeaturesResponse<'static>>;

    /// Removes a broker that will not come back.
    fn unregister_broker(
        &self,
        caller: Caller,
        request: UnregisterBrokerRequest,
    ) -> Answer<UnregisterBrokerResponse<'static>>;

    /// Describes the quorum of controllers.
    fn describe_quorum(
        &self,
        caller: Caller,
        request: DescribeQuorumRequest<'static>,
    ) -> Answer<DescribeQuorumResponse<'static>>;
}
