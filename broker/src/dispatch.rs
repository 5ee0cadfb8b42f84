//! From a frame to the handler of its api: one match.

use std::future::Future;
use std::sync::Arc;

use wire::header::RequestHeader;
use wire::{ApiKey, Message, Reader, Request, VersionRange};

use crate::api::{self, forwarded};
use crate::broker::Broker;
use crate::context::RequestContext;
use crate::net::{ListenerKind, Outcome, Outgoing, Peer, Service};
use crate::reply::{Answer, Envelope, Plain, Reply};
use crate::time::now_ms;

/// The apis that this node serves on its listeners for clients and brokers, by code.
const BROKER_APIS: &[ApiKey] = &[
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::Metadata,
    ApiKey::OffsetCommit,
    ApiKey::OffsetFetch,
    ApiKey::FindCoordinator,
    ApiKey::JoinGroup,
    ApiKey::Heartbeat,
    ApiKey::LeaveGroup,
    ApiKey::SyncGroup,
    ApiKey::DescribeGroups,
    ApiKey::ListGroups,
    ApiKey::ApiVersions,
    ApiKey::CreateTopics,
    ApiKey::DeleteTopics,
    ApiKey::DeleteRecords,
    ApiKey::InitProducerId,
    ApiKey::OffsetForLeaderEpoch,
    ApiKey::DescribeConfigs,
    ApiKey::AlterConfigs,
    ApiKey::DescribeLogDirs,
    ApiKey::CreatePartitions,
    ApiKey::DeleteGroups,
    ApiKey::ElectLeaders,
    ApiKey::IncrementalAlterConfigs,
    ApiKey::ListPartitionReassignments,
    ApiKey::OffsetDelete,
    ApiKey::DescribeClientQuotas,
    ApiKey::DescribeQuorum,
    ApiKey::UpdateFeatures,
    ApiKey::DescribeCluster,
    ApiKey::DescribeProducers,
    ApiKey::UnregisterBroker,
    ApiKey::ListConfigResources,
    ApiKey::DescribeTopicPartitions,
];

/// The apis that it serves on its listeners for controllers, by code.
const CONTROLLER_APIS: &[ApiKey] = &[
    ApiKey::ApiVersions,
    ApiKey::CreateTopics,
    ApiKey::DeleteTopics,
    ApiKey::AlterConfigs,
    ApiKey::CreatePartitions,
    ApiKey::ElectLeaders,
    ApiKey::IncrementalAlterConfigs,
    ApiKey::ListPartitionReassignments,
    ApiKey::DescribeQuorum,
    ApiKey::UpdateFeatures,
    ApiKey::DescribeCluster,
    ApiKey::UnregisterBroker,
];

/// The apis of a kind of listener, ascending.
pub(crate) fn served_apis(listener: ListenerKind) -> &'static [ApiKey] {
    match listener {
        ListenerKind::Broker => BROKER_APIS,
        ListenerKind::Controller => CONTROLLER_APIS,
    }
}

/// The versions of an api that are served.
pub(crate) fn served_versions(api: ApiKey) -> VersionRange {
    let VersionRange { min, max } = api.valid_versions();
    VersionRange { min, max: if api.latest_version_unstable() { max - 1 } else { max } }
}

/// Answers the requests of all connections.
pub(crate) struct Dispatcher {
    broker: Arc<Broker>,
}

impl Dispatcher {
    pub(crate) fn new(broker: Arc<Broker>) -> Self {
        Self { broker }
    }
}

impl Service for Dispatcher {
    fn handle(&self, peer: &Peer, frame: &[u8], outgoing: &mut Outgoing) -> Outcome {
        let mut body = Reader::new(frame);
        let Ok((api, header)) = RequestHeader::decode_any(&mut body) else { return Outcome::Close };
        let (version, correlation_id) = (header.request_api_version, header.correlation_id);
        if !served_apis(peer.listener.kind).contains(&api) {
            return Outcome::Close;
        }
        let mut envelope = Envelope { api, version, correlation_id };
        if !served_versions(api).contains(version) {
            // Only this api tells a client which versions there are instead of hanging up.
            envelope.version = 0;
            return match api {
                ApiKey::ApiVersions => envelope.write(Plain(api::api_versions::unsupported()), outgoing),
                _ => Outcome::Close,
            };
        }
        let context = RequestContext {
            broker: &self.broker,
            principal: &peer.principal,
            client_id: header.client_id.as_deref().unwrap_or_default(),
            client_address: peer.address.ip(),
            listener: &peer.listener,
            api_version: version,
            now_ms: now_ms(),
        };
        dispatch(&context, Call { envelope, body, outgoing })
    }

    /// Batches are appended in the order in which they come, and an acknowledgement that is due says
    /// nothing to the next batch: waiting for it would cost a producer its pipeline.
    fn may_overtake(&self, frame: &[u8]) -> bool {
        frame.first_chunk() == Some(&ApiKey::Produce.code().to_be_bytes())
    }
}

