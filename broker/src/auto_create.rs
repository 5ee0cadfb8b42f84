//! Creating topics that a client asked for and that are not there (`auto.create.topics.enable`).
//!
//! The client is told that the topic is unknown and asks again; by then it is there.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use wire::ErrorCode;
use wire::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};

use crate::broker::Broker;
use crate::config::Settings;
use crate::context::RequestContext;
use crate::topic_names::{self, CONSUMER_OFFSETS};

/// How long the controller may take, milliseconds.
const TIMEOUT_MS: i32 = 30_000;

/// The topics that are being created on behalf of clients; each is asked for once at a time.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<BTreeSet<String>>);

/// Asks the controller for topics that are missing. Returns at once.
pub(crate) fn start(ctx: &RequestContext<'_>, names: &[&str]) {
    let broker = ctx.broker;
    let mut in_flight = broker.auto_creations().0.lock();
    let wanted = names.iter().filter(|name| topic_names::is_valid(name) && !in_flight.contains(**name));
    let names: Vec<String> = wanted.map(|name| (*name).to_owned()).collect();
    if names.is_empty() {
        return;
    }
    in_flight.extend(names.iter().cloned());
    drop(in_flight);
    let settings = broker.settings();
    let topics = names.iter().map(|name| creatable(name, &settings)).collect();
    let request = CreateTopicsRequest { topics, timeout_ms: TIMEOUT_MS, ..CreateTopicsRequest::default() };
    let creation = broker.controller().create_topics(ctx.caller(TIMEOUT_MS), request);
    let broker = Arc::clone(broker);
    ctx.broker.background().spawn(async move {
        for topic in creation.await.topics {
            report(&topic.name, topic.error_code, topic.error_message.as_deref());
        }
        forget(&broker, &names);
    });
}

fn report(name: &str, code: i16, message: Option<&str>) {
    match ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError) {
        ErrorCode::None => tracing::info!(topic = name, "created because a client asked for it"),
        ErrorCode::TopicAlreadyExists => {}
        error => {
            tracing::warn!(topic = name, %error, message, "cannot create a topic that a client asked for");
        }
    }
}

fn forget(broker: &Broker, names: &[String]) {
    let mut in_flight = broker.auto_creations().0.lock();
    in_flight.retain(|name| !names.contains(name));
}

/// What a topic is created with: the cluster's defaults, and for the topic of the groups what
/// `offsets.topic.*` says.
pub(crate) fn creatable(name: &str, settings: &Settings) -> CreatableTopic<'static> {
    let explicit = |setting: &str| settings.explicit(setting).map(|_| settings.integer(setting));
    let (partitions, replication, configs) = match name {
        CONSUMER_OFFSETS => (
            settings.integer("offsets.topic.num.partitions"),
            settings.integer("offsets.topic.replication.factor"),
            offsets_topic_configs(settings),
        ),
        _ => (
            explicit("num.partitions").unwrap_or(-1),
            explicit("default.replication.factor").unwrap_or(-1),
            Vec::new(),
        ),
    };
    CreatableTopic {
        name: name.to_owned().into(),
        num_partitions: partitions as i32,
        replication_factor: replication as i16,
        configs: configs.into(),
        ..CreatableTopic::default()
    }
}

fn offsets_topic_configs(settings: &Settings) -> Vec<CreatableTopicConfig<'static>> {
    let segment_bytes = settings.integer("offsets.topic.segment.bytes").to_string();
    let configs = [
        ("cleanup.policy", "compact".to_owned()),
        ("compression.type", "producer".to_owned()),
        ("segment.bytes", segment_bytes),
    ];
    let configs = configs
        .into_iter()
        .map(|(name, value)| CreatableTopicConfig { name: name.into(), value: Some(value.into()) });
    configs.collect()
}
