//! Dynamic settings of topics, brokers, groups and client metrics subscriptions.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;
use wire::metadata_records::config_record::ConfigRecord;

use crate::record::Record;

/// Kind of a resource that has settings, by Kafka's code. A code we don't know is kept, so that nothing is lost
/// in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigResourceType(pub i8);

impl ConfigResourceType {
    /// A topic.
    pub const TOPIC: Self = Self(2);
    /// A broker, or all of them under the empty name.
    pub const BROKER: Self = Self(4);
    /// The loggers of a broker, which are not kept in the metadata.
    pub const BROKER_LOGGER: Self = Self(8);
    /// A client metrics subscription (KIP-714).
    pub const CLIENT_METRICS: Self = Self(16);
    /// A group.
    pub const GROUP: Self = Self(32);

    /// Kafka's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Self::TOPIC => "TOPIC",
            Self::BROKER => "BROKER",
            Self::BROKER_LOGGER => "BROKER_LOGGER",
            Self::CLIENT_METRICS => "CLIENT_METRICS",
            Self::GROUP => "GROUP",
            _ => "UNKNOWN",
        }
    }
}

/// A resource that has settings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigResource {
    /// Its kind.
    pub kind: ConfigResourceType,
    /// Its name; empty stands for all brokers.
    pub name: Arc<str>,
}

impl ConfigResource {
    /// A resource of any kind.
    pub fn new(kind: ConfigResourceType, name: &str) -> Self {
        Self { kind, name: name.into() }
    }

    /// A topic.
    pub fn topic(name: &str) -> Self {
        Self::new(ConfigResourceType::TOPIC, name)
    }

    /// A broker.
    pub fn broker(id: i32) -> Self {
        Self::new(ConfigResourceType::BROKER, &id.to_string())
    }

    /// The defaults of all brokers.
    pub fn broker_default() -> Self {
        Self::new(ConfigResourceType::BROKER, "")
    }
}

/// Settings of one resource, by name.
pub type ConfigValues = BTreeMap<String, String>;

/// Dynamic settings of all resources.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigsImage {
    /// Invariant: no resource without settings.
    pub(crate) resources: OrdMap<ConfigResource, Arc<ConfigValues>>,
}

impl ConfigsImage {
    /// Settings of a resource; empty if it has none.
    pub fn of(&self, resource: &ConfigResource) -> Arc<ConfigValues> {
        self.resources.get(resource).cloned().unwrap_or_default()
    }

    /// One setting of a resource.
    pub fn value(&self, resource: &ConfigResource, name: &str) -> Option<&str> {
        self.resources.get(resource)?.get(name).map(String::as_str)
    }

    /// All resources that have settings.
    pub fn iter(&self) -> impl Iterator<Item = (&ConfigResource, &Arc<ConfigValues>)> + '_ {
        self.resources.iter()
    }

    pub(crate) fn write(&self, out: &mut impl FnMut(Record)) {
        for (resource, values) in &self.resources {
            for (name, value) in values.iter() {
                out(config_record(resource, name, Some(value)));
            }
        }
    }
}

/// The record that sets a value, or takes it away.
pub(crate) fn config_record(resource: &ConfigResource, name: &str, value: Option<&str>) -> Record {
    Record::v0(ConfigRecord {
        resource_type: resource.kind.0,
        resource_name: resource.name.to_string().into(),
        name: name.to_owned().into(),
        value: value.map(|value| value.to_owned().into()),
    })
}
