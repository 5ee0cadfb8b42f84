//! The level of `metadata.version`: which records and which of their versions the cluster may write.

use std::fmt;

/// A finalised metadata version, by its feature level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetadataVersion(i16);

/// Release and inter-broker version of each level, from [`MetadataVersion::MINIMUM`] on.
const NAMES: &[&str] = &[
    "3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2", "3.7-IV0",
    "3.7-IV1", "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0", "4.0-IV1", "4.0-IV2",
    "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0",
];

impl MetadataVersion {
    /// 3.3-IV3, the oldest that Kafka 4.x reads.
    pub const MINIMUM: Self = Self(7);
    /// 4.3-IV0, what Kafka 4.3 finalises when it formats.
    pub const LATEST: Self = Self(30);

    /// The version of a feature level; `None` for one that is older or newer than those known here.
    pub fn from_level(level: i16) -> Option<Self> {
        (Self::MINIMUM.0..=Self::LATEST.0).contains(&level).then_some(Self(level))
    }

    /// The version that a release name such as `4.3-IV0` or `4.3` stands for; a release without its step is the
    /// release's last one.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim();
        let is_release = |known: &str| known.split('-').next() == Some(name);
        let at = NAMES.iter().rposition(|known| *known == name || is_release(known))?;
        Some(Self(Self::MINIMUM.0 + at as i16))
    }

    /// All known versions, ascending.
    pub fn all() -> impl Iterator<Item = Self> {
        (Self::MINIMUM.0..=Self::LATEST.0).map(Self)
    }

    /// Its feature level.
    pub fn level(self) -> i16 {
        self.0
    }

    /// Its name, such as `4.3-IV0`.
    pub fn name(self) -> &'static str {
        NAMES[(self.0 - Self::MINIMUM.0) as usize]
    }

    /// Whether a RegisterBrokerRecord can tell of a ZooKeeper migration.
    pub fn has_migration(self) -> bool {
        self.0 >= 8
    }

    /// Whether SCRAM credentials are kept (KIP-900).
    pub fn has_scram(self) -> bool {
        self.0 >= 11
    }

    /// Whether a shrinking ISR must start a new leader epoch.
    pub fn bumps_leader_epoch_on_isr_shrink(self) -> bool {
        self.0 < 12
    }

    /// Whether records can be put into transactions (KIP-868).
    pub fn has_metadata_transactions(self) -> bool {
        self.0 >= 13
    }

    /// Whether delegation tokens are kept (KIP-900).
    pub fn has_delegation_tokens(self) -> bool {
        self.0 >= 14
    }

    /// Whether controllers register (KIP-919).
    pub fn has_controller_registration(self) -> bool {
        self.0 >= 15
    }

    /// Whether replicas have log directories (KIP-858).
    pub fn has_directory_assignment(self) -> bool {
        self.0 >= 17
    }

    /// Whether replicas outside of the ISR can stay eligible (KIP-966).
    pub fn has_elr(self) -> bool {
        self.0 >= 23
    }

    /// Whether a broker can cordon its log directories (KIP-1066).
    pub fn has_cordoned_log_dirs(self) -> bool {
        self.0 >= 30
    }

    /// Whether this version writes records, or fields of records, that the older version `other` does not know.
    pub(crate) fn has_other_records_than(self, other: Self) -> bool {
        /// Versions that brought records or fields.
        const CHANGED: &[i16] = &[7, 8, 11, 13, 14, 15, 17, 23, 30];
        CHANGED.iter().any(|level| other.0 < *level && *level <= self.0)
    }

    /// Version in which to write a RegisterBrokerRecord.
    pub fn register_broker_record_version(self) -> i16 {
        match self {
            _ if self.has_cordoned_log_dirs() => 4,
            _ if self.has_directory_assignment() => 3,
            _ if self.has_migration() => 2,
            _ => 1,
        }
    }

    /// Version in which to write a PartitionRecord or a PartitionChangeRecord.
    pub fn partition_record_version(self) -> i16 {
        match self {
            _ if self.has_elr() => 2,
            _ if self.has_directory_assignment() => 1,
            _ => 0,
        }
    }
}

impl fmt::Display for MetadataVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
