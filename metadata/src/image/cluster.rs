//! Brokers and controllers that have registered.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;
use wire::Uuid;
use wire::metadata_records::register_broker_record::{BrokerEndpoint, BrokerFeature, RegisterBrokerRecord};
use wire::metadata_records::register_controller_record::{
    ControllerEndpoint, ControllerFeature, RegisterControllerRecord,
};

use crate::features::MetadataVersion;
use crate::record::Record;

/// Where a node listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Name of the listener.
    pub name: String,
    /// Advertised host.
    pub host: String,
    /// Advertised port.
    pub port: u16,
    /// Kafka's code of the security protocol: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    pub security_protocol: i16,
}

/// Levels of a feature that a node can work with, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupportedRange {
    /// Lowest level.
    pub min: i16,
    /// Highest level.
    pub max: i16,
}

impl SupportedRange {
    /// Whether `level` lies within.
    pub fn contains(self, level: i16) -> bool {
        (self.min..=self.max).contains(&level)
    }
}

/// A registered broker. It stays registered while it is offline, until it is unregistered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerRegistration {
    /// Id of the broker.
    pub id: i32,
    /// Offset of the record that registered it; shuts out what an older incarnation still sends.
    pub epoch: i64,
    /// Differs with every start of the process.
    pub incarnation_id: Uuid,
    /// Whether a broker of a ZooKeeper cluster registered itself for migration.
    pub is_migrating_zk_broker: bool,
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// Features it supports.
    pub features: BTreeMap<String, SupportedRange>,
    /// Its rack.
    pub rack: Option<String>,
    /// Whether it must not lead or be in an ISR.
    pub fenced: bool,
    /// Whether it is shutting down and has given up its leaders.
    pub in_controlled_shutdown: bool,
    /// Log directories that are online, sorted.
    pub directories: Vec<Uuid>,
    /// Log directories that take no new replicas; `None` if the broker did not say.
    pub cordoned_directories: Option<Vec<Uuid>>,
}

impl BrokerRegistration {
    /// The listener of this name.
    pub fn listener(&self, name: &str) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.name == name)
    }

    pub(crate) fn from_record(record: &RegisterBrokerRecord<'_>) -> Self {
        let mut directories = record.log_dirs.to_vec();
        directories.sort_unstable();
        Self {
            id: record.broker_id,
            epoch: record.broker_epoch,
            incarnation_id: record.incarnation_id,
            is_migrating_zk_broker: record.is_migrating_zk_broker,
            listeners: record
                .end_points
                .iter()
                .map(|point| Listener {
                    name: point.name.into_owned(),
                    host: point.host.into_owned(),
                    port: point.port,
                    security_protocol: point.security_protocol,
                })
                .collect(),
            features: record
                .features
                .iter()
                .map(|feature| {
                    let range = SupportedRange {
                        min: feature.min_supported_version,
                        max: feature.max_supported_version,
                    };
                    (feature.name.into_owned(), range)
                })
                .collect(),
            rack: record.rack.as_ref().map(|rack| rack.to_string()),
            fenced: record.fenced,
            in_controlled_shutdown: record.in_controlled_shutdown,
            directories,
            cordoned_directories: record.cordoned_log_dirs.as_ref().map(|list| list.to_vec()),
        }
    }

    pub(crate) fn to_record(&self, version: MetadataVersion) -> Record {
        let end_points = self.listeners.iter().map(|listener| BrokerEndpoint {
            name: listener.name.clone().into(),
            host: listener.host.clone().into(),
            port: listener.port,
            security_protocol: listener.security_protocol,
        });
        let features = self.features.iter().map(|(name, range)| BrokerFeature {
            name: name.clone().into(),
            min_supported_version: range.min,
            max_supported_version: range.max,
        });
        let mut record = RegisterBrokerRecord {
            broker_id: self.id,
            incarnation_id: self.incarnation_id,
            broker_epoch: self.epoch,
            end_points: end_points.collect(),
            features: features.collect(),
            rack: self.rack.clone().map(Into::into),
            fenced: self.fenced,
            in_controlled_shutdown: self.in_controlled_shutdown,
            is_migrating_zk_broker: self.is_migrating_zk_broker && version.has_migration(),
            ..RegisterBrokerRecord::default()
        };
        if version.has_directory_assignment() {
            record.log_dirs = self.directories.clone().into();
        }
        if version.has_cordoned_log_dirs() {
            record.cordoned_log_dirs = self.cordoned_directories.clone().map(Into::into);
        }
        Record::new(record, version.register_broker_record_version())
    }
}