/// Gives a request to its handler.
fn dispatch(context: &RequestContext<'_>, call: Call<'_, '_>) -> Outcome {
    match call.envelope.api {
        ApiKey::Produce => call.either(context, api::produce::handle),
        ApiKey::Fetch => call.either(context, api::fetch::handle),
        ApiKey::ListOffsets => call.now(context, api::list_offsets::handle),
        ApiKey::Metadata => call.now(context, api::metadata::handle),
        ApiKey::OffsetCommit => call.later(context, api::offset_commit::handle),
        ApiKey::OffsetFetch => call.now(context, api::offset_fetch::handle),
        ApiKey::FindCoordinator => call.now(context, api::find_coordinator::handle),
        ApiKey::JoinGroup => call.later(context, api::join_group::handle),
        ApiKey::Heartbeat => call.now(context, api::heartbeat::handle),
        ApiKey::LeaveGroup => call.later(context, api::leave_group::handle),
        ApiKey::SyncGroup => call.later(context, api::sync_group::handle),
        ApiKey::DescribeGroups => call.now(context, api::describe_groups::handle),
        ApiKey::ListGroups => call.now(context, api::list_groups::handle),
        ApiKey::ApiVersions => call.now(context, api::api_versions::handle),
        ApiKey::CreateTopics => call.later(context, forwarded::create_topics),
        ApiKey::DeleteTopics => call.later(context, forwarded::delete_topics),
        ApiKey::DeleteRecords => call.now(context, api::delete_records::handle),
        ApiKey::InitProducerId => call.later(context, api::init_producer_id::handle),
        ApiKey::OffsetForLeaderEpoch => call.now(context, api::offset_for_leader_epoch::handle),
        ApiKey::DescribeConfigs => call.now(context, api::describe_configs::handle),
        ApiKey::AlterConfigs => call.later(context, api::alter_configs::replace),
        ApiKey::DescribeLogDirs => call.now(context, api::describe_log_dirs::handle),
        ApiKey::CreatePartitions => call.later(context, forwarded::create_partitions),
        ApiKey::DeleteGroups => call.later(context, api::delete_groups::handle),
        ApiKey::ElectLeaders => call.later(context, forwarded::elect_leaders),
        ApiKey::IncrementalAlterConfigs => call.later(context, api::alter_configs::change),
        ApiKey::ListPartitionReassignments => call.later(context, forwarded::list_partition_reassignments),
        ApiKey::OffsetDelete => call.later(context, api::offset_delete::handle),
        ApiKey::DescribeClientQuotas => call.now(context, api::describe_client_quotas::handle),
        ApiKey::DescribeQuorum => call.later(context, forwarded::describe_quorum),
        ApiKey::UpdateFeatures => call.later(context, forwarded::update_features),
        ApiKey::DescribeCluster => call.now(context, api::describe_cluster::handle),
        ApiKey::DescribeProducers => call.now(context, api::describe_producers::handle),
        ApiKey::UnregisterBroker => call.later(context, forwarded::unregister_broker),
        ApiKey::ListConfigResources => call.now(context, api::list_config_resources::handle),
        ApiKey::DescribeTopicPartitions => call.now(context, api::describe_topic_partitions::handle),
        _ => Outcome::Close,
    }
}

/// A request whose body has not been read yet, and where its answer goes.
struct Call<'f, 'o> {
    envelope: Envelope,
    body: Reader<'f>,
    outgoing: &'o mut Outgoing,
}

impl<'f> Call<'f, '_> {
    /// Answers with what the handler returns. A body that cannot be read closes the connection.
    fn now<'r, Q: Request<'f>, R: Message<'r>>(
        mut self,
        context: &RequestContext<'_>,
        handler: impl FnOnce(&RequestContext<'_>, Q) -> R,
    ) -> Outcome {
        let Some(request) = self.read() else { return Outcome::Close };
        self.envelope.write(Plain(handler(context, request)), self.outgoing)
    }

    /// Answers with what the handler's future returns.
    fn later<Q: Request<'f>, R: Message<'static>, F: Future<Output = R> + Send + 'static>(
        mut self,
        context: &RequestContext<'_>,
        handler: impl FnOnce(&RequestContext<'_>, Q) -> F,
    ) -> Outcome {
        let Some(request) = self.read() else { return Outcome::Close };
        let (envelope, answer) = (self.envelope, handler(context, request));
        Outcome::Later(Box::pin(async move { envelope.write_alone(Plain(answer.await)) }))
    }

    /// Leaves it to the handler when to answer, and whether.
    fn either<Q: Request<'f>, A: Answer + 'static>(
        mut self,
        context: &RequestContext<'_>,
        handler: impl FnOnce(&RequestContext<'_>, Q) -> Reply<A>,
    ) -> Outcome {
        let Some(request) = self.read() else { return Outcome::Close };
        self.envelope.finish(handler(context, request), self.outgoing)
    }

    fn read<Q: Request<'f>>(&mut self) -> Option<Q> {
        assert_eq!(Q::API_KEY, self.envelope.api);
        let request = Q::decode(&mut self.body, self.envelope.version);
        request.inspect_err(|error| tracing::debug!(api = %self.envelope.api, %error, "bad request")).ok()
    }
}
