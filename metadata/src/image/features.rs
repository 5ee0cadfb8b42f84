//! Finalised feature levels.

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::metadata_records::feature_level_record::FeatureLevelRecord;

use crate::features::{METADATA_VERSION, MetadataVersion};
use crate::record::Record;

/// Finalised feature levels of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeaturesImage {
    pub(crate) metadata_version: Option<MetadataVersion>,
    /// Levels above 0 of everything but `metadata.version` and `kraft.version`.
    pub(crate) levels: Arc<BTreeMap<String, i16>>,
}

impl FeaturesImage {
    /// The metadata version, once a record has set it.
    pub fn metadata_version(&self) -> Option<MetadataVersion> {
        self.metadata_version
    }

    /// The metadata version that records are written for; the oldest one we know before any is set.
    pub fn metadata_version_or_minimum(&self) -> MetadataVersion {
        self.metadata_version.unwrap_or(MetadataVersion::MINIMUM)
    }

    /// The level of a feature, 0 where it is not finalised.
    pub fn level(&self, name: &str) -> i16 {
        if name == METADATA_VERSION {
            return self.metadata_version.map_or(0, MetadataVersion::level);
        }
        self.levels.get(name).copied().unwrap_or(0)
    }

    /// All finalised features but `metadata.version`, by name.
    pub fn levels(&self) -> impl Iterator<Item = (&str, i16)> + '_ {
        self.levels.iter().map(|(name, level)| (name.as_str(), *level))
    }

    /// Whether replicas that left the ISR stay eligible (KIP-966).
    pub fn has_elr(&self) -> bool {
        self.level(crate::features::ELIGIBLE_LEADER_REPLICAS_VERSION) > 0
    }

    /// The metadata version comes first, so that a reader knows how to read the rest.
    pub(crate) fn write(&self, out: &mut impl FnMut(Record)) {
        let record = |name: &str, feature_level| {
            Record::v0(FeatureLevelRecord { name: name.to_owned().into(), feature_level })
        };
        if let Some(version) = self.metadata_version {
            out(record(METADATA_VERSION, version.level()));
        }
        self.levels.iter().for_each(|(name, level)| out(record(name, *level)));
    }
}