/// A registered controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerRegistration {
    /// Id of the controller.
    pub id: i32,
    /// Differs with every start of the process.
    pub incarnation_id: Uuid,
    /// Whether it could take a ZooKeeper migration over.
    pub zk_migration_ready: bool,
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// Features it supports.
    pub features: BTreeMap<String, SupportedRange>,
}

impl ControllerRegistration {
    pub(crate) fn from_record(record: &RegisterControllerRecord<'_>) -> Self {
        let listeners = record.end_points.iter().map(|point| Listener {
            name: point.name.into_owned(),
            host: point.host.into_owned(),
            port: point.port,
            security_protocol: point.security_protocol,
        });
        let features = record.features.iter().map(|feature| {
            let range =
                SupportedRange { min: feature.min_supported_version, max: feature.max_supported_version };
            (feature.name.into_owned(), range)
        });
        Self {
            id: record.controller_id,
            incarnation_id: record.incarnation_id,
            zk_migration_ready: record.zk_migration_ready,
            listeners: listeners.collect(),
            features: features.collect(),
        }
    }

    pub(crate) fn to_record(&self) -> Record {
        let end_points = self.listeners.iter().map(|listener| ControllerEndpoint {
            name: listener.name.clone().into(),
            host: listener.host.clone().into(),
            port: listener.port,
            security_protocol: listener.security_protocol,
        });
        let features = self.features.iter().map(|(name, range)| ControllerFeature {
            name: name.clone().into(),
            min_supported_version: range.min,
            max_supported_version: range.max,
        });
        Record::v0(RegisterControllerRecord {
            controller_id: self.id,
            incarnation_id: self.incarnation_id,
            zk_migration_ready: self.zk_migration_ready,
            end_points: end_points.collect(),
            features: features.collect(),
        })
    }
}

/// All registrations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterImage {
    pub(crate) brokers: OrdMap<i32, Arc<BrokerRegistration>>,
    pub(crate) controllers: OrdMap<i32, Arc<ControllerRegistration>>,
}

impl ClusterImage {
    /// A broker, fenced or not.
    pub fn broker(&self, id: i32) -> Option<&Arc<BrokerRegistration>> {
        self.brokers.get(&id)
    }

    /// All registered brokers by id.
    pub fn brokers(&self) -> impl Iterator<Item = &Arc<BrokerRegistration>> + '_ {
        self.brokers.values()
    }

    /// Brokers that may lead, by id.
    pub fn unfenced_brokers(&self) -> impl Iterator<Item = &Arc<BrokerRegistration>> + '_ {
        self.brokers().filter(|broker| !broker.fenced)
    }

    /// A controller.
    pub fn controller(&self, id: i32) -> Option<&Arc<ControllerRegistration>> {
        self.controllers.get(&id)
    }

    /// All registered controllers by id.
    pub fn controllers(&self) -> impl Iterator<Item = &Arc<ControllerRegistration>> + '_ {
        self.controllers.values()
    }

    pub(crate) fn write(&self, version: MetadataVersion, out: &mut impl FnMut(Record)) {
        self.brokers.values().for_each(|broker| out(broker.to_record(version)));
        if version.has_controller_registration() {
            self.controllers.values().for_each(|controller| out(controller.to_record()));
        }
    }
}
