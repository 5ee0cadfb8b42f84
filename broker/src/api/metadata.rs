//! Metadata: brokers, topics and who leads their partitions; missing topics may be created.

use std::borrow::Cow;
use std::collections::BTreeSet;

use metadata::image::{MetadataImage, Partition, Topic};
use wire::messages::metadata_request::MetadataRequest;
use wire::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use wire::{ErrorCode, Uuid};

use crate::authorise::{Operation, Resource};
use crate::auto_create;
use crate::cluster_view::ClusterView;
use crate::context::RequestContext;
use crate::topic_names;

/// First version in which a topic can be asked for by its id.
const FIRST_VERSION_WITH_TOPIC_IDS: i16 = 12;
/// First version in which a leader without the listener is told from a missing leader.
const FIRST_VERSION_WITH_LISTENER_NOT_FOUND: i16 = 6;
/// Versions that can carry what may be done to the cluster.
const VERSIONS_WITH_CLUSTER_OPERATIONS: std::ops::RangeInclusive<i16> = 8..=10;

pub(crate) fn handle(ctx: &RequestContext<'_>, request: MetadataRequest<'_>) -> MetadataResponse<'static> {
    let image = ctx.broker.image();
    let view = ClusterView::new(image.cluster(), &ctx.listener.name);
    let describer =
        Describer { ctx, image: &image, view, with_operations: request.include_topic_authorized_operations };
    let topics = match wanted(ctx, &request) {
        Wanted::All => describer.all_topics(),
        Wanted::Ids(ids) => ids.into_iter().map(|id| describer.by_id(id)).collect(),
        Wanted::Names(names) => describer.by_names(&names, request.allow_auto_topic_creation),
        Wanted::Unreadable => describer.refused(&request),
    };
    MetadataResponse {
        brokers: brokers(ctx, view).into(),
        cluster_id: Some(ctx.broker.config().cluster_id.clone().into()),
        controller_id: view.some_alive_broker(),
        topics: topics.into(),
        cluster_authorized_operations: cluster_operations(ctx, &request),
        ..MetadataResponse::default()
    }
}

/// The brokers that clients are sent to. Where none is alive, as when the last one leaves, this one names
/// itself: clients forget brokers that are not named, and some that know of none never ask again.
fn brokers(ctx: &RequestContext<'_>, view: ClusterView<'_>) -> Vec<MetadataResponseBroker<'static>> {
    let alive = view.alive().map(|(broker, listener)| MetadataResponseBroker {
        node_id: broker.id,
        host: listener.host.clone().into(),
        port: i32::from(listener.port),
        rack: broker.rack.clone().map(Into::into),
    });
    let alive: Vec<_> = alive.collect();
    if !alive.is_empty() {
        return alive;
    }
    let config = ctx.broker.config();
    let own = config.advertised_listeners.iter().filter(|listener| listener.name == ctx.listener.name);
    let own = own.map(|listener| MetadataResponseBroker {
        node_id: config.node_id,
        host: listener.host.clone().into(),
        port: i32::from(listener.port),
        rack: config.rack.clone().map(Into::into),
    });
    own.collect()
}

fn cluster_operations(ctx: &RequestContext<'_>, request: &MetadataRequest<'_>) -> i32 {
    let asked = VERSIONS_WITH_CLUSTER_OPERATIONS.contains(&ctx.api_version)
        && request.include_cluster_authorized_operations;
    match (asked, ctx.authorise(Operation::Describe, Resource::Cluster)) {
        (false, _) => i32::MIN,
        (true, false) => 0,
        (true, true) => ctx.authorised_operations(Resource::Cluster),
    }
}

/// The topics a request asks for.
enum Wanted<'a> {
    All,
    Ids(BTreeSet<Uuid>),
    Names(BTreeSet<Cow<'a, str>>),
    /// Ids, or topics without a name, in a version that has none.
    Unreadable,
}

fn wanted<'a>(ctx: &RequestContext<'_>, request: &MetadataRequest<'a>) -> Wanted<'a> {
    let Some(topics) = &request.topics else { return Wanted::All };
    if topics.is_empty() && ctx.api_version == 0 {
        return Wanted::All;
    }
    let named_only = topics.iter().all(|topic| topic.name.is_some() && topic.topic_id.is_zero());
    if ctx.api_version < FIRST_VERSION_WITH_TOPIC_IDS && !named_only {
        return Wanted::Unreadable;
    }
    let ids: BTreeSet<Uuid> = topics.iter().map(|topic| topic.topic_id).filter(|id| !id.is_zero()).collect();
    if ids.is_empty() {
        Wanted::Names(topics.iter().filter_map(|topic| topic.name).collect())
    } else {
        Wanted::Ids(ids)
    }
}

/// Describes topics of an image to one client.
struct Describer<'a> {
    ctx: &'a RequestContext<'a>,
    image: &'a MetadataImage,
    view: ClusterView<'a>,
    with_operations: bool,
}

