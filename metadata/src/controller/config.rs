//! What a controller must know about its node.

use std::collections::BTreeMap;

use crate::config_defs::{self, Value};
use crate::features::{FEATURES, KRAFT_VERSION, METADATA_VERSION, MetadataVersion};
use crate::image::SupportedRange;
use crate::record::Record;

/// What a controller must know about its node and cluster.
#[derive(Debug, Clone)]
pub struct ControllerConfig {
    /// Id of this node.
    pub node_id: i32,
    /// Id of the cluster; brokers of another one are refused.
    pub cluster_id: String,
    /// What the node's configuration file sets, by Kafka's names.
    pub settings: BTreeMap<String, String>,
    /// What a new cluster starts with: the records of `bootstrap.checkpoint`, `metadata.version` first.
    pub bootstrap: Vec<Record>,
    /// Level of `kraft.version`, which Raft's own records finalise.
    pub kraft_version: i16,
}

impl ControllerConfig {
    /// A setting, or its default.
    ///
    /// # Panics
    /// If the name is none of Kafka's, or the file's value is malformed: it was checked when it was read.
    pub(crate) fn setting(&self, name: &str) -> Value {
        let raw = self.settings.get(name).map(String::as_str);
        config_defs::broker().parse(name, raw).expect("settings are checked when they are read")
    }

    pub(crate) fn integer(&self, name: &str) -> i64 {
        self.setting(name).as_integer().expect("an integer setting")
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.setting(name).as_bool().expect("a boolean setting")
    }

    /// Levels of every feature that this controller supports.
    pub(crate) fn supported_features(&self) -> BTreeMap<String, SupportedRange> {
        supported_features()
    }
}

/// Levels of every feature that this program supports, as brokers and controllers register them.
pub fn supported_features() -> BTreeMap<String, SupportedRange> {
    let levels =
        SupportedRange { min: MetadataVersion::MINIMUM.level(), max: MetadataVersion::LATEST.level() };
    let others = FEATURES
        .iter()
        .map(|feature| (feature.name.to_owned(), SupportedRange { min: 0, max: feature.latest_level() }));
    others.chain([(METADATA_VERSION.to_owned(), levels)]).collect()
}

/// Records that a new cluster of this metadata version starts with, as Kafka's `format` writes them.
pub fn bootstrap_records(version: MetadataVersion) -> Vec<Record> {
    use wire::metadata_records::feature_level_record::FeatureLevelRecord;
    let record = |name: &'static str, feature_level| {
        Record::v0(FeatureLevelRecord { name: name.into(), feature_level })
    };
    let mut features: Vec<_> = FEATURES
        .iter()
        .filter(|feature| feature.name != KRAFT_VERSION && feature.default_level(version) > 0)
        .map(|feature| (feature.name, feature.default_level(version)))
        .collect();
    features.sort_unstable();
    let first = record(METADATA_VERSION, version.level());
    std::iter::once(first).chain(features.into_iter().map(|(name, level)| record(name, level))).collect()
}
