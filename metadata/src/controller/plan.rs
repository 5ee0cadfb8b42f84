//! A plan: what would be written and answered. Planning changes nothing.

use std::collections::BTreeMap;

use wire::{ErrorCode, Uuid};

use super::api::ControllerContext;
use super::config::ControllerConfig;
use super::dice::Dice;
use super::error::ApiError;
use super::partition_change::Circumstances;
use super::state::ControllerState;
use crate::config_defs;
use crate::features::MetadataVersion;
use crate::image::{BrokerRegistration, ConfigResource, ConfigValues, MetadataImage, Topic, directory_id};
use crate::record::Record;

/// Records to append as one batch, and the answer once they are committed.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned<T> {
    /// What to append; empty for a refusal, a validation or a mere question.
    pub records: Vec<Record>,
    /// What to answer.
    pub response: T,
}

impl<T> Planned<T> {
    pub(crate) fn new(records: Vec<Record>, response: T) -> Self {
        Self { records, response }
    }

    /// An answer that changes nothing.
    pub(crate) fn answer(response: T) -> Self {
        Self::new(Vec::new(), response)
    }

    pub(crate) fn map<U>(self, convert: impl FnOnce(T) -> U) -> Planned<U> {
        Planned { records: self.records, response: convert(self.response) }
    }
}

/// A plan, or why the whole request is refused.
pub(crate) type Plan<T> = Result<Planned<T>, ApiError>;

/// Where the value of a topic's setting comes from, by the code of DescribeConfigs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConfigSource {
    Topic = 1,
    Broker = 2,
    BrokerDefault = 3,
    StaticBroker = 4,
    Default = 5,
}

/// What planning looks at.
pub(crate) struct Planning<'a> {
    pub(crate) state: &'a ControllerState,
    pub(crate) config: &'a ControllerConfig,
    pub(crate) context: &'a ControllerContext,
    pub(crate) dice: &'a mut Dice,
    pub(crate) now_ms: u64,
}

impl<'a> Planning<'a> {
    pub(crate) fn image(&self) -> &'a MetadataImage {
        self.state.image()
    }

    pub(crate) fn version(&self) -> MetadataVersion {
        self.image().features().metadata_version_or_minimum()
    }

    pub(crate) fn view(&self) -> View<'a> {
        View { state: self.state, config: self.config }
    }
}

/// Questions about the state that most managers ask.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) state: &'a ControllerState,
    pub(crate) config: &'a ControllerConfig,
}

impl<'a> View<'a> {
    pub(crate) fn image(self) -> &'a MetadataImage {
        self.state.image()
    }

    pub(crate) fn broker(self, id: i32) -> Option<&'a BrokerRegistration> {
        self.image().cluster().broker(id).map(|broker| &**broker)
    }

    /// Whether a broker may lead and be in an ISR.
    pub(crate) fn is_active(self, id: i32) -> bool {
        self.broker(id).is_some_and(|broker| !broker.fenced && !broker.in_controlled_shutdown)
    }

    /// The broker, if it is the incarnation that `epoch` stands for.
    pub(crate) fn check_broker_epoch(self, id: i32, epoch: i64) -> Result<&'a BrokerRegistration, ApiError> {
        let stale = |message| ApiError::new(ErrorCode::StaleBrokerEpoch, message);
        let broker = self
            .broker(id)
            .ok_or_else(|| stale(format!("No broker registration found for broker id {id}")))?;
        if broker.epoch != epoch {
            let current = broker.epoch;
            return Err(stale(format!("Expected broker epoch {current}, but got broker epoch {epoch}")));
        }
        Ok(broker)
    }

    /// Where a broker puts a new replica: its only directory, or undecided.
    pub(crate) fn default_directory(self, broker: i32) -> Uuid {
        match self.broker(broker).map(|broker| &broker.directories[..]) {
            Some([]) => directory_id::MIGRATING,
            Some([only]) => *only,
            _ => directory_id::UNASSIGNED,
        }
    }

    /// Whether a broker's directory can hold a leader.
    pub(crate) fn has_online_directory(self, broker: i32, directory: Uuid) -> bool {
        let Some(broker) = self.broker(broker) else { return false };
        match directory {
            directory_id::MIGRATING | directory_id::UNASSIGNED => true,
            directory_id::LOST => false,
            _ => broker.directories.is_empty() || broker.directories.contains(&directory),
        }
    }

    /// Replicas that must stay in the ISR before others can become merely eligible.
    pub(crate) fn min_isr(self, topic: &Topic) -> usize {
        let configured = self.topic_setting(topic.name(), "min.insync.replicas");
        let configured = configured.and_then(|value| value.parse().ok()).unwrap_or(1);
        topic.partition(0).map_or(configured, |first| configured.min(first.replicas().len()))
    }

    pub(crate) fn circumstances(self, topic: &Topic) -> Circumstances<'a> {
        Circumstances {
            view: self,
            min_isr: self.min_isr(topic),
            elr_enabled: self.image().features().has_elr(),
        }
    }

    pub(crate) fn elects_uncleanly(self, topic: &str) -> bool {
        let value = self.topic_setting(topic, "unclean.leader.election.enable");
        value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    fn topic_setting(self, topic: &str, name: &str) -> Option<String> {
        let own = self.image().configs().of(&ConfigResource::topic(topic));
        self.effective_topic_setting(&own, name).0
    }

    /// The value that a setting of a topic has, and where it comes from.
    pub(crate) fn effective_topic_setting(
        self,
        own: &ConfigValues,
        name: &str,
    ) -> (Option<String>, ConfigSource) {
        if let Some(value) = own.get(name) {
            return (Some(value.clone()), ConfigSource::Topic);
        }
        let configs = self.image().configs();
        let node = configs.of(&ConfigResource::broker(self.config.node_id));
        let cluster = configs.of(&ConfigResource::broker_default());
        let layers = [
            (&*node, ConfigSource::Broker),
            (&*cluster, ConfigSource::BrokerDefault),
            (&self.config.settings, ConfigSource::StaticBroker),
        ];
        for (layer, source) in layers {
            let value = config_defs::inherited_topic_value(name, |broker| layer.get(broker).cloned());
            if value.is_some() {
                return (value, source);
            }
        }
        (config_defs::default_topic_value(name), ConfigSource::Default)
    }

    /// The values that topics have without settings of their own.
    pub(crate) fn topic_defaults(self) -> BTreeMap<&'static str, String> {
        config_defs::topic_defaults(|name| self.broker_setting(name))
    }

    /// An explicit broker setting of this node: dynamic, cluster-wide, or from its file.
    pub(crate) fn broker_setting(self, name: &str) -> Option<String> {
        let configs = self.image().configs();
        let dynamic = configs.value(&ConfigResource::broker(self.config.node_id), name);
        let dynamic = dynamic.or_else(|| configs.value(&ConfigResource::broker_default(), name));
        dynamic.map(str::to_owned).or_else(|| self.config.settings.get(name).cloned())
    }
}
