//! Features beside the metadata version.

use super::metadata_version::MetadataVersion;

/// Which records the metadata log may hold.
pub const METADATA_VERSION: &str = "metadata.version";
/// Whether the voter set is kept in the log (KIP-853). Finalised by Raft's own records.
pub const KRAFT_VERSION: &str = "kraft.version";
/// Format of transactions (KIP-890).
pub const TRANSACTION_VERSION: &str = "transaction.version";
/// Format of groups (KIP-848).
pub const GROUP_VERSION: &str = "group.version";
/// Eligible leader replicas (KIP-966).
pub const ELIGIBLE_LEADER_REPLICAS_VERSION: &str = "eligible.leader.replicas.version";
/// Share groups (KIP-932).
pub const SHARE_VERSION: &str = "share.version";
/// Streams groups (KIP-1071).
pub const STREAMS_VERSION: &str = "streams.version";

/// A feature with levels of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// Name of the feature.
    pub name: &'static str,
    /// The metadata version that brings each level, from level 1 on, by feature level.
    levels: &'static [i16],
}

/// All features but `metadata.version`, in Kafka's order.
pub const FEATURES: &[Feature] = &[
    Feature { name: KRAFT_VERSION, levels: &[21] },
    Feature { name: TRANSACTION_VERSION, levels: &[24, 24] },
    Feature { name: GROUP_VERSION, levels: &[22] },
    Feature { name: ELIGIBLE_LEADER_REPLICAS_VERSION, levels: &[26] },
    Feature { name: SHARE_VERSION, levels: &[28] },
    Feature { name: STREAMS_VERSION, levels: &[29] },
];

impl Feature {
    /// The feature of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FEATURES.iter().find(|feature| feature.name == name)
    }

    /// The highest level.
    pub fn latest_level(&self) -> i16 {
        self.levels.len() as i16
    }

    /// The level that Kafka finalises when it formats for this metadata version.
    pub fn default_level(&self, version: MetadataVersion) -> i16 {
        self.levels.iter().filter(|needed| version.level() >= **needed).count() as i16
    }
}