impl Describer<'_> {
    fn all_topics(&self) -> Vec<MetadataResponseTopic<'static>> {
        let topics = self.image.topics().iter();
        topics
            .filter(|topic| self.may(Operation::Describe, topic.name()))
            .map(|topic| self.describe(topic))
            .collect()
    }

    fn by_id(&self, id: Uuid) -> MetadataResponseTopic<'static> {
        let bare = |error: ErrorCode| MetadataResponseTopic {
            error_code: error.code(),
            topic_id: id,
            ..MetadataResponseTopic::default()
        };
        match self.image.topics().by_id(id) {
            None => bare(ErrorCode::UnknownTopicId),
            Some(topic) if self.may(Operation::Describe, topic.name()) => self.describe(topic),
            Some(_) => bare(ErrorCode::TopicAuthorizationFailed),
        }
    }

    fn by_names(
        &self,
        names: &BTreeSet<Cow<'_, str>>,
        may_create: bool,
    ) -> Vec<MetadataResponseTopic<'static>> {
        let create = may_create && self.ctx.broker.settings().auto_create_topics_enable;
        let mut missing = Vec::new();
        let mut topics: Vec<_> = names
            .iter()
            .filter_map(|name| {
                if !self.may(Operation::Describe, name) {
                    return Some(bare(name, ErrorCode::TopicAuthorizationFailed));
                }
                if let Some(topic) = self.image.topics().by_name(name) {
                    return Some(self.describe(topic));
                }
                if create && !self.may_create(name) {
                    return Some(bare(name, ErrorCode::TopicAuthorizationFailed));
                }
                missing.push(name.as_ref());
                None
            })
            .collect();
        topics.extend(missing.iter().map(|name| {
            let valid = topic_names::is_valid(name);
            bare(
                name,
                if valid { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::InvalidTopicException },
            )
        }));
        if create {
            auto_create::start(self.ctx, &missing);
        }
        topics
    }

    /// Every topic of the request with the code of an invalid request.
    fn refused(&self, request: &MetadataRequest<'_>) -> Vec<MetadataResponseTopic<'static>> {
        let topics = request.topics.iter().flatten();
        topics
            .map(|topic| MetadataResponseTopic {
                error_code: ErrorCode::InvalidRequest.code(),
                // Null cannot be written in versions before 12.
                name: Some(topic.name.map_or_else(Default::default, |name| name.into_owned().into())),
                topic_id: topic.topic_id,
                ..MetadataResponseTopic::default()
            })
            .collect()
    }

    fn may(&self, operation: Operation, topic: &str) -> bool {
        self.ctx.authorise(operation, Resource::Topic(topic))
    }

    fn may_create(&self, topic: &str) -> bool {
        self.ctx.authorise(Operation::Create, Resource::Cluster) || self.may(Operation::Create, topic)
    }

    fn describe(&self, topic: &Topic) -> MetadataResponseTopic<'static> {
        let name = topic.name();
        let operations = match self.with_operations && self.ctx.api_version >= 8 {
            true => self.ctx.authorised_operations(Resource::Topic(name)),
            false => i32::MIN,
        };
        MetadataResponseTopic {
            name: Some(name.to_string().into()),
            topic_id: topic.id(),
            is_internal: topic_names::is_internal(name),
            partitions: topic
                .partitions()
                .map(|(index, partition)| self.partition(index, partition))
                .collect(),
            topic_authorized_operations: operations,
            ..MetadataResponseTopic::default()
        }
    }

    fn partition(&self, index: i32, partition: &Partition) -> MetadataResponsePartition<'static> {
        // Version 0 names only replicas that can be reached, and says so with an error.
        let only_alive = self.ctx.api_version == 0;
        let shown = |ids: &[i32]| if only_alive { self.view.alive_among(ids) } else { ids.to_vec() };
        let (replicas, isr) = (shown(partition.replicas()), shown(partition.isr()));
        let leader = self.view.broker(partition.leader()).map(|(broker, _)| broker.id);
        let hides_some = replicas.len() < partition.replicas().len() || isr.len() < partition.isr().len();
        let error = match leader {
            None => self.why_no_leader(partition.leader()),
            Some(_) if hides_some => ErrorCode::ReplicaNotAvailable,
            Some(_) => ErrorCode::None,
        };
        MetadataResponsePartition {
            error_code: error.code(),
            partition_index: index,
            leader_id: leader.unwrap_or(-1),
            leader_epoch: partition.leader_epoch(),
            replica_nodes: replicas.into(),
            isr_nodes: isr.into(),
            offline_replicas: self.view.offline_replicas(partition).into(),
        }
    }

    fn why_no_leader(&self, leader: i32) -> ErrorCode {
        let knows_code = self.ctx.api_version >= FIRST_VERSION_WITH_LISTENER_NOT_FOUND;
        match self.view.is_registered(leader) {
            true if knows_code => ErrorCode::ListenerNotFound,
            _ => ErrorCode::LeaderNotAvailable,
        }
    }
}

fn bare(name: &str, error: ErrorCode) -> MetadataResponseTopic<'static> {
    MetadataResponseTopic {
        error_code: error.code(),
        name: Some(name.to_owned().into()),
        is_internal: topic_names::is_internal(name),
        ..MetadataResponseTopic::default()
    }
}
